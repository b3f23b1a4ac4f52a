import { describe, expect, it } from 'vitest';
import { makeRequestEventCodec } from '../../../../services/adapters/avro-single-object/requests.ts';
import { deadlineOf, parseDeadlines } from '../../../../services/core/requests/deadline.ts';
import { type NewRequest, receive } from '../../../../services/core/requests/new-request.ts';
import { applyEvent, foldRequests, requestEvent, STEPS } from '../../../../services/core/requests/request.ts';
import { isOverdue, openRequests, showRequest } from '../../../../services/core/requests/show.ts';
import { current, makeWorld, RECEIVED, run } from './world.ts';

const DAY = 86_400_000;

describe('events of a request', () => {
  it('are read back as they were written, all of a whole saga', async () => {
    const world = makeWorld();
    await run(world);
    const codec = makeRequestEventCodec();
    for (const { event } of world.events) {
      const read = codec.decode(codec.encode(event));
      expect(read.ok && JSON.parse(JSON.stringify(read.event))).toEqual(event);
    }
  });

  it('count once, in order, and not after the end', async () => {
    const world = makeWorld();
    const done = await run(world);
    expect([...foldRequests([...world.events, ...world.events]).values()]).toEqual([done]);
    const late = requestEvent({ id: 'r-1', kind: 'cancelled', at: 9 });
    expect(applyEvent(done, { coordinate: 'x', event: late })).toEqual(done);
    const early = requestEvent({ id: 'r-1', kind: 'step_done', at: 9, step: 'shred' });
    expect(applyEvent(current(makeWorld()), { coordinate: 'x', event: early })?.done).toEqual([]);
    expect(foldRequests([{ coordinate: 'x', event: early }]).size).toBe(0);
  });
});

describe('a new request', () => {
  const purpose = (name: string, basis: string, recipient: string | null) => ({
    name,
    recipient,
    defaultBasis: basis,
    basisByRegion: new Map(),
    retentionMs: 1,
  });
  const output = (topic: string, to: object, kind: string) => ({ topic, purpose: to, key: { kind } });
  const compiled = {
    purposes: ['analytics', 'partner.a', 'partner.b'],
    routes: [
      {
        topic: 'raw.a',
        plan: {
          outputs: [
            output('clean.a', purpose('analytics', 'consent', null), 'pseudonym'),
            output('clean.p', purpose('partner.a', 'opt_out', 'a'), 'leaf'),
            output('clean.q', purpose('partner.b', 'legitimate_interest', 'b'), 'none'),
          ],
        },
      },
    ],
  } as never;
  const keyring = {
    subjectTokens: (subject: string) => [`t2(${subject.length})`, `t1(${subject.length})`],
    pseudonymsOf: (domain: string, text: string) => [`${domain}(${text.length})`],
  };
  const asked = (more: Partial<NewRequest>) =>
    receive(
      { type: 'erasure', subject: 'cust-1', regime: 'gdpr', due: 5, purpose: null, corrections: [], ...more },
      { bundle: { digest: 'd', compiled }, keyring, now: 3 },
    );

  it('keeps tokens and keys, for every purpose and version, and never the id', () => {
    const received = asked({});
    expect(JSON.stringify(received)).not.toContain('cust-1');
    expect(received).toMatchObject({
      tokens: ['t2(6)', 't1(6)'],
      keys: [{ purpose: 'analytics', keys: ['analytics(6)'] }, { purpose: 'partner.a' }, { purpose: 'partner.b' }],
      sources: ['raw.a'],
      outputs: [
        { topic: 'clean.a', purpose: 'analytics', keyedBy: 'subject' },
        { topic: 'clean.p', purpose: 'partner.a', keyedBy: 'path' },
        { topic: 'clean.q', purpose: 'partner.b', keyedBy: 'none' },
      ],
    });
  });

  it.each([
    ['erasure', {}, [['*', 'erased']]],
    ['restriction', {}, [['*', 'objected']]],
    ['objection', {}, [['*', 'objected']]],
    ['objection', { purpose: 'analytics' }, [['analytics', 'objected']]],
    ['access', {}, []],
    // A denial stops no legitimate interest.
    [
      'opt_out_of_sale',
      {},
      [
        ['partner.a', 'denied'],
        ['partner.b', 'objected'],
      ],
    ],
  ] as const)('%s %j comes to %j', (type, more, events) => {
    expect(asked({ type, ...more }).consents.map((one) => [one.purpose, one.decision])).toEqual(events);
  });

  it('is refused where nobody could carry it out', () => {
    expect(() => asked({ subject: '' })).toThrow('empty');
    expect(() => asked({ type: 'objection', purpose: 'unheard' })).toThrow('No purpose');
    expect(() => asked({ purpose: 'analytics' })).toThrow('Only an objection');
    expect(() => asked({ type: 'rectification' })).toThrow('corrected');
    expect(() => asked({ corrections: RECEIVED.consents })).toThrow('corrected');
  });
});

describe('deadlines', () => {
  it('are 30 days under GDPR and 45 under CCPA, unless configured; another regime has the shortest', () => {
    const usual = parseDeadlines('')!;
    expect([deadlineOf('gdpr', usual), deadlineOf('ccpa', usual), deadlineOf('lgpd', usual)]).toEqual([
      30 * DAY,
      45 * DAY,
      30 * DAY,
    ]);
    expect(deadlineOf('lgpd', parseDeadlines('lgpd=P15D, gdpr=P20D')!)).toBe(15 * DAY);
    for (const wrong of ['gdpr', 'gdpr=30', 'gdpr=P0D', 'GDPR=P1D']) expect(parseDeadlines(wrong)).toBeNull();
  });

  it('are told, and counted by type', async () => {
    const world = makeWorld();
    const open = current(world);
    expect(showRequest(open, 2_000)).toMatchObject({
      subject_request_id: 'r-1',
      subject_request_type: 'erasure',
      request_status: 'pending',
      received_time: '1970-01-01T00:00:01.000Z',
      expected_completion_time: '1970-01-31T00:00:01.000Z',
      overdue: false,
      next_step: 'mark',
    });
    expect(openRequests([open], 31_000).get('erasure')).toEqual({
      open: 1,
      oldestSeconds: 30,
      overdue: 0,
      leftSeconds: (RECEIVED.due - 31_000) / 1000,
    });
    expect(openRequests([open], RECEIVED.due + 1000).get('erasure')).toMatchObject({ overdue: 1, leftSeconds: -1 });
    const sooner = { ...open, received: { ...open.received, due: RECEIVED.due - 5_000 } };
    expect(openRequests([open, sooner, open], RECEIVED.due).get('erasure')?.leftSeconds).toBe(-5);
    const done = await run(world);
    expect(openRequests([done], 31_000).size).toBe(0);
    expect(isOverdue(done, RECEIVED.due + 1)).toBe(false);
    expect(showRequest(done, 0).request_status).toBe('completed');
    expect(STEPS.erasure).toHaveLength(done.done.length);
  });
});

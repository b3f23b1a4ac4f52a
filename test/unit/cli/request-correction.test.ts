import { describe, expect, it } from 'vitest';
import { correctedBatch, correction, placesOf, playedAs } from '../../../services/cli/request-correction.ts';
import type { OutputPlan } from '../../../services/core/policy/plan.ts';
import { foldRequests, nextStep, type RequestEvent, requestEvent } from '../../../services/core/requests/request.ts';
import { drive } from '../../../services/core/requests/saga.ts';
import type { Publication } from '../../../services/core/transport.ts';
import { current, makeWorld, RECEIVED } from '../core/requests/world.ts';

const FOR_RECORD = { ...RECEIVED, type: 'rectification', consents: [] } as const;
const output = (topic: string, kind: 'pseudonym' | 'leaf' = 'pseudonym', purpose = 'analytics'): OutputPlan =>
  ({ topic, purpose: { name: purpose }, key: { kind } }) as unknown as OutputPlan;
const SEEN: Publication = {
  topic: 'clean.a',
  partition: 0,
  key: 'key-2',
  value: Buffer.from('x'),
  headers: {},
  timestamp: 5,
};
const PARTS = { encode: ({ id }: RequestEvent) => Buffer.from(id), auditTopic: 'lethe.audit', now: 5 };

describe('a corrected record', () => {
  it('goes where the newest record of any key of the subject is no tombstone', async () => {
    const world = makeWorld(FOR_RECORD);
    const put = (partition: number, key: string, tombstone = false): void =>
      void world.topics.get('clean.a')![partition]!.push({ key, tombstone, source: null });
    put(0, 'key-1');
    put(0, 'key-2');
    put(0, 'key-2', true);
    put(0, 'of another');
    put(1, 'key-1');
    put(1, 'key-1', true);
    expect(await placesOf(FOR_RECORD, [output('clean.a'), output('clean.b', 'leaf')], world.ports.outputs)).toEqual([
      { topic: 'clean.a', purpose: 'analytics', compacted: true, partition: 0, keys: ['key-1'] },
    ]);
    await expect(
      placesOf(FOR_RECORD, [output('clean.a', 'pseudonym', 'later')], world.ports.outputs),
    ).rejects.toMatchObject({ code: 'usage' });
  });

  it('replaces what lies under older keys too, where the topic is compacted, and is done once written', () => {
    const request = current(makeWorld(FOR_RECORD));
    const place = { topic: 'clean.a', purpose: 'analytics', partition: 1 };
    const { publications, event } = correction(
      request,
      [SEEN, { ...SEEN, topic: 'lethe.audit', key: 'k' }, { ...SEEN, topic: 'lethe.published-keys' }],
      [
        { ...place, compacted: true, keys: ['key-2', 'key-1'] },
        { ...place, partition: 2, compacted: false, keys: ['key-1'] },
        { ...place, topic: 'clean.c', compacted: true, keys: ['key-1'] },
      ],
      PARTS,
    );
    expect(publications.map((one) => [one.topic, one.partition, one.key, one.value?.toString() ?? null])).toEqual([
      ['clean.a', 1, 'key-2', 'x'],
      ['clean.a', 1, 'key-1', null],
      ['clean.a', 2, 'key-2', 'x'],
      ['lethe.audit', 0, 'k', 'x'],
      ['lethe.requests', 0, 'r-1', 'r-1'],
    ]);
    for (const { topic, headers } of publications.filter((one) => one.topic === 'clean.a')) {
      expect(headers['lethe-source'], topic).toBe('lethe.requests/0/0');
    }
    const after = foldRequests([
      {
        coordinate: request.coordinate,
        event: requestEvent({ id: 'r-1', kind: 'received', at: 1, received: FOR_RECORD }),
      },
      { coordinate: 'lethe.requests/0/1', event },
    ]).get('r-1')!;
    expect([nextStep(request), nextStep(after), after.done[0]?.code]).toEqual(['correct', 'receipt', '2 records']);
  });

  it('is admitted for its own subject alone, and meant for outputs that it would replace something in', () => {
    const place = { topic: 'clean.a', purpose: 'analytics', compacted: true, partition: 0, keys: ['key-1'] };
    const { admit, takes } = playedAs(['t-1'], (subject) => [`t-${subject}`], [place]);
    const of = (subject: string): Parameters<typeof admit>[0] => [{ kind: 'record', record: { subject } as never }];
    expect(() => admit(of('1'))).not.toThrow();
    expect(() => admit(of('2'))).toThrow('another subject');
    expect(() => admit([{ kind: 'tombstone' }])).toThrow('another subject');
    expect(() => admit([{ kind: 'poison', poison: { code: 'undecodable', path: null } }])).toThrow('undecodable');
    const published = (key: string | null): never => ({ kind: 'published', key }) as never;
    expect(takes(output('clean.a'), published('k'))).toBe(true);
    expect(takes(output('clean.a'), published(null))).toBe(false);
    expect(takes(output('clean.b'), published('k'))).toBe(false);
    expect(correctedBatch('raw.a', Buffer.from('{}'), 'lethe.requests/0/7', 1)).toMatchObject({
      startOffset: 7,
      nextOffset: 8,
      records: [{ offset: 7 }],
    });
  });

  it('is waited for by whoever has not got it', async () => {
    const world = makeWorld(FOR_RECORD);
    const after = await drive(current(world), world.ports);
    expect(after.waiting).toMatchObject({ step: 'correct', code: 'record_needed' });
    expect(world.feed).toEqual([]);
  });
});

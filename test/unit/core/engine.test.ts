import { beforeEach, describe, expect, it } from 'vitest';
import { consentStateOf } from '../../../services/core/decide/consent-state.ts';
import {
  type EngineBatch,
  makeEngine,
  type PublishedOutput,
  type RecordDecision,
} from '../../../services/core/engine.ts';
import { CATEGORY, DAY, event, fakeCodec, fakeKeyring, NOW, planOf, purpose, record } from './engine-fixture.ts';

const text = (value: Uint8Array | null | undefined): string | null => (value ? Buffer.from(value).toString() : null);
const bytes = (value: string): Uint8Array => Buffer.from(value);

const analytics = purpose({ name: 'analytics' });
const fraud = purpose({ name: 'fraud', defaultBasis: 'legitimate_interest' });
const FIELDS = {
  id: { category: CATEGORY.system },
  mail: { category: CATEGORY.contact },
  health: { category: CATEGORY.health },
  subject: { category: null },
};
const granted = consentStateOf([event({ purpose: 'analytics' })]);
const explicit = consentStateOf([event({ purpose: '*', method: 'explicit' })]);
const nobody = consentStateOf([]);

function published(decision: RecordDecision, index: number): PublishedOutput {
  const output = decision.kind === 'decided' ? decision.outputs[index] : undefined;
  if (output?.kind !== 'published') throw new Error(`output ${index} is not published`);
  return output;
}

const engine = makeEngine({ keyring: fakeKeyring });
let batch: EngineBatch;
let codec: ReturnType<typeof fakeCodec>;
beforeEach(() => {
  codec = fakeCodec();
  batch = engine.begin({ codec, now: NOW });
});

describe('evaluate', () => {
  const plan = planOf(FIELDS, [
    { purpose: analytics },
    { purpose: fraud },
    { purpose: purpose({ name: 'marketing' }) },
  ]);

  it('decides for each output by its own purpose and runs no action for what is withheld', () => {
    const decision = batch.evaluate(record(plan), undefined, granted);
    expect(decision).toMatchObject({
      kind: 'decided',
      plan,
      outputs: [
        { kind: 'published', reason: null, key: 'analytics/cust-1' },
        { kind: 'published', reason: null, key: 'fraud/cust-1' },
        { kind: 'withheld', reason: 'consent_missing' },
      ],
    });
    expect(text(published(decision, 0).value)).toBe('["id","mail"]');
    expect(codec.calls.map(({ output }) => output)).toEqual(['clean.0', 'clean.1']);
  });

  it('dead-letters the record for all outputs where one of them fails, and counts none of its fields', () => {
    const poison = { code: 'action_failed', path: 'mail' } as const;
    const failing = engine.begin({ codec: fakeCodec({ 'clean.1': poison }), now: NOW });
    expect(failing.evaluate(record(plan), undefined, granted)).toEqual({ kind: 'dead_lettered', poison });
    expect(failing.fieldCounts()).toEqual([]);
  });

  it('does not mind what would fail in a withheld output', () => {
    const failing = engine.begin({
      codec: fakeCodec({ 'clean.2': { code: 'action_failed', path: 'mail' } }),
      now: NOW,
    });
    expect(failing.evaluate(record(plan), undefined, granted).kind).toBe('decided');
  });

  it.each([
    [
      'no explicit consent for the only field',
      ['health'],
      granted,
      DAY,
      { kind: 'withheld', reason: 'consent_not_explicit' },
    ],
    ['explicit consent for it', ['health'], explicit, DAY, { kind: 'published', reason: null }],
    ['nothing to release in the first place', [], explicit, DAY, { kind: 'published', reason: null }],
    [
      'nothing in it, but a sensitive field might have been',
      [],
      granted,
      DAY,
      { kind: 'withheld', reason: 'consent_not_explicit' },
    ],
    ['something else besides', ['id', 'health'], granted, DAY, { kind: 'published', reason: null }],
    ['too old', ['id'], explicit, 366 * DAY, { kind: 'withheld', reason: 'retention_expired' }],
  ] as const)('%s', (_name, paths, state, age, expected) => {
    const decision = batch.evaluate(record(plan, { paths, eventTime: NOW - age }), undefined, state);
    expect(decision.kind === 'decided' && decision.outputs[0]).toMatchObject(expected);
  });

  it('withholds a record of which retention left nothing', () => {
    const aged = planOf({ mail: { category: CATEGORY.contact, maxAgeMs: DAY } }, [{ purpose: analytics }]);
    const old = batch.evaluate(record(aged, { eventTime: NOW - 2 * DAY }), undefined, explicit);
    expect(old).toMatchObject({ outputs: [{ kind: 'withheld', reason: 'retention_expired' }] });
  });

  it('names missing explicit consent before retention', () => {
    const both = planOf(
      { mail: { category: CATEGORY.contact, maxAgeMs: DAY }, health: { category: CATEGORY.health } },
      [{ purpose: analytics }],
    );
    const decision = batch.evaluate(record(both, { eventTime: NOW - 2 * DAY }), undefined, granted);
    expect(decision).toMatchObject({ outputs: [{ kind: 'withheld', reason: 'consent_not_explicit' }] });
  });

  it('keeps plans apart that differ by writer schema', () => {
    const other = planOf({ mail: { category: CATEGORY.system } }, [{ purpose: analytics, unconsented: 'strip' }]);
    expect(batch.evaluate(record(plan), undefined, nobody)).toMatchObject({ outputs: [{ kind: 'withheld' }, {}, {}] });
    expect(text(published(batch.evaluate(record(other), undefined, nobody), 0).value)).toBe('["mail"]');
  });
});

describe('strip', () => {
  const strip = { unconsented: 'strip', purpose: analytics } as const;

  it('publishes what is not personal, says why not more, and has no key', () => {
    const decision = batch.evaluate(record(planOf(FIELDS, [strip])), undefined, nobody);
    expect(published(decision, 0)).toMatchObject({ reason: 'consent_missing', key: null });
    expect(text(published(decision, 0).value)).toBe('["id"]');
  });

  it('withholds for the original reason where that leaves nothing', () => {
    const plan = planOf({ mail: { category: CATEGORY.contact }, secret: { category: CATEGORY.secret } }, [strip]);
    const decision = batch.evaluate(record(plan), undefined, nobody);
    expect(decision).toMatchObject({ outputs: [{ kind: 'withheld', reason: 'consent_missing' }] });
  });

  it.each([
    ['erased', consentStateOf([event({ decision: 'erased' })]), DAY, 'erased'],
    ['retention_expired', nobody, 366 * DAY, 'retention_expired'],
  ] as const)('never applies to %s', (_name, state, age, reason) => {
    const decision = batch.evaluate(record(planOf(FIELDS, [strip]), { eventTime: NOW - age }), undefined, state);
    expect(decision).toMatchObject({ outputs: [{ kind: 'withheld', reason }] });
  });
});

describe('the record key', () => {
  const keyed = (leaf: number, unconsented: 'strip' | 'withhold' = 'strip') =>
    planOf(FIELDS, [{ purpose: analytics, unconsented, key: { kind: 'leaf', leaf } }]);

  it.each([
    ['a released leaf', keyed(1), granted, 'key:mail'],
    ['a non-personal leaf of a stripped record', keyed(0), nobody, 'key:id'],
    ['a personal leaf of a stripped record', keyed(1), nobody, null],
    ['a leaf that is dropped for want of explicit consent', keyed(2), granted, null],
    ['none', planOf(FIELDS, [{ purpose: analytics, key: { kind: 'none' } }]), granted, null],
    ['the pseudonym', planOf(FIELDS, [{ purpose: analytics }]), granted, 'analytics/cust-1'],
  ] as const)('%s', (_name, plan, state, key) => {
    expect(published(batch.evaluate(record(plan), undefined, state), 0).key).toBe(key);
  });
});

describe('headers', () => {
  const plan = planOf({ id: { category: CATEGORY.system } }, [{ purpose: analytics, unconsented: 'strip' }], {
    traceparent: { category: CATEGORY.system },
    'user-agent': { category: CATEGORY.contact },
    phone: { category: CATEGORY.contact, action: { kind: 'mask', mask: { style: 'phone' } } },
    tenant: { category: CATEGORY.contact, action: { kind: 'pseudonymize', domain: 'd' } },
    gone: { category: CATEGORY.system, action: { kind: 'drop' } },
    blank: { category: CATEGORY.system, action: { kind: 'nullify' } },
    constructor: { category: CATEGORY.system },
  });
  const sent = (headers: unknown, state = granted): unknown =>
    published(batch.evaluate(record(plan), headers, state), 0).headers.map(({ name, values }) => [
      name,
      values.map(text),
    ]);

  it('come out as declared and ruled, the others stay behind', () => {
    const raw = {
      'user-agent': bytes('browser'),
      traceparent: [bytes('00-1'), bytes('00-2')],
      phone: bytes('+43 660 1234567'),
      tenant: bytes('cust-1'),
      gone: bytes('x'),
      blank: bytes('x'),
      undeclared: bytes('canary'),
      'lethe-source': bytes('canary'),
    };
    expect(sent(raw)).toEqual([
      ['traceparent', ['00-1', '00-2']],
      ['user-agent', ['browser']],
      ['phone', ['+** *** ***4567']],
      ['tenant', ['d/cust-1']],
    ]);
    expect(sent(raw, nobody)).toEqual([['traceparent', ['00-1', '00-2']]]);
  });

  it.each([
    ['none', undefined],
    ['null', null],
    ['text', 'traceparent'],
    ['a null value', { traceparent: null }],
    ['a value that is no bytes', { traceparent: 'text' }],
    ['only inherited ones', Object.create({ traceparent: bytes('x') })],
    ['what kafkajs makes of a prototype member', {}],
    ['an array without bytes', { constructor: [Object, null, 'x'] }],
  ])('%s: nothing', (_name, headers) => {
    expect(sent(headers)).toEqual([]);
  });

  it('keeps the bytes of a header called constructor and nothing else', () => {
    expect(sent({ constructor: [Object, bytes('x')] })).toEqual([['constructor', ['x']]]);
  });

  it('kept bytes need not be text; changed ones must be', () => {
    const noText = Buffer.from([0xff, 0xfe]);
    const decision = batch.evaluate(record(plan), { 'user-agent': noText }, granted);
    expect(published(decision, 0).headers).toEqual([{ name: 'user-agent', values: [noText] }]);
    expect(batch.evaluate(record(plan), { tenant: noText }, granted)).toEqual({
      kind: 'dead_lettered',
      poison: { code: 'action_failed', path: 'headers.tenant' },
    });
  });

  it('dead-letters where an action cannot handle the text', () => {
    const strict = planOf({ id: { category: CATEGORY.system } }, [{ purpose: analytics }], {
      ip: { category: CATEGORY.contact, action: { kind: 'truncate_ip', ipv4: 24, ipv6: 48 } },
    });
    expect(batch.evaluate(record(strict), { ip: [bytes('192.0.2.7'), bytes('no address')] }, granted)).toEqual({
      kind: 'dead_lettered',
      poison: { code: 'action_failed', path: 'headers.ip' },
    });
  });
});

describe('tombstones', () => {
  const plan = planOf(FIELDS, [
    { purpose: analytics },
    { purpose: fraud, key: { kind: 'none' } },
    { purpose: purpose({ name: 'marketing' }), key: { kind: 'leaf', leaf: 0 } },
  ]);

  it('are passed on with their key tokenised where the output is keyed by the subject', () => {
    expect(batch.tombstone(plan, bytes('cust-1'))).toEqual({
      kind: 'decided',
      plan,
      outputs: [
        { kind: 'published', variant: null, reason: 'tombstone', value: null, key: 'analytics/cust-1', headers: [] },
        { kind: 'withheld', reason: 'tombstone' },
        { kind: 'withheld', reason: 'tombstone' },
      ],
    });
  });

  it('go to every pseudonym that the subject had before keys were rotated', () => {
    const rotated = makeEngine({
      keyring: { ...fakeKeyring, pseudonymsOf: (domain, text) => [3, 2, 1].map((n) => `${n}/${domain}/${text}`) },
    }).begin({ codec, now: NOW });
    const decision = rotated.tombstone(plan, bytes('cust-1'));
    expect(decision.kind === 'decided' ? decision.outputs : []).toEqual([
      expect.objectContaining({ key: '3/analytics/cust-1', earlierKeys: ['2/analytics/cust-1', '1/analytics/cust-1'] }),
      { kind: 'withheld', reason: 'tombstone' },
      { kind: 'withheld', reason: 'tombstone' },
    ]);
  });

  it('join with the records of the same subject', () => {
    const key = published(batch.evaluate(record(plan), undefined, granted), 0).key;
    expect(published(batch.tombstone(plan, bytes('cust-1')), 0).key).toBe(key);
  });

  it.each([
    ['null', null, 'subject_missing'],
    ['empty', bytes(''), 'subject_missing'],
    ['no UTF-8', Buffer.from([0xc3, 0x28]), 'undecodable'],
  ] as const)('a %s key is a dead letter', (_name, key, code) => {
    expect(batch.tombstone(plan, key)).toEqual({ kind: 'dead_lettered', poison: { code, path: null } });
  });
});

describe('the size of what is published', () => {
  const plan = planOf({ id: { category: CATEGORY.system } }, [{ purpose: analytics, key: { kind: 'none' } }], {
    trace: { category: CATEGORY.system },
  });
  const value = '["id"]'.length;

  it.each([
    [value, undefined, 'decided'],
    [value - 1, undefined, 'dead_lettered'],
    [value + 15 + 4, { trace: bytes('1234') }, 'decided'],
    [value + 15 + 3, { trace: bytes('1234') }, 'dead_lettered'],
  ] as const)('at most %i bytes with headers %o: %s', (limit, headers, kind) => {
    const bounded = engine.begin({ codec, now: NOW, maxOutputBytes: [limit] });
    const decision = bounded.evaluate(record(plan), headers, granted);
    expect(decision.kind).toBe(kind);
    if (decision.kind === 'dead_lettered') expect(decision.poison).toEqual({ code: 'too_large', path: null });
    expect(bounded.fieldCounts()).toHaveLength(kind === 'decided' ? 1 : 0);
  });
});

describe('field counts', () => {
  const plan = planOf(
    { ...FIELDS, phone: { category: CATEGORY.contact, action: { kind: 'redact', with: '-' } } },
    [
      { topic: 'a', purpose: analytics },
      { topic: 'b', purpose: purpose({ name: 'other' }) },
    ],
    { agent: { category: CATEGORY.contact } },
  );

  it('are occurrences in published records, by category and effect', () => {
    batch.evaluate(record(plan, { paths: ['id', 'mail', 'mail', 'phone', 'health', 'subject'] }), undefined, granted);
    batch.evaluate(record(plan, { paths: ['id'] }), { agent: [bytes('x'), bytes('y')] }, explicit);
    const counts = batch.fieldCounts();
    const of = (output: string): unknown =>
      counts
        .filter((count) => count.output === output)
        .map(({ route, category, effect, count }) => [route, category, effect, count])
        .sort((a, b) => (a.join() < b.join() ? -1 : 1));
    expect(of('a')).toEqual([
      ['route', 'system', 'keep', 2],
      ['route', 'user.contact', 'keep', 4],
      ['route', 'user.contact', 'redact', 1],
      ['route', 'user.health', 'drop_not_explicit', 1],
    ]);
    // Only the second record reached b.
    expect(of('b')).toEqual([
      ['route', 'system', 'keep', 1],
      ['route', 'user.contact', 'keep', 2],
    ]);
  });

  it('belong to a batch: what an aborted one counted is forgotten with it', () => {
    batch.evaluate(record(plan), undefined, granted);
    const again = engine.begin({ codec, now: NOW });
    expect(again.fieldCounts()).toEqual([]);
    again.evaluate(record(plan), undefined, granted);
    expect(again.fieldCounts()).toEqual(batch.fieldCounts());
  });

  it('leave out a record that came to nothing', () => {
    batch.evaluate(record(plan, { paths: ['health'] }), undefined, granted);
    expect(batch.fieldCounts()).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import type { DecodedRecord } from '../../../services/gateway/1-decode.ts';
import { openPublishedKeys } from '../../../services/gateway/published-keys.ts';
import type { RecordDecision } from '../../../services/core/engine.ts';
import type { RoutePlan } from '../../../services/core/policy/plan.ts';
import type { RawBatch, TopicFacts } from '../../../services/core/transport.ts';

const plan = {
  outputs: [
    { index: 0, topic: 'clean.subject', key: { kind: 'pseudonym' } },
    { index: 1, topic: 'clean.path', key: { kind: 'leaf', leaf: 0 } },
    { index: 2, topic: 'clean.old', key: { kind: 'leaf', leaf: 0 } },
  ],
} as unknown as RoutePlan;
const facts = (...compacted: boolean[]): TopicFacts[] =>
  compacted.map((one) => ({ partitions: 3, maxMessageBytes: 1_000, compacted: one }));
const asked: string[] = [];
const options = {
  topic: async (name: string) => {
    asked.push(name);
    return { partitions: 12, maxMessageBytes: 1_000 };
  },
  keyring: {
    subjectTokens: (subject: string) => [`token-${subject.length}`, 'older'],
    pseudonym: (_: string, text: string) => `hmac${text.length}`,
    pseudonymsOf: () => [],
  },
  sealer: {
    seal: (bytes: Uint8Array, name: string) => Buffer.from(`${Buffer.from(bytes).toString('hex')} for ${name}`),
  },
};
const batch = { topic: 'raw.a', partition: 4 } as RawBatch;
const record = (subject: string) => ({ kind: 'record', record: { subject } }) as unknown as DecodedRecord;
const published = (key: string | null) => ({ kind: 'published', key, value: new Uint8Array() });
const decided = (...outputs: object[]) => ({ kind: 'decided', plan, outputs }) as unknown as RecordDecision;

describe('the index of published keys', () => {
  it('is not there, and asks for nothing, where no compacted output is keyed by a path', async () => {
    expect(await openPublishedKeys(plan, facts(true, false, false), options)).toBeNull();
    expect(asked).toEqual([]);
  });

  it('holds each key of such outputs once, sealed, under the token of its subject', async () => {
    const index = await openPublishedKeys(plan, facts(true, true, false), options);
    const withheld = { kind: 'withheld', reason: 'erased' };
    const all = index!(
      batch,
      [
        decided(published('p'), published('order-7'), published('order-7')),
        decided(published('p'), published('order-7'), withheld),
        decided(published('p'), withheld, withheld),
        decided(published('p'), published(null), withheld),
        { kind: 'dead_lettered', poison: { code: 'undecodable', path: null } },
      ],
      [record('cust-1'), record('cust-1'), record('cust-1'), record('cust-1'), record('cust-1')],
      5,
    );
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({ topic: 'lethe.published-keys', key: 'token-6/clean.path/1/hmac7', timestamp: 5 });
    const sealed = Buffer.from(all[0]?.value ?? []).toString();
    expect(sealed).toBe(`${Buffer.from('order-7').toString('hex')} for token-6/clean.path/1/hmac7`);
  });
});

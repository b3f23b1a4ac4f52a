/** What a rotation of the `pseudonym` key does to what is published: another key on the record, the same partition. */
import { describe, expect, it } from 'vitest';
import { makeKeyring } from '../../../services/adapters/crypto/keyring.ts';
import { parseKeys } from '../../../services/adapters/crypto/keys.ts';
import { makeEngine, type RecordDecision } from '../../../services/core/engine.ts';
import { consentStateOf } from '../../../services/core/decide/consent-state.ts';
import type { RawBatch } from '../../../services/core/transport.ts';
import { encodeBatch } from '../../../services/gateway/4-encode.ts';
import { event, fakeCodec, NOW, planOf, record } from '../core/engine-fixture.ts';

const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const keyringOf = (...versions: string[]) =>
  makeKeyring(
    parseKeys(JSON.stringify(Object.fromEntries(['subject', ...versions].map((n, i) => [n, key(i + 1)]))), 'k'),
  );
const BEFORE = keyringOf('pseudonym');
const AFTER = keyringOf('pseudonym', 'pseudonym@2');

const PLAN = planOf({
  id: { category: { name: 'system', personal: false, sensitive: false, quasiIdentifier: false } },
});
const PARTITIONS = 4;

function publish(decisions: readonly RecordDecision[], partition: number) {
  const batch: RawBatch = {
    ...{ topic: 'raw', partition, startOffset: 0, nextOffset: decisions.length, highWatermark: decisions.length },
    records: decisions.map((_, offset) => ({ offset, timestamp: NOW, key: null, value: null, headers: null })),
  };
  const facts = { partitions: PARTITIONS, maxMessageBytes: 1_000_000 };
  return encodeBatch(batch, decisions, {
    plan: PLAN,
    destinations: { outputs: [facts], deadLetters: facts, audit: facts },
    sealer: { seal: (bytes) => bytes },
    segments: [],
    now: NOW,
  });
}

const granted = consentStateOf([event()]);
const valueUnder = (keyring: typeof BEFORE): RecordDecision =>
  makeEngine({ keyring }).begin({ codec: fakeCodec(), now: NOW }).evaluate(record(PLAN), undefined, granted);
const tombstoneUnder = (keyring: typeof BEFORE): RecordDecision =>
  makeEngine({ keyring }).begin({ codec: fakeCodec(), now: NOW }).tombstone(PLAN, Buffer.from('cust-1'));

describe('a rotation of the pseudonym key', () => {
  it.each([0, 3, 4, 11])(
    'keeps the order of a subject: from raw partition %i to the same one as before',
    (partition) => {
      const published = publish([valueUnder(BEFORE), valueUnder(AFTER)], partition);
      expect(published.map((one) => one.key)).toEqual([
        BEFORE.pseudonym('p', 'cust-1'),
        AFTER.pseudonym('p', 'cust-1'),
      ]);
      expect(published[0]!.key).not.toBe(published[1]!.key);
      expect(published.map((one) => one.partition)).toEqual([partition % PARTITIONS, partition % PARTITIONS]);
    },
  );

  it('passes a tombstone on to what was published under the old key as well, in the same partition', () => {
    const published = publish([tombstoneUnder(AFTER)], 6);
    expect(published.map((one) => [one.key, one.value, one.partition, one.headers['lethe-source']])).toEqual([
      [AFTER.pseudonym('p', 'cust-1'), null, 2, 'raw/6/0'],
      [BEFORE.pseudonym('p', 'cust-1'), null, 2, 'raw/6/0'],
    ]);
  });
});

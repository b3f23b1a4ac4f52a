import { describe, expect, it } from 'vitest';
import { open } from '../../../services/adapters/crypto/sealer.ts';
import { recomputeHash, GENESIS } from '../../../services/core/audit/segment.ts';
import { sha256Hex } from '../../../services/adapters/crypto/digest.ts';
import { decodePosition } from '../../../services/gateway/position.ts';
import { batchOf, context, DROPPING, MASKING, NOW, record, setUp } from './fixture.ts';

const texts = (value: Uint8Array | null): string => (value === null ? 'null' : Buffer.from(value).toString());

describe('the pipeline', () => {
  it('publishes what is consented, to the partition modulo the output, with source and time of the decision', async () => {
    const { handler, stores, keyring, consent } = await setUp();
    await stores.consents.add([consent('cust-1', 'granted', 1)]);
    const { publications } = await handler(batchOf([record('cust-1'), record('cust-2')]), context());
    const keyed = publications.filter(({ topic }) => topic === 'clean.keyed');
    expect(keyed).toHaveLength(1);
    expect(keyed[0]).toMatchObject({
      partition: 1,
      key: keyring.pseudonym('analytics', 'cust-1'),
      headers: { 'lethe-source': 'raw.events/4/10' },
      timestamp: NOW,
    });
    expect(texts(keyed[0]!.value)).toBe(`{"at":${NOW - 60_000},"email":"c***@example.com"}`);
    expect(publications.filter(({ topic }) => topic === 'clean.unkeyed')[0]?.key).toBeNull();
    expect(publications.map(({ topic }) => topic)).toEqual(['clean.keyed', 'clean.unkeyed', 'lethe.audit']);
  });

  it('asks once, whatever the batch holds', async () => {
    const { handler, lookUps } = await setUp();
    await handler(batchOf(Array.from({ length: 500 }, (_, index) => record(`cust-${index}`))), context());
    expect(lookUps()).toBe(1);
  });

  it('seals a bad record, says where it came from, and goes on', async () => {
    const { handler, stores, keys, consent } = await setUp();
    await stores.consents.add([consent('cust-1', 'granted', 1)]);
    const { publications } = await handler(batchOf(['{"id":', record('cust-1', 'no-at-sign')]), context());
    const letters = publications.filter(({ topic }) => topic === 'lethe.dead-letters');
    expect(letters.map(({ headers }) => headers['lethe-code'])).toEqual(['undecodable', 'action_failed']);
    const [first, second] = letters.map(({ value }) => JSON.parse(texts(value)));
    expect(first).toEqual({ code: 'undecodable', source: 'raw.events/4/10', value: expect.any(String) });
    expect(second.path).toBe('email');
    expect(JSON.stringify(letters.map(({ value }) => texts(value)))).not.toContain('no-at-sign');
    const opened = open(keys, Buffer.from(second.value, 'base64'), second.source);
    expect(opened.ok && Buffer.from(opened.plaintext).toString()).toContain(record('cust-1', 'no-at-sign'));
    expect(open(keys, Buffer.from(second.value, 'base64'), first.source).ok).toBe(false);
  });

  it('chains segments through the metadata, and answers for every offset', async () => {
    const { handler, segments } = await setUp();
    const first = await handler(batchOf([record('a'), record('b')]), context());
    const second = await handler(batchOf([record('c')], 20, 12), context(first.metadata));
    expect(segments.map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset])).toEqual([
      [10, 11],
      [12, 20],
    ]);
    expect(segments[0]!.previous).toBe(GENESIS);
    expect(segments[1]!.previous).toBe(segments[0]!.hash);
    for (const segment of segments) expect(recomputeHash(segment, sha256Hex)).toBe(segment.hash);
    expect(decodePosition(second.metadata).chain).toBe(segments[1]!.hash);
  });

  it('judges by the bundle that is active when the batch is looked up', async () => {
    const { handler, stores, segments, consent, loads } = await setUp();
    await stores.consents.add([consent('cust-1', 'granted', 1)]);
    await handler(batchOf([record('cust-1')]), context());
    await stores.bundles.activate(DROPPING);
    const { publications } = await handler(batchOf([record('cust-1')], 11), context());
    expect(texts(publications[0]!.value)).toBe(`{"at":${NOW - 60_000}}`);
    expect(segments.map(({ bundle }) => bundle)).toEqual([MASKING.digest, DROPPING.digest]);
    expect(loads).toEqual([`loaded ${MASKING.digest}`, `loaded ${DROPPING.digest}`]);
  });

  it('refuses a view that went back for a partition that was never decided under what is lost', async () => {
    const { handler, stores } = await setUp();
    stores.setWatermark({ at: NOW, offsets: { '0': '9' } });
    await handler(batchOf([record('cust-1')]), context());
    stores.setWatermark({ at: NOW, offsets: { '0': '8' } });
    await expect(handler(batchOf([record('cust-1')], 11), context())).rejects.toThrow(/backwards/);
    stores.setWatermark(null);
    await expect(handler(batchOf([record('cust-1')], 11), context())).rejects.toThrow(/lost its watermark/);
    stores.setWatermark({ at: NOW, offsets: { '0': '9' } });
    await handler(batchOf([record('cust-1')], 11), context());
  });

  it('counts only what was committed, and every record once per output', async () => {
    const { handler, stores, counts, consent } = await setUp();
    await stores.consents.add([consent('cust-1', 'granted', 1)]);
    const values = [record('cust-1'), record('cust-2'), 'x', null];
    const result = await handler(batchOf(values), context());
    expect(counts).toEqual([]);
    result.committed();
    expect(counts).toHaveLength(1);
    const [one] = counts;
    expect(one).toMatchObject({ route: 'events', consumed: 4 });
    const dead = [...one!.deadLetters.values()].reduce((sum, count) => sum + count, 0);
    for (const output of ['clean.keyed', 'clean.unkeyed']) {
      const decided = one!.decisions.filter((decision) => decision.output === output);
      expect(decided.reduce((sum, { count }) => sum + count, 0) + dead).toBe(4);
    }
    expect(one!.ages).toEqual([60, 60, 0.5, 0.5]);
  });

  it('passes a tombstone on where the output is keyed by the subject', async () => {
    const { handler, keyring, segments } = await setUp();
    const { publications } = await handler(batchOf([null]), context());
    expect(publications.slice(0, 1)).toMatchObject([
      { topic: 'clean.keyed', key: keyring.pseudonym('analytics', 'cust-1'), value: null },
    ]);
    expect(publications.map(({ topic }) => topic)).toEqual(['clean.keyed', 'lethe.audit']);
    expect(segments[0]!.shapes[0]!.outputs.map(({ outcome, reason }) => `${outcome} ${reason}`)).toEqual([
      'published tombstone',
      'withheld tombstone',
    ]);
  });

  it('takes a record that comes out too large for its topic for a dead letter', async () => {
    const { handler, stores, consent } = await setUp({ maxMessageBytes: 2_000 });
    await stores.consents.add([consent('cust-1', 'granted', 1)]);
    const long = record('cust-1', `a@${'x'.repeat(3_000)}.example.com`);
    const { publications } = await handler(batchOf([long]), context());
    expect(publications.map(({ topic }) => topic)).toEqual(['lethe.dead-letters', 'lethe.audit']);
    // It does not fit there either: the coordinates alone are sent.
    expect(JSON.parse(texts(publications[0]!.value))).toEqual({
      code: 'too_large',
      source: 'raw.events/4/10',
      value: null,
    });
  });

  it('sends the place of a record that nobody could read, and goes on', async () => {
    const { handler, stores, consent } = await setUp();
    await stores.consents.add([consent('cust-1', 'granted', 1)]);
    const batch = batchOf(['', record('cust-1')]);
    const records = [{ ...batch.records[0]!, unreadable: 'too_large' as const }, batch.records[1]!];
    const { publications } = await handler({ ...batch, records }, context());
    const [letter] = publications.filter(({ topic }) => topic === 'lethe.dead-letters');
    expect(JSON.parse(texts(letter!.value))).toEqual({ code: 'too_large', source: 'raw.events/4/10', value: null });
    expect(publications.filter(({ topic }) => topic === 'clean.keyed')).toHaveLength(1);
  });

  it.each([
    [
      'a view that is too old',
      async (set: Awaited<ReturnType<typeof setUp>>) => set.stores.setWatermark({ at: NOW - 60_001, offsets: {} }),
    ],
  ])('publishes nothing under %s', async (_name, spoil) => {
    const set = await setUp();
    await spoil(set);
    await expect(set.handler(batchOf([record('cust-1')]), context())).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
      dependency: 'consent_view',
    });
  });

  it('waits where the active bundle has no route for the topic, or is not stored', async () => {
    const { handler } = await setUp();
    await expect(handler({ ...batchOf([record('a')]), topic: 'raw.other' }, context())).rejects.toMatchObject({
      retryable: true,
      dependency: 'bundle',
    });
  });
});

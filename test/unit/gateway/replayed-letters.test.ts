import { describe, expect, it } from 'vitest';
import { compileBundle } from '../../../services/adapters/config/load.ts';
import { sha256Hex } from '../../../services/adapters/crypto/digest.ts';
import { makeJsonCodec } from '../../../services/core/apply/json/json-codec.ts';
import { type AuditSegment, GENESIS } from '../../../services/core/audit/segment.ts';
import { makeEngine } from '../../../services/core/engine.ts';
import type { RawBatch } from '../../../services/core/transport.ts';
import { makeBundles } from '../../../services/gateway/bundles.ts';
import { makeLetterPath } from '../../../services/gateway/replayed-letters.ts';
import { DROPPING, NOW, setUp } from './fixture.ts';

const record = (id: string, email: string, at: unknown = NOW - 1000): string => JSON.stringify({ id, at, email });
const batchOf = (values: readonly string[], offsets: readonly number[]): RawBatch => ({
  topic: 'raw.events',
  partition: 4,
  startOffset: offsets[0]!,
  records: values.map((value, index) => ({
    offset: offsets[index]!,
    timestamp: 1,
    key: null,
    value: Buffer.from(value),
    headers: {},
  })),
  nextOffset: offsets.at(-1)! + 1,
  highWatermark: 0,
});
const FIRST = { chain: GENESIS, watermark: null };

async function letterPath() {
  const { stores, keyring, consent } = await setUp();
  const segments: AuditSegment[] = [];
  const bundles = makeBundles({
    store: stores.bundles,
    compile: (bundle) => {
      const result = compileBundle(bundle);
      if (!result.ok) throw new Error('the bundle does not compile');
      return result.compiled;
    },
    makeCodec: (route) => makeJsonCodec(route.plan, keyring),
    loaded: () => undefined,
  });
  const replay = makeLetterPath({
    dataKeys: null,
    bundles,
    bundleStore: stores.bundles,
    consents: stores.consents,
    keyring,
    engine: makeEngine({ keyring }),
    topic: async () => ({ partitions: 3, maxMessageBytes: 1_000_000 }),
    encodeSegment: (segment) => {
      segments.push(segment);
      return Buffer.from(segment.hash);
    },
    hashText: sha256Hex,
    now: () => NOW,
    maxStalenessMs: 60_000,
  });
  await stores.consents.add([consent('a', 'granted', 1)]);
  return { replay, segments, stores, keyring };
}

describe('dead letters on the data path', () => {
  it('publish what is decided under their own coordinates, and leave out what fails again', async () => {
    const { replay, segments, keyring } = await letterPath();
    const values = [record('a', 'user1@example.com'), record('a', 'no-at-sign'), record('b', 'user2@example.com')];
    const result = await replay(batchOf(values, [10, 17, 40]), FIRST);
    expect(result?.decisions.map(({ kind }) => kind)).toEqual(['decided', 'dead_lettered', 'decided']);
    expect(result?.outputs).toEqual(['clean.keyed', 'clean.unkeyed']);
    const [keyed, unkeyed, audit, ...more] = result?.publications ?? [];
    expect(more).toEqual([]);
    expect(keyed).toMatchObject({
      topic: 'clean.keyed',
      partition: 1,
      key: keyring.pseudonym('analytics', 'a'),
      headers: { 'lethe-source': 'raw.events/4/10' },
    });
    expect(unkeyed).toMatchObject({ topic: 'clean.unkeyed', key: null });
    expect(audit).toMatchObject({ topic: 'lethe.audit', partition: 1, key: 'lethe.dead-letters/raw.events/4' });
    const [segment] = segments;
    expect(segment).toMatchObject({
      topic: 'lethe.dead-letters/raw.events',
      partition: 4,
      firstOffset: 10,
      lastOffset: 40,
      previous: GENESIS,
      records: [
        { skip: 0, count: 1 },
        { skip: 29, count: 1 },
      ],
    });
    expect(segment?.shapes.every(({ deadLetter }) => deadLetter === null)).toBe(true);
    expect(result?.chain).toBe(segment?.hash);
    const next = await replay(batchOf([record('a', 'x@example.com')], [3]), { ...FIRST, chain: result?.chain ?? '' });
    expect([segments[1]?.previous, segments[1]?.firstOffset, next?.chain]).toEqual([
      segment?.hash,
      3,
      segments[1]?.hash,
    ]);
  });

  it('write nothing at all where all of them fail again', async () => {
    const { replay, segments } = await letterPath();
    const result = await replay(batchOf(['{'], [10]), { ...FIRST, chain: 'ab' });
    expect([result?.publications, result?.chain, segments]).toEqual([[], 'ab', []]);
  });

  it('are judged by the bundle that is active when they are looked up', async () => {
    const { replay, segments, stores } = await letterPath();
    await replay(batchOf([record('a', 'user1@example.com')], [1]), FIRST);
    await stores.bundles.activate(DROPPING);
    const result = await replay(batchOf([record('a', 'no-at-sign')], [2]), FIRST);
    expect(result?.decisions[0]?.kind).toBe('decided');
    expect(segments[1]?.bundle).toBe(DROPPING.digest);
  });

  it('wait where a worker would: a consent view that is older than one decided under before', async () => {
    const { replay } = await letterPath();
    const watermark = { at: NOW - 1000, offsets: { '0': '5' } };
    await expect(replay(batchOf([record('a', 'user1@example.com')], [1]), { ...FIRST, watermark })).rejects.toThrow(
      'lost its watermark',
    );
  });

  it('have no way where the bundle has no route for them', async () => {
    const { replay } = await letterPath();
    expect(await replay({ ...batchOf(['{}'], [1]), topic: 'raw.gone' }, FIRST)).toBeNull();
  });
});

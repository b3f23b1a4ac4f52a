import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../services/adapters/crypto/digest.ts';
import type { RecordCodec } from '../../../services/core/apply/codec.ts';
import { recomputeHash } from '../../../services/core/audit/segment.ts';
import { LetheError } from '../../../services/core/errors.ts';
import type { Bundle } from '../../../services/core/ports.ts';
import type { BatchResult, Publication } from '../../../services/core/transport.ts';
import { batchOf, bundleOf, context, DROPPING, MASKING, record, setUp, type SetUpOptions } from './fixture.ts';

/** Releases what the active bundle masks, and withholds what that publishes to the other output. */
const LOOSE = bundleOf('action: keep', (text) =>
  text
    .replace('purposes: {', 'purposes: { ads: { basis: { default: consent }, retention: { default: P365D } },')
    .replace('topic: clean.unkeyed\n    purpose: analytics', 'topic: clean.unkeyed\n    purpose: ads'),
);
const READS_EMAIL_AS_SUBJECT = bundleOf('action: mask, mask: email', (text) =>
  text.replace('subject: id', 'subject: email'),
);
const BROKEN: Bundle = bundleOf('action: guess');

const said = ({ output, kind, count }: { output: string; kind: string; count: number }): string =>
  `${output} ${kind} ${count}`;

/** All that leaves for topics but the audit, to the byte. */
const left = ({ publications }: BatchResult): unknown[] =>
  publications
    .filter(({ topic }: Publication) => !topic.startsWith('lethe.'))
    .map(({ value, ...rest }) => ({ ...rest, value: value === null ? null : Buffer.from(value).toString() }));

async function shadowed(candidate: Bundle, options: SetUpOptions = {}) {
  const set = await setUp(options);
  await set.stores.consents.add([set.consent('cust-1', 'granted', 1), set.consent('cust-2', 'denied', 1)]);
  await set.stores.bundles.shadow(candidate);
  return set;
}

const THREE = [record('cust-1'), record('cust-2'), record('cust-1', 'no-at-sign')];

describe('a candidate in shadow', () => {
  it('changes nothing of what is published', async () => {
    const set = await shadowed(LOOSE);
    const beside = await set.handler(batchOf(THREE), context());
    await set.stores.bundles.endShadow();
    const alone = await set.handler(batchOf(THREE), context());
    expect(left(beside)).toEqual(left(alone));
    expect(JSON.stringify(left(beside))).toContain('c***@example.com');
    expect(JSON.stringify(left(beside))).not.toContain('cust-1@');
    expect(beside.publications.map(({ topic }) => topic)).toEqual(alone.publications.map(({ topic }) => topic));
    expect(beside.metadata.length).toBe(alone.metadata.length);
  });

  it('is held against the active bundle from the first batch on, in the audit, and in counters once committed', async () => {
    const set = await shadowed(LOOSE);
    const result = await set.handler(batchOf(THREE), context());
    const expected = [
      // What has no @ cannot be masked, but can be kept.
      'clean.keyed newly_published 1',
      'clean.keyed value_changed 1',
      'clean.keyed no_longer_dead_lettered 1',
      'clean.unkeyed newly_withheld 1',
      'clean.unkeyed reason_changed 1',
      'clean.unkeyed no_longer_dead_lettered 1',
    ];
    const { shadow } = set.segments[0]!;
    expect(shadow?.bundle).toBe(LOOSE.digest);
    expect(shadow?.divergence.map(said)).toEqual(expected);
    expect(set.segments[0]!.bundle).toBe(MASKING.digest);
    expect(recomputeHash(set.segments[0]!, sha256Hex)).toBe(set.segments[0]!.hash);
    expect(set.counts).toEqual([]);
    result.committed();
    expect(set.counts[0]!.divergence.map(said)).toEqual(expected);
    expect(set.used).toEqual([null, LOOSE.digest]);
    // Done again after an abort: what was aborted never counted.
    (await set.handler(batchOf(THREE), context())).committed();
    expect(set.counts).toHaveLength(2);
  });

  it('costs no round trip but for the batch that finds out about it', async () => {
    const set = await shadowed(LOOSE);
    await set.handler(batchOf(THREE), context());
    expect(set.lookUps()).toBe(2);
    await set.handler(batchOf(THREE, 13), context());
    expect(set.lookUps()).toBe(3);
    expect(set.shadowReads()).toBe(1);
  });

  it('ends when that is said, and when it or the active one is pushed for real', async () => {
    const set = await shadowed(LOOSE);
    await set.handler(batchOf(THREE), context());
    await set.stores.bundles.endShadow();
    await set.handler(batchOf(THREE, 13), context());
    await set.stores.bundles.shadow(MASKING);
    await set.handler(batchOf(THREE, 16), context());
    await set.stores.bundles.shadow(LOOSE);
    await set.handler(batchOf(THREE, 19), context());
    await set.stores.bundles.activate(LOOSE);
    await set.handler(batchOf(THREE, 22), context());
    expect(set.segments.map(({ shadow }) => shadow?.bundle ?? null)).toEqual([
      ...[LOOSE.digest, null, null, LOOSE.digest, null],
    ]);
    expect(set.segments.filter((segment) => 'shadow' in segment)).toHaveLength(2);
    expect(set.used.at(-1)).toBeNull();
  });

  it('is compared with whatever is active now', async () => {
    const set = await shadowed(DROPPING);
    await set.handler(batchOf([record('cust-1')]), context());
    await set.stores.bundles.activate(LOOSE);
    await set.handler(batchOf([record('cust-1')], 11), context());
    expect(set.segments.map(({ shadow }) => shadow?.divergence.map(said))).toEqual([
      ['clean.keyed value_changed 1'],
      ['clean.keyed value_changed 1', 'clean.unkeyed newly_published 1'],
    ]);
  });

  it('that has no route for the topic would publish nothing', async () => {
    const other = bundleOf('action: drop', (text) => text.replace('topic: raw.events', 'topic: raw.others'));
    const set = await shadowed(other);
    await set.handler(batchOf(THREE), context());
    expect(set.segments[0]!.shadow?.divergence.map(said)).toEqual([
      'clean.keyed output_removed 1',
      'clean.unkeyed output_removed 1',
    ]);
  });

  it('is not asked about a route that is the same', async () => {
    const same = bundleOf('action: mask, mask: email', (text) => `# another comment\n${text}`);
    let codecs = 0;
    const set = await shadowed(same, {
      shadowCodec: (codec) => {
        codecs++;
        return codec;
      },
    });
    await set.handler(batchOf(THREE), context());
    expect(set.segments[0]!.shadow).toEqual({ bundle: same.digest, divergence: [] });
    expect(codecs).toBe(0);
    // Until it is the same no longer.
    await set.stores.bundles.activate(DROPPING);
    await set.handler(batchOf(THREE, 13), context());
    expect(set.segments[1]!.shadow?.divergence.map(said)).toEqual([
      ...['clean.keyed value_changed 1', 'clean.keyed newly_dead_lettered 1', 'clean.unkeyed newly_dead_lettered 1'],
    ]);
  });

  it('judges tombstones and outputs of its own, which have no topic yet', async () => {
    const more = bundleOf('action: mask, mask: email', (text) =>
      text.replace('topic: clean.unkeyed', 'topic: clean.new').replace('    key: none\n', ''),
    );
    const set = await shadowed(more);
    const { publications } = await set.handler(batchOf([null, record('cust-1')]), context());
    expect(set.segments[0]!.shadow?.divergence.map(said)).toEqual([
      'clean.unkeyed output_removed 1',
      'clean.new output_added 2',
    ]);
    expect(publications.map(({ topic }) => topic)).not.toContain('clean.new');
  });

  it('has the consents of the subjects that it finds, in the same round trip', async () => {
    const set = await shadowed(READS_EMAIL_AS_SUBJECT);
    await set.stores.consents.add([set.consent('boss@example.com', 'granted', 1)]);
    const { publications } = await set.handler(batchOf([record('cust-9', 'boss@example.com')]), context());
    expect(publications.map(({ topic }) => topic)).toEqual(['lethe.audit']);
    expect(set.segments[0]!.shadow?.divergence.map(said)).toEqual([
      'clean.keyed newly_published 1',
      'clean.unkeyed newly_published 1',
    ]);
    expect(set.lookUps()).toBe(2);
  });

  it('says for each part of a long audit what holds for that part', async () => {
    const set = await shadowed(LOOSE, { encodedBytes: (segment) => (segment.records.length > 3 ? 2e6 : 1) });
    const values = Array.from({ length: 40 }, (_, i) => record('cust-1', i % 2 === 0 ? 'no-at-sign' : 'a@example.com'));
    const result = await set.handler(batchOf(values), context());
    result.committed();
    const sums = new Map<string, number>();
    const fitting = set.segments.filter(({ records }) => records.length <= 3);
    expect(fitting.length).toBeGreaterThan(10);
    for (const { shadow } of fitting) {
      for (const { output, kind, count } of shadow!.divergence) {
        sums.set(`${output} ${kind}`, (sums.get(`${output} ${kind}`) ?? 0) + count);
      }
    }
    expect(sums.get('clean.keyed value_changed')).toBe(20);
    expect(sums).toEqual(
      new Map(set.counts[0]!.divergence.map(({ output, kind, count }) => [`${output} ${kind}`, count])),
    );
  });
});

describe('a candidate that cannot be evaluated', () => {
  const throwing =
    (where: 'begin' | 'decode' | 'apply') =>
    (codec: RecordCodec): RecordCodec => ({
      ...codec,
      [where]: () => {
        throw new Error('cust-1@example.com is no number');
      },
    });

  it.each<[string, Bundle, SetUpOptions]>([
    ['is not stored', LOOSE, { readShadow: async () => null }],
    ['cannot be read', LOOSE, { readShadow: () => Promise.reject(new LetheError('unavailable', 'Redis is away')) }],
    [
      'is another than its digest says',
      LOOSE,
      { readShadow: () => Promise.reject(new LetheError('invalid_config', 'not it')) },
    ],
    ['does not compile', BROKEN, {}],
    ['takes for ever to load', LOOSE, { readShadow: () => new Promise(() => {}) }],
    ['throws as a batch begins', LOOSE, { shadowCodec: throwing('begin') }],
    ['throws at decoding', LOOSE, { shadowCodec: throwing('decode') }],
    ['throws at applying', LOOSE, { shadowCodec: throwing('apply') }],
    [
      'finds subjects for whom the look-up fails',
      READS_EMAIL_AS_SUBJECT,
      {
        asked: (tokens) => {
          if (tokens.length > 2) throw new LetheError('unavailable', 'an entry cannot be read');
        },
      },
    ],
  ])(
    '(it %s) never stops the stream, counts as failed, and says so at most once',
    async (_name, candidate, options) => {
      const plain = await setUp();
      await plain.stores.consents.add([plain.consent('cust-1', 'granted', 1)]);
      const set = await shadowed(candidate, options);
      for (let batch = 0; batch < 3; batch++) {
        const result = await set.handler(batchOf(THREE, 10 + 3 * batch), context());
        result.committed();
        const expected = await plain.handler(batchOf(THREE, 10 + 3 * batch), context());
        const shape = (of: BatchResult): unknown[] => of.publications.map(({ topic, headers }) => [topic, headers]);
        expect(shape(result)).toEqual(shape(expected));
        const failed = ['clean.keyed failed 3', 'clean.unkeyed failed 3'];
        expect(set.segments[batch]!.shadow?.bundle).toBe(candidate.digest);
        expect(set.segments[batch]!.shadow?.divergence.map(said)).toEqual(failed);
        expect(set.counts[batch]!.divergence.map(said)).toEqual(failed);
      }
      expect(set.warned.length).toBeLessThanOrEqual(1);
      expect(set.warned.join()).not.toContain('example.com');
    },
  );

  it('is tried again after a while, in the background', async () => {
    let stored = false;
    const set = await shadowed(LOOSE, { readShadow: async () => (stored ? LOOSE : null) });
    await set.handler(batchOf([record('cust-1')]), context());
    stored = true;
    await set.handler(batchOf([record('cust-1')], 11), context());
    expect(set.shadowReads()).toBe(1);
    set.pass(10_001);
    const before = set.lookUps();
    await set.handler(batchOf([record('cust-1')], 12), context());
    expect(set.lookUps() - before).toBe(1);
    await set.handler(batchOf([record('cust-1')], 13), context());
    const kinds = set.segments.map(({ shadow }) => shadow?.divergence[0]?.kind);
    expect(kinds).toEqual(['failed', 'failed', 'failed', 'value_changed']);
    expect(set.warned).toHaveLength(1);
  });

  it('lends nobody a codec that has thrown', async () => {
    let made = 0;
    const set = await shadowed(LOOSE, {
      shadowCodec: (codec) => {
        made++;
        return made === 1 ? throwing('apply')(codec) : codec;
      },
    });
    await set.handler(batchOf([record('cust-1')]), context());
    await set.handler(batchOf([record('cust-1')], 11), context());
    await set.handler(batchOf([record('cust-1')], 12), context());
    expect(set.segments.map(({ shadow }) => shadow?.divergence[0]?.kind)).toEqual([
      ...['failed', 'value_changed', 'value_changed'],
    ]);
    expect(made).toBe(2);
  });

  it('that is another one each time delays no batch more than once', async () => {
    const set = await shadowed(LOOSE);
    const others = Array.from({ length: 4 }, (_, i) => bundleOf('action: drop', (text) => `# ${i}\n${text}`));
    let at = 0;
    const { load } = set.stores.consents;
    Object.assign(set.stores.consents, {
      load: async (tokens: readonly string[]) => {
        await set.stores.bundles.shadow(others[at++ % others.length]!);
        return load(tokens);
      },
    });
    await set.handler(batchOf([record('cust-1')]), context());
    expect(set.lookUps()).toBe(2);
    expect(set.segments[0]!.shadow?.divergence.map(said)).toEqual(['clean.keyed failed 1', 'clean.unkeyed failed 1']);
  });
});

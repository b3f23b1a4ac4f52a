/** Whatever is done to an audit is found, and found where it was done. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeSegmentCodec } from '../../../../services/adapters/avro-single-object/audit-segments.ts';
import { entryOf, fileEntries } from '../../../../services/cli/verify-source.ts';
import type { Checkpoint } from '../../../../services/core/audit/checkpoint.ts';
import { type AuditSegment, GENESIS, segmentLine } from '../../../../services/core/audit/segment.ts';
import type { AuditEntry } from '../../../../services/core/audit/verify.ts';
import { chainOf, entriesOf, interleaved, RECORDS_PER_SEGMENT, sealed, verified } from './audit-fixture.ts';

const { encode, decode } = makeSegmentCodec();

/** Lengths of the chains. */
const trails = fc.array(fc.integer({ min: 2, max: 7 }), { minLength: 2, maxLength: 4 });
const chainsOf = (lengths: readonly number[]): AuditSegment[][] =>
  lengths.map((length, partition) => chainOf(partition % 2 === 0 ? 'raw.a' : 'raw.b', partition, length));

/** Over all that is there, so that the tail is covered too. */
const checkpointOver = (chains: readonly (readonly AuditSegment[])[]): Checkpoint => ({
  ...{
    version: 1,
    number: 1,
    at: '2026-03-01T00:00:00Z',
    audit: 'audit',
    resume: [],
    accepted: [],
    previous: GENESIS,
    key: 'k',
  },
  signature: '',
  chains: chains.map((chain) => {
    const { topic, partition, lastOffset, hash } = chain.at(-1)!;
    const records = chain.length * RECORDS_PER_SEGMENT;
    return { topic, partition, firstOffset: 0, lastOffset, head: hash, segments: chain.length, records, at: null };
  }),
});

/** Does something to one chain; returns the kinds one of which has to be named for it, or null where it changed nothing. */
type Tamper = (segments: AuditSegment[], chain: number, a: number, b: number) => readonly string[] | null;

const TAMPERS: Readonly<Record<string, Tamper>> = {
  // Not the first: what is older than a checkpoint may be gone, by retention, and is covered.
  drop: (segments, _chain, a) => {
    segments.splice(1 + (a % (segments.length - 1)), 1);
    return ['dropped', 'truncated'];
  },
  double: (segments, _chain, a, b) => {
    segments.splice(b % (segments.length + 1), 0, segments[a % segments.length]!);
    return ['doubled'];
  },
  swap: (segments, _chain, a, b) => {
    const [one, other] = [a % segments.length, b % segments.length];
    if (one === other) return null;
    [segments[one], segments[other]] = [segments[other]!, segments[one]!];
    return ['reordered'];
  },
  cut: (segments, _chain, a) => {
    segments.length = a % segments.length;
    return ['truncated'];
  },
  forge: (segments, _chain, a, b) => {
    const index = a % segments.length;
    segments[index] = sealed({ ...segments[index]!, decidedAt: b });
    return ['forged', 'rewritten'];
  },
  rewrite: (segments, _chain, a, b) => {
    for (let index = a % segments.length; index < segments.length; index++) {
      const previous = segments[index - 1]?.hash ?? GENESIS;
      segments[index] = sealed({ ...segments[index]!, decidedAt: b + index, previous });
    }
    return ['rewritten'];
  },
  insert: (segments, _chain, a, b) => {
    const index = a % segments.length;
    segments.splice(index, 0, sealed({ ...segments[index]!, decidedAt: b }));
    return ['forged', 'second_chain'];
  },
  field: (segments, _chain, a, b) => {
    const index = a % segments.length;
    const one = segments[index]!;
    const changes: Partial<AuditSegment>[] = [
      { topic: 'raw.c' },
      { partition: one.partition + 1 },
      { firstOffset: one.firstOffset + 1 },
      { lastOffset: one.lastOffset + 1 },
      { bundle: 'x' },
      { watermark: null },
      { decidedAt: 1 },
      { outputs: ['clean.a', 'clean.x'] },
      { treatments: [] },
      { shapes: [] },
      { records: [] },
      { previous: 'e'.repeat(64) },
      { hash: 'e'.repeat(64) },
    ];
    segments[index] = { ...one, ...changes[b % changes.length] };
    return ['altered'];
  },
};

describe('one tampering with one chain of several', () => {
  it.each(Object.entries(TAMPERS))('%s', (_, tamper) => {
    fc.assert(
      fc.property(trails, fc.nat(), fc.nat(), fc.nat(), (lengths, which, a, b) => {
        const chains = chainsOf(lengths);
        const checkpoint = checkpointOver(chains);
        const chosen = which % chains.length;
        const tampered = chains.map((chain) => [...chain]);
        const kinds = tamper(tampered[chosen]!, chosen, a, b);
        if (kinds === null) return;
        const { topic, partition } = chains[chosen]![0]!;
        const entries = entriesOf(interleaved(...tampered)).map((entry) =>
          entry.segment !== null && tampered[chosen]!.includes(entry.segment)
            ? { ...entry, key: `${topic}/${partition}` }
            : entry,
        );
        const { findings } = verified(entries, { checkpoint });
        expect(findings.map(({ kind }) => kind)).toContainEqual(expect.toBeOneOf([...kinds]));
        // The other chains are not accused of anything.
        expect(findings.filter((one) => one.topic !== topic || one.partition !== partition)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('none: nothing is found', () => {
    fc.assert(
      fc.property(trails, (lengths) => {
        const chains = chainsOf(lengths);
        const entries = entriesOf(interleaved(...chains));
        expect(verified(entries, { checkpoint: checkpointOver(chains) }).findings).toEqual([]);
        expect(verified(entries).findings).toEqual([]);
      }),
    );
  });
});

const chain = chainOf('raw.a', 0, 4);
const checkpoint = checkpointOver([chain]);

describe('one byte', () => {
  it('of a record of the topic', () => {
    const records = chain.map((one) => encode(one));
    const at = fc.tuple(fc.nat(records.length - 1), fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(at, ([index, place, by]) => {
        const bytes = Uint8Array.from(records[index]!);
        bytes[place % bytes.length]! ^= by;
        const entries: AuditEntry[] = records.map((value, offset) =>
          entryOf(
            0,
            {
              offset,
              timestamp: 0,
              key: Buffer.from('raw.a/0'),
              value: offset === index ? bytes : value,
              headers: null,
            },
            decode,
          ),
        );
        const { findings } = verified(entries, { checkpoint });
        expect(findings[0]).toMatchObject({
          kind: expect.toBeOneOf(['undecodable', 'altered']),
          at: `audit/0/${index}`,
        });
      }),
      { numRuns: 300 },
    );
  });

  it('of an exported file', async () => {
    const text = Buffer.from(chain.map((one) => `${segmentLine(one)}\n`).join(''));
    // Without the last line feed, which says nothing.
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 2), fc.integer({ min: 1, max: 255 }), async (place, by) => {
        const bytes = Uint8Array.from(text);
        bytes[place]! ^= by;
        const entries: AuditEntry[] = [];
        for await (const entry of fileEntries(chunked(bytes), () => undefined)) entries.push(entry);
        const { findings } = verified(entries, { checkpoint, keyed: false });
        const line = text.subarray(0, place).filter((byte) => byte === 0x0a).length + 1;
        expect(findings.length).toBeGreaterThan(0);
        expect(findings[0]).toMatchObject({
          kind: expect.toBeOneOf(['undecodable', 'altered']),
          at: `audit/null/${line}`,
        });
      }),
      { numRuns: 300 },
    );
  });
});

async function* chunked(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

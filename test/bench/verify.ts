/**
 * What `lethe verify` takes for the audit of a million records, in seconds: decode, recompute the hash, follow the chain,
 * count. Segments as workers write them, of several partitions in turns; and the worst case, in which no two neighbouring
 * records were alike and each is a run of its own. One process, no server.
 */
import { makeSegmentCodec } from '../../services/adapters/avro-single-object/audit-segments.ts';
import { sha256Hex } from '../../services/adapters/crypto/digest.ts';
import { entryOf } from '../../services/cli/verify-source.ts';
import {
  type AuditSegment,
  type DecisionShape,
  type FieldEffect,
  GENESIS,
  recomputeHash,
  type Run,
} from '../../services/core/audit/segment.ts';
import { makeVerifier } from '../../services/core/audit/verify.ts';
import { makeFindings } from '../../services/core/audit/verify-finding.ts';
import { median } from './figures.ts';

const RECORDS = 1_000_000;
/** About what a worker decides about in one batch. */
const PER_SEGMENT = 1_000;
const PARTITIONS = 8;
const OUTPUTS = 3;
const FIELDS = 20;

export type VerifyBench = { readonly likely: number; readonly worst: number };

/** Seconds per million records. */
export function benchVerify(rounds: number): VerifyBench {
  const measure = (runLength: number): number => {
    const trail = makeTrail(runLength);
    return median(Array.from({ length: rounds }, () => verifyOnce(trail)));
  };
  return { likely: measure(8), worst: measure(1) };
}

type Stored = { readonly key: Buffer; readonly value: Uint8Array };

function verifyOnce(trail: readonly Stored[]): number {
  const { decode } = makeSegmentCodec();
  const findings = makeFindings();
  const started = performance.now();
  const place = ({ partition, offset }: { partition: number | null; offset: number }) => `bench/${partition}/${offset}`;
  const verifier = makeVerifier({
    ...{ hash: sha256Hex, findings, place, checkpoint: null, resumed: false, keyed: true },
  });
  trail.forEach(({ key, value }, offset) =>
    verifier.take(entryOf(0, { offset, timestamp: 0, key, value, headers: null }, decode)),
  );
  const { records } = verifier.finish();
  const seconds = (performance.now() - started) / 1000;
  if (findings.total() > 0 || records !== RECORDS) throw new Error(`the audit of the bench is no good: ${records}`);
  return seconds;
}

function makeTrail(runLength: number): Stored[] {
  const { encode } = makeSegmentCodec();
  const heads = Array.from({ length: PARTITIONS }, () => ({ hash: GENESIS, next: 0 }));
  return Array.from({ length: RECORDS / PER_SEGMENT }, (_, index) => {
    const partition = index % PARTITIONS;
    const head = heads[partition]!;
    const segment = makeSegment(partition, head.next, head.hash, runLength);
    heads[partition] = { hash: segment.hash, next: segment.lastOffset + 1 };
    return { key: Buffer.from(`${segment.topic}/${partition}`), value: encode(segment) };
  });
}

const EFFECTS = ['keep', 'mask', 'drop', 'pseudonymize'] as const;
const TREATMENTS: FieldEffect[][] = Array.from({ length: 6 }, (_, one) =>
  Array.from({ length: FIELDS }, (_field, field) => ({
    path: `purchase.items[].field_${field}`,
    effect: EFFECTS[(one + field) % EFFECTS.length]!,
  })),
);
const SHAPES: DecisionShape[] = Array.from({ length: 7 }, (_, shape) =>
  shape === 6
    ? { deadLetter: { code: 'undecodable', path: null }, outputs: [] }
    : {
        deadLetter: null,
        outputs: Array.from({ length: OUTPUTS }, (_output, output) =>
          (shape + output) % 3 === 0
            ? { outcome: 'withheld', reason: 'consent_missing', treatment: null }
            : { outcome: 'published', reason: null, treatment: (shape + output) % TREATMENTS.length },
        ),
      },
);

function makeSegment(partition: number, first: number, previous: string, runLength: number): AuditSegment {
  const records: Run[] = [];
  for (let left = PER_SEGMENT, run = 0; left > 0; run++) {
    // Runs of 1 to 2 × runLength − 1 records.
    const count = Math.min(left, 1 + ((run * 7) % (2 * runLength - 1)));
    records.push({ skip: 0, count, shape: run % SHAPES.length });
    left -= count;
  }
  const content = {
    ...{ topic: 'raw.customer-events', partition, firstOffset: first, lastOffset: first + PER_SEGMENT - 1 },
    ...{ bundle: 'ab'.repeat(32), watermark: '{"at":1748736000000,"offsets":{"0":"10000"}}' },
    ...{
      decidedAt: 1_748_736_000_000 + first,
      outputs: Array.from({ length: OUTPUTS }, (_, n) => `clean.output-${n}`),
    },
    ...{ treatments: TREATMENTS, shapes: SHAPES, records, previous },
  };
  return { ...content, hash: recomputeHash(content, sha256Hex) };
}

import { describe, expect, it } from 'vitest';
import { makeSegmentCodec } from '../../../services/adapters/avro-single-object/audit-segments.ts';
import { sha256Hex } from '../../../services/adapters/crypto/digest.ts';
import { type AuditSegment, GENESIS, recomputeHash, shapeAt } from '../../../services/core/audit/segment.ts';
import { deadLettered, type RecordDecision } from '../../../services/core/engine.ts';
import type { RawBatch } from '../../../services/core/transport.ts';
import { auditBatch } from '../../../services/gateway/audit-batch.ts';

const codec = makeSegmentCodec();

/** Records at every second offset from 12, between 10 and the end; no two neighbours come out alike. */
function unlike(count: number): { batch: RawBatch; decisions: RecordDecision[] } {
  const records = Array.from({ length: count }, (_, index) => ({
    ...{ offset: 12 + 2 * index, timestamp: 0, key: null, value: null, headers: {} },
  }));
  return {
    batch: {
      ...{ topic: 'raw.events', partition: 4, startOffset: 10, records },
      ...{ nextOffset: 20 + 2 * count, highWatermark: 20 + 2 * count },
    },
    decisions: records.map((_, index) => deadLettered({ code: 'action_failed', path: `field${index % 7}` })),
  };
}

function audit(count: number, maxBytes: number): { segments: AuditSegment[]; sizes: number[]; chain: string } {
  const { batch, decisions } = unlike(count);
  const { segments, chain } = auditBatch(batch, decisions, {
    head: {
      ...{ topic: batch.topic, partition: batch.partition, bundle: 'digest', watermark: null, decidedAt: 1 },
      ...{ outputs: [], previous: GENESIS },
    },
    encode: codec.encode,
    hash: sha256Hex,
    maxBytes,
  });
  const read = segments.map((bytes) => {
    const result = codec.decode(bytes);
    if (!result.ok) throw new Error('a segment cannot be read');
    return result.value;
  });
  return { segments: read, sizes: segments.map(({ length }) => length), chain };
}

describe('auditBatch', () => {
  it('is one segment where that fits', () => {
    const { segments, chain } = audit(100, 1_000_000);
    expect(segments.map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset])).toEqual([[10, 219]]);
    expect(chain).toBe(segments[0]!.hash);
  });

  it('is a chain of segments where it does not, which answer for every offset once', () => {
    const { segments, sizes, chain } = audit(1_000, 1_000);
    expect(segments.length).toBeGreaterThan(1);
    for (const size of sizes) expect(size).toBeLessThanOrEqual(1_000);
    let previous = GENESIS;
    let next = 10;
    for (const segment of segments) {
      expect(segment.previous).toBe(previous);
      expect(segment.firstOffset).toBe(next);
      expect(recomputeHash(segment, sha256Hex)).toBe(segment.hash);
      previous = segment.hash;
      next = segment.lastOffset + 1;
    }
    expect(next).toBe(2_020);
    expect(chain).toBe(previous);
    for (let index = 0; index < 1_000; index++) {
      const said = segments.flatMap((segment) => shapeAt(segment, 12 + 2 * index) ?? []);
      expect(said.map(({ deadLetter }) => deadLetter?.path)).toEqual([`field${index % 7}`]);
    }
  });

  it('waits, and says what to do, where not even one record fits', () => {
    const expected = {
      code: 'unavailable',
      retryable: true,
      fix: expect.stringContaining('max.message.bytes of lethe.audit'),
    };
    expect(() => audit(3, 100)).toThrow(expect.objectContaining(expected));
  });
});

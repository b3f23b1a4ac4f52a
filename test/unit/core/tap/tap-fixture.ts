/** Segments for `lethe tap`: what matters of them, the rest as workers write it. */
import { type AuditSegment, GENESIS, type Run, type SegmentContent } from '../../../../services/core/audit/segment.ts';
import { segment as tenOffsets, sealed } from '../audit/audit-fixture.ts';

/** Shapes: 0 both published, 1 withheld from clean.a, 2 a dead letter, 3 a tombstone that only clean.a gets. */
export function segmentOf(records: readonly Run[], more: Partial<SegmentContent> = {}): AuditSegment {
  const { hash: _, ...content } = tenOffsets('raw.a', 0, 0, GENESIS);
  const count = records.reduce((sum, run) => sum + run.skip + run.count, 0);
  const firstOffset = more.firstOffset ?? 0;
  return sealed({
    ...content,
    shapes: [
      ...content.shapes,
      {
        deadLetter: null,
        outputs: [
          { outcome: 'published', reason: 'tombstone', treatment: null },
          { outcome: 'withheld', reason: 'tombstone', treatment: null },
        ],
      },
    ],
    records,
    lastOffset: firstOffset + count - 1,
    ...more,
  });
}

/** Six published, one that holds no record, two withheld from one output, one dead letter. */
export const MIXED: readonly Run[] = [
  { skip: 0, count: 6, shape: 0 },
  { skip: 1, count: 2, shape: 1 },
  { skip: 0, count: 1, shape: 2 },
];

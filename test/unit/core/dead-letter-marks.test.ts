import { describe, expect, it } from 'vitest';
import { makeMemoryTopicReader } from '../../../services/adapters/memory/topic-reader.ts';
import { markText, type OffsetRange } from '../../../services/core/dead-letter-record.ts';
import { readMarks } from '../../../services/core/dead-letter-marks.ts';
import type { RawRecord } from '../../../services/core/transport.ts';

const HEAD = { 'lethe-mark': Buffer.from('replayed') };
const hash = (digit: string): string => digit.repeat(64);
const mark = (offset: number, replayed: readonly OffsetRange[], chains: Record<string, string> = {}): RawRecord => ({
  offset,
  timestamp: 1,
  key: null,
  value: Buffer.from(markText({ replayed, at: '2026-03-01T00:00:00Z', chains })),
  headers: HEAD,
});
const other = (offset: number): RawRecord => ({
  offset,
  timestamp: 1,
  key: null,
  value: Buffer.from('{}'),
  headers: {},
});
const marksOf = async (...partitions: RawRecord[][]) => {
  const reader = makeMemoryTopicReader({ 'lethe.dead-letters': partitions.map((records) => ({ records })) });
  let passed = 0;
  const marks = await readMarks(reader, await reader.bounds('lethe.dead-letters'), (offsets) => {
    passed += offsets;
  });
  return { ...marks, passed };
};

describe('marks of replays', () => {
  it('say which letters of their partition were replayed', async () => {
    const { isReplayed, passed } = await marksOf(
      [
        other(0),
        other(1),
        mark(2, [[0, 0]]),
        other(3),
        mark(9, [
          [1, 1],
          [3, 3],
        ]),
      ],
      [other(0), other(1)],
    );
    expect([0, 1, 2, 3, 4].map((offset) => isReplayed(0, offset))).toEqual([true, true, false, true, false]);
    expect([isReplayed(1, 0), isReplayed(7, 0)]).toEqual([false, false]);
    expect(passed).toBe(12);
  });

  it('give the heads of chains, and none where two partitions name different ones', async () => {
    const { heads } = await marksOf(
      [mark(1, [[0, 0]], { 'raw.x/0': hash('a'), 'raw.y/0': hash('b') }), mark(3, [[2, 2]], { 'raw.x/0': hash('c') })],
      [mark(1, [[0, 0]], { 'raw.y/0': hash('d'), 'raw.z/1': hash('e') }), mark(3, [[2, 2]], { 'raw.y/0': hash('f') })],
    );
    expect([...heads]).toEqual([
      ['raw.x/0', hash('c')],
      ['raw.y/0', null],
      ['raw.z/1', hash('e')],
    ]);
  });

  it('are reported where they cannot be read', async () => {
    const { unreadable } = await marksOf([{ ...other(4), headers: HEAD }], [other(1)]);
    expect(unreadable).toEqual(['lethe.dead-letters/0/4']);
  });
});

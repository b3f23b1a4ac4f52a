import { describe, expect, it } from 'vitest';
import { makeMemoryTopicReader } from '../../../services/adapters/memory/topic-reader.ts';
import { readReplayHeads } from '../../../services/core/replay-heads.ts';
import type { RawRecord } from '../../../services/core/transport.ts';

const KEY = 'lethe.dead-letters/raw.x/0';
const segment = (offset: number, key: string | null, link: string): RawRecord => ({
  offset,
  timestamp: 1,
  key: key === null ? null : Buffer.from(key),
  value: Buffer.from(link),
  headers: {},
});
const headsOf = async (...partitions: RawRecord[][]) => {
  const reader = makeMemoryTopicReader({ 'lethe.audit': partitions.map((records) => ({ records })) });
  return readReplayHeads(reader, await reader.bounds('lethe.audit'), (value) => {
    const [previous, hash] = Buffer.from(value).toString().split('>');
    return previous === undefined || hash === undefined ? null : { previous, hash };
  });
};

describe('heads of chains of replays', () => {
  it('are those of the last segments; segments of workers are not even read', async () => {
    const heads = await headsOf(
      [segment(0, 'raw.x/0', 'unreadable'), segment(1, KEY, '0>a'), segment(4, null, 'x'), segment(5, KEY, 'a>b')],
      [segment(0, 'lethe.dead-letters/raw.x/1', '0>c')],
    );
    expect([...heads]).toEqual([
      ['raw.x/0', 'b'],
      ['raw.x/1', 'c'],
    ]);
  });

  it.each([
    ['as they lie', [segment(0, KEY, '0>a'), segment(1, KEY, 'a>b')], [segment(0, KEY, 'b>c'), segment(1, KEY, 'c>d')]],
    [
      'the other way round',
      [segment(0, KEY, 'b>c'), segment(1, KEY, 'c>d')],
      [segment(0, KEY, '0>a'), segment(1, KEY, 'a>b')],
    ],
  ])('go on in another partition where the audit was given more of them: %s', async (_, first, second) => {
    expect((await headsOf(first, second)).get('raw.x/0')).toBe('d');
  });

  it('are not guessed at', async () => {
    await expect(headsOf([segment(3, KEY, 'half')])).rejects.toThrow('lethe.audit/0/3 is no audit segment');
  });
});

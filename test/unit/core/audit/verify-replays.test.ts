/** Chains of replays of dead letters: raw offsets in any order, each once, beside the chains of the workers. */
import { describe, expect, it } from 'vitest';
import { type AuditSegment, GENESIS } from '../../../../services/core/audit/segment.ts';
import { chainOf, entriesOf, interleaved, sealed, segment, short, verified } from './audit-fixture.ts';

const TOPIC = 'lethe.dead-letters/raw.a';

/** A batch of a replay: the records at `offsets`, which ascend. */
function replayOf(offsets: readonly number[], previous: string, dead = false, topic = TOPIC): AuditSegment {
  const [first = 0] = offsets;
  const like = segment(topic, 0, 0, previous);
  return sealed({
    ...like,
    firstOffset: first,
    lastOffset: offsets.at(-1) ?? 0,
    shapes: dead ? like.shapes : like.shapes.slice(0, 2),
    records: offsets.map((offset, index) => ({
      skip: index === 0 ? 0 : offset - offsets[index - 1]! - 1,
      count: 1,
      shape: dead ? 2 : 0,
    })),
  });
}
function replays(...batches: readonly (readonly number[])[]): AuditSegment[] {
  const chain: AuditSegment[] = [];
  for (const offsets of batches) chain.push(replayOf(offsets, chain.at(-1)?.hash ?? GENESIS));
  return chain;
}
const told = (segments: readonly AuditSegment[]): string[] => verified(entriesOf(segments)).findings.map(short);

describe('chains of replays', () => {
  it('hold, whatever the order of their offsets, beside the chain of the worker', () => {
    const chain = replays([19, 29, 79], [9, 49], [39]);
    const ran = verified(entriesOf(interleaved(chainOf('raw.a', 0, 8), chain)));
    expect(ran.findings).toEqual([]);
    const ends = ran.chains.map(({ topic, segments, records, firstOffset, lastOffset }) => [
      ...[topic, segments, records, firstOffset, lastOffset],
    ]);
    expect(ends).toEqual([
      [TOPIC, 3, 6, 9, 79],
      ['raw.a', 8, 72, 0, 79],
    ]);
  });

  it('tell of a record that was replayed twice', () => {
    expect(told(replays([19, 29, 79], [9, 29]))).toEqual([`offset_overlap ${TOPIC}/0 29-29 audit/0/1`]);
  });

  it('hold for corrections under the offsets of their requests, each once', () => {
    const topic = 'lethe.requests/raw.a';
    const first = replayOf([9], GENESIS, false, topic);
    const later = replayOf([40], first.hash, false, topic);
    expect(told([first, later])).toEqual([]);
    expect(told([first, replayOf([9], first.hash, false, topic)])).toEqual([`offset_overlap ${topic}/0 9-9 audit/0/1`]);
    const astray = entriesOf([first]).map((one) => ({ ...one, key: 'lethe.requests/raw.b/0' }));
    expect(verified(astray).findings.map(({ message }) => message)).toEqual([
      expect.stringContaining('lethe.requests/raw.b/0'),
    ]);
  });

  it('tell of a dead letter that a replay claims to have made', () => {
    expect(told([replayOf([9], GENESIS, true)])).toEqual([`inconsistent ${TOPIC}/0 9-9 audit/0/0`]);
  });

  it('tell of a segment that is gone, in the middle and at the beginning', () => {
    const chain = replays([19], [79], [9], [49]);
    expect(told(chain.toSpliced(1, 1))).toEqual([`dropped ${TOPIC}/0 9-49 audit/0/1`]);
    expect(told(chain.slice(1))).toEqual([`starts_late ${TOPIC}/0 9-9 audit/0/0`]);
  });

  it('tell of segments that were swapped, copied, altered or put in', () => {
    const [a, b, c] = replays([19], [79], [9]) as [AuditSegment, AuditSegment, AuditSegment];
    expect(told([b, a, c])).toEqual([`reordered ${TOPIC}/0 19-19 audit/0/1`]);
    expect(told([a, b, b, c])).toEqual([`doubled ${TOPIC}/0 79-79 audit/0/2`]);
    expect(told([a, { ...b, bundle: 'cd'.repeat(32) }, c])).toEqual([`altered ${TOPIC}/0 79-79 audit/0/1`]);
    expect(told([a, b, replayOf([5], a.hash), c])[0]).toMatch(/^forged /);
  });

  it('say nothing about raw offsets that a worker has to account for', () => {
    const accounted: string[] = [];
    const all = interleaved(chainOf('raw.a', 0, 1), replays([9]));
    verified(entriesOf(all), { accounted: ({ topic }) => void accounted.push(topic) });
    expect(accounted).toEqual(['raw.a']);
  });

  it('tell of a tail that was cut off after a checkpoint', () => {
    const chain = replays([79], [19], [9]);
    const { chains } = verified(entriesOf(chain));
    const checkpoint = { chains } as never;
    expect(verified(entriesOf(chain), { checkpoint }).findings).toEqual([]);
    expect(verified(entriesOf(chain.slice(0, 2)), { checkpoint }).findings.map(({ kind }) => kind)).toEqual([
      'truncated',
    ]);
  });

  it('are not kept busy by a segment of more records than there can be', () => {
    const like = replayOf([0], GENESIS);
    const huge = sealed({ ...like, lastOffset: 2 ** 52, records: [{ skip: 0, count: 2 ** 52, shape: 0 }] });
    expect(told([huge])).toEqual([`inconsistent ${TOPIC}/0 0-${2 ** 52} audit/0/0`]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../../../services/core/audit/checkpoint.ts';
import { type AuditSegment, GENESIS } from '../../../../services/core/audit/segment.ts';
import type { AuditEntry } from '../../../../services/core/audit/verify.ts';
import {
  chainOf,
  entriesOf,
  interleaved,
  PER_SEGMENT,
  type Ran,
  RECORDS_PER_SEGMENT,
  sealed,
  segment,
  short,
  verified,
} from './audit-fixture.ts';

const A = chainOf('raw.a', 0, 6);
const B = chainOf('raw.a', 1, 6);
/** Alone in the audit topic, so that segment n stands at offset n. */
const alone = (change: (segments: AuditSegment[]) => unknown, options = {}): Ran => {
  const segments = [...A];
  change(segments);
  return verified(entriesOf(segments), options);
};
const told = ({ findings }: Ran): string[] => findings.map(short);
const messages = ({ findings }: Ran): string => findings.map(({ message }) => message).join('\n');

/** What a checkpoint after segment `index` of the chains says. */
const checkpointAt = (index: number, ...chains: readonly (readonly AuditSegment[])[]): Checkpoint => ({
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
    const { topic, partition, lastOffset, hash } = chain[index]!;
    const records = (index + 1) * RECORDS_PER_SEGMENT;
    const at = { partition: 0, offset: index };
    return { topic, partition, firstOffset: 0, lastOffset, head: hash, segments: index + 1, records, at };
  }),
});

describe('a whole audit', () => {
  it('of several chains, interleaved, is told as it is', () => {
    const run = verified(entriesOf(interleaved(A, B, chainOf('raw.b', 0, 2))));
    expect(told(run)).toEqual([]);
    expect({ segments: run.segments, records: run.records }).toEqual({
      segments: 14,
      records: 14 * RECORDS_PER_SEGMENT,
    });
    expect(
      run.chains.map(({ topic, partition, firstOffset, lastOffset, segments, head }) => [
        ...[topic, partition, firstOffset, lastOffset, segments, head],
      ]),
    ).toEqual([
      ['raw.a', 0, 0, 59, 6, A[5]!.hash],
      ['raw.a', 1, 0, 59, 6, B[5]!.hash],
      ['raw.b', 0, 0, 19, 2, expect.any(String)],
    ]);
    expect(run.chains[2]!.verified).toEqual({
      segments: 2,
      records: 18,
      outputs: {
        'clean.a': { published: 12, withheld: { consent_missing: 4 } },
        'clean.f': { published: 16, withheld: {} },
      },
      deadLetters: { action_failed: 2 },
    });
  });

  it('may be spread over partitions of the audit topic, in any order of reading', () => {
    // The audit topic was given more partitions twice: the later part of the chain is in a partition that is read first.
    const entries: AuditEntry[] = [...A.slice(4), ...A.slice(0, 2), ...A.slice(2, 4)].map((one, index) => ({
      at: { partition: index < 2 ? 0 : index < 4 ? 1 : 2, offset: index },
      key: 'raw.a/0',
      segment: one,
      exact: true,
    }));
    const run = verified(entries);
    expect(told(run)).toEqual([]);
    expect(run.chains).toMatchObject([{ firstOffset: 0, lastOffset: 59, segments: 6, head: A[5]!.hash }]);
  });

  it('that is empty proves nothing', () => {
    expect(told(verified([]))).toEqual(['empty - - -']);
  });
});

const other = segment('raw.a', 0, 3, A[2]!.hash);
const changed = (over: Partial<AuditSegment>): AuditSegment => ({ ...other, ...over });
/** Another decision, and the hash that goes with it. */
const forged = sealed({ ...other, records: [{ skip: 0, count: 9, shape: 0 }] });

/** Tampering, what is done to the six segments, what is told. */
const TAMPERING: [string, (segments: AuditSegment[]) => unknown, string[]][] = [
  ['a decision flipped', (s) => (s[3] = changed({ records: forged.records })), ['altered raw.a/0 30-39 audit/0/3']],
  ['a hash flipped', (s) => (s[3] = changed({ hash: 'f'.repeat(64) })), ['altered raw.a/0 30-39 audit/0/3']],
  ['a predecessor flipped', (s) => (s[3] = changed({ previous: 'f'.repeat(64) })), ['altered raw.a/0 30-39 audit/0/3']],
  ['a first offset flipped', (s) => (s[3] = changed({ firstOffset: 31 })), ['altered raw.a/0 31-39 audit/0/3']],
  ['a last offset flipped', (s) => (s[3] = changed({ lastOffset: 99 })), ['altered raw.a/0 30-99 audit/0/3']],
  ['a topic flipped', (s) => (s[3] = changed({ topic: 'raw.z' })), ['altered raw.a/0 30-39 audit/0/3']],
  ['a partition flipped', (s) => (s[3] = changed({ partition: 1 })), ['altered raw.a/0 30-39 audit/0/3']],
  ['the first one altered', (s) => (s[0] = { ...s[0]!, bundle: 'x' }), ['altered raw.a/0 0-9 audit/0/0']],
  ['the last one altered', (s) => (s[5] = { ...s[5]!, bundle: 'x' }), ['altered raw.a/0 50-59 audit/0/5']],
  ['one dropped', (s) => s.splice(3, 1), ['dropped raw.a/0 30-39 audit/0/3']],
  ['several dropped', (s) => s.splice(1, 3), ['dropped raw.a/0 10-39 audit/0/1']],
  [
    'two drops',
    (s) => [s.splice(4, 1), s.splice(1, 1)],
    ['dropped raw.a/0 10-19 audit/0/1', 'dropped raw.a/0 40-49 audit/0/3'],
  ],
  ['the first dropped', (s) => s.splice(0, 1), ['starts_late raw.a/0 10-10 audit/0/0']],
  ['neighbours swapped', (s) => s.splice(2, 2, s[3]!, s[2]!), ['reordered raw.a/0 20-29 audit/0/3']],
  ['the first two swapped', (s) => s.splice(0, 2, s[1]!, s[0]!), ['reordered raw.a/0 0-9 audit/0/1']],
  ['one moved to the end', (s) => s.push(...s.splice(1, 1)), ['reordered raw.a/0 10-19 audit/0/5']],
  ['one moved to the front', (s) => s.unshift(...s.splice(4, 1)), ['reordered raw.a/0 30-39 audit/0/4']],
  ['one doubled', (s) => s.splice(3, 0, s[2]!), ['doubled raw.a/0 20-29 audit/0/3']],
  ['one doubled later', (s) => s.push(s[1]!), ['doubled raw.a/0 10-19 audit/0/6']],
  ['the first doubled', (s) => s.push(s[0]!), ['doubled raw.a/0 0-9 audit/0/6']],
  ['one replaced, with the right hash', (s) => (s[3] = forged), ['forged raw.a/0 30-39 audit/0/3']],
  ['one put in beside another', (s) => s.splice(3, 0, forged), ['forged raw.a/0 30-39 audit/0/4']],
  [
    'one put in that nothing leads to',
    (s) => s.push(sealed({ ...s[5]!, firstOffset: 60, lastOffset: 69, previous: 'f'.repeat(64) })),
    ['forged raw.a/0 50-59 audit/0/5'],
  ],
  [
    'an older stretch replaced by one that ends too early',
    (s) => s.splice(2, 2, sealed({ ...other, firstOffset: 20, lastOffset: 29, previous: s[1]!.hash })),
    ['dropped raw.a/0 30-39 audit/0/3'],
  ],
  [
    'offsets left out within the chain',
    (s) => s.splice(3, 3, sealed({ ...other, firstOffset: 35, lastOffset: 45 })),
    ['offset_gap raw.a/0 30-34 audit/0/3'],
  ],
  [
    'offsets taken twice within the chain',
    (s) => s.splice(3, 3, sealed({ ...other, firstOffset: 25, lastOffset: 45 })),
    ['offset_overlap raw.a/0 25-29 audit/0/3'],
  ],
  ['a chain begun anew', (s) => s.push(...chainOf('raw.a', 0, 3, 6)), ['second_chain raw.a/0 60-89 audit/0/6']],
  [
    'runs that go too far',
    (s) => s.splice(3, 3, sealed({ ...other, records: [{ skip: 0, count: 11, shape: 0 }] })),
    ['inconsistent raw.a/0 30-39 audit/0/3'],
  ],
  [
    'a shape that is not there',
    (s) => s.splice(3, 3, sealed({ ...other, records: [{ skip: 0, count: 1, shape: 3 }] })),
    ['inconsistent raw.a/0 30-39 audit/0/3'],
  ],
];

describe('tampering is found and named', () => {
  it.each(TAMPERING)('%s', (_, tamper, expected) => {
    expect(told(alone(tamper))).toEqual(expected);
  });

  it.each(TAMPERING)('and so among other chains: %s', (_, tamper, expected) => {
    const segments = [...A];
    tamper(segments);
    const run = verified(entriesOf(interleaved(B, segments, chainOf('raw.b', 0, 9))));
    const names = (all: readonly string[]) => all.map((one) => one.split(' ').slice(0, 3).join(' '));
    expect(names(told(run))).toEqual(names(expected));
  });

  it('two consumer groups on one topic: two chains from genesis, however they mix', () => {
    const group = chainOf('raw.a', 0, 6).map((one) => one);
    const second: AuditSegment[] = [];
    for (const one of group)
      second.push(sealed({ ...one, decidedAt: one.decidedAt + 1, previous: second.at(-1)?.hash ?? GENESIS }));
    const run = verified(entriesOf(interleaved(group, second)));
    expect(told(run)).toEqual(['second_chain raw.a/0 0-59 audit/0/1']);
    expect(messages(run)).toContain('LETHE_GROUP_ID');
  });

  it('a segment under the key of another partition', () => {
    const entries = entriesOf(interleaved(A, B));
    const run = verified(entries.map((entry, index) => (index === 4 ? { ...entry, key: 'raw.a/1' } : entry)));
    expect(told(run)).toEqual(['misplaced raw.a/0 20-29 audit/0/4']);
  });

  it('a segment moved into the chain of another partition, with a hash that fits', () => {
    const segments = interleaved(A, B);
    segments[6] = sealed({ ...A[3]!, partition: 1 });
    const run = verified(entriesOf(segments));
    expect(told(run)).toEqual(['misplaced raw.a/1 30-39 audit/0/6', 'dropped raw.a/0 30-39 audit/0/8']);
    expect(messages(run)).toContain('raw.a/0');
  });

  it('a record that is no segment', () => {
    const entries: AuditEntry[] = entriesOf(A);
    entries[2] = { at: { partition: 0, offset: 2 }, key: 'raw.a/0', segment: null, problem: 'it is damaged' };
    expect(told(verified(entries))).toEqual(['undecodable - - audit/0/2', 'dropped raw.a/0 20-29 audit/0/3']);
  });

  it('a line that says more than its hash covers', () => {
    const entries = entriesOf(A).map((entry, index) => (index === 2 ? { ...entry, exact: false } : entry));
    expect(told(verified(entries as AuditEntry[]))).toEqual(['altered raw.a/0 20-29 audit/0/2']);
  });

  it('more loose ends than are held at a time', () => {
    const long = chainOf('raw.a', 0, 400);
    const run = verified(entriesOf(long.filter((_, index) => index % 2 === 0)));
    expect(run.findings).toHaveLength(199);
    expect(new Set(run.findings.map(({ kind }) => kind))).toEqual(new Set(['dropped']));
    expect(run.chains).toMatchObject([{ firstOffset: 0, lastOffset: 398 * PER_SEGMENT + 9, segments: 200 }]);
  });
});

describe('held against a checkpoint', () => {
  const checkpoint = checkpointAt(3, A, B);
  const full = { checkpoint };
  const resumed = { checkpoint, resumed: true };

  it('a whole audit passes, read from the beginning or from there, and comes to the same', () => {
    const all = verified(entriesOf(interleaved(A, B)), full);
    const rest = verified(entriesOf(interleaved(A.slice(4), B.slice(4)), 8), resumed);
    expect([told(all), told(rest)]).toEqual([[], []]);
    const ends = ({ chains }: Ran) =>
      chains.map(({ head, lastOffset, segments, records }) => ({ head, lastOffset, segments, records }));
    expect(ends(rest)).toEqual(ends(all));
    expect(rest.segments).toBe(4);
    expect(rest.chains[0]).toMatchObject({ segments: 6, records: 6 * RECORDS_PER_SEGMENT });
  });

  it('nothing new is well too', () => {
    expect(told(verified([], resumed))).toEqual([]);
    expect(told(verified(entriesOf(interleaved(A.slice(0, 4), B.slice(0, 4))), full))).toEqual([]);
  });

  it.each([1, 2, 3, 4])('segments older than number %d are gone, and covered', (from) => {
    const run = verified(entriesOf(interleaved(A.slice(from), B)), full);
    expect(told(run)).toEqual([]);
    expect(run.chains[0]).toMatchObject({ firstOffset: 0, segments: 6, records: 6 * RECORDS_PER_SEGMENT });
  });

  it.each([1, 2, 3])('the tail after %d segments is cut off', (left) => {
    const run = verified(entriesOf(interleaved(A.slice(0, left), B)), full);
    expect(told(run)).toEqual([`truncated raw.a/0 ${left * 10}-39 audit/0/${left * 2 - 2}`]);
  });

  it('a partition of which nothing is left', () => {
    expect(told(verified(entriesOf(B), full))).toEqual(['truncated raw.a/0 0-39 -']);
  });

  it('the whole chain is written anew: only the checkpoint shows it', () => {
    const anew: AuditSegment[] = [];
    for (const one of A) anew.push(sealed({ ...one, bundle: 'cd'.repeat(32), previous: anew.at(-1)?.hash ?? GENESIS }));
    expect(told(verified(entriesOf(interleaved(anew, B))))).toEqual([]);
    expect(told(verified(entriesOf(interleaved(anew, B)), full))).toEqual(['rewritten raw.a/0 0-39 -']);
    expect(told(verified(entriesOf(interleaved(anew.slice(4), B.slice(4))), resumed))).toEqual([
      'forged raw.a/0 39-39 audit/0/3',
    ]);
  });

  it('cut off and gone on elsewhere', () => {
    const run = verified(entriesOf(interleaved(A.slice(5), B.slice(4))), resumed);
    expect(told(run)).toEqual(['dropped raw.a/0 40-49 audit/0/0']);
  });

  it('what is covered comes again', () => {
    const run = verified(entriesOf([...A.slice(4), A[3]!, ...A.slice(0, 3)], 4), {
      checkpoint: checkpointAt(3, A),
      resumed: true,
    });
    expect(told(run)).toEqual(['doubled raw.a/0 30-39 audit/0/6', 'doubled raw.a/0 0-29 audit/0/7']);
  });

  it('its last segment is altered', () => {
    const run = verified(entriesOf(A.map((one, index) => (index === 3 ? { ...one, bundle: 'x' } : one))), {
      checkpoint: checkpointAt(3, A),
    });
    expect(told(run)).toEqual(['altered raw.a/0 30-39 audit/0/3']);
  });
});

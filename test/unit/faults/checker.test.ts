/** The fault suite's checker is itself put to the test: a sound state passes, and each planted breach is found. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type AuditSegment,
  GENESIS,
  recomputeHash,
  type SegmentContent,
} from '../../../services/core/audit/segment.ts';
import { CANARY, check, INVARIANTS, type Invariant } from '../../faults/checker.ts';
import type { Evidence, Published } from '../../faults/evidence.ts';

const TOPIC = 'raw.t';
const [A, F] = ['clean.t.a', 'clean.t.f'];
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

type Fate = 'both' | 'fraud only' | 'analytics only' | 'dead';
const SHAPES: readonly Fate[] = ['both', 'fraud only', 'analytics only', 'dead'];
const shapeOf = (fate: Fate): SegmentContent['shapes'][number] => {
  if (fate === 'dead') return { deadLetter: { code: 'undecodable', path: null }, outputs: [] };
  const published = { outcome: 'published', reason: null, treatment: 0 } as const;
  return {
    deadLetter: null,
    outputs: [
      fate === 'fraud only' ? { outcome: 'withheld', reason: 'consent_missing', treatment: null } : published,
      fate === 'analytics only' ? { outcome: 'withheld', reason: 'objected', treatment: null } : published,
    ],
  };
};

/** Who wrote what: the subject of each raw record, and what became of it. */
const RECORDS: readonly (readonly [subject: string | null, fate: Fate])[] = [
  ['agrees', 'both'],
  ['silent', 'fraud only'],
  [null, 'dead'],
  ['objects', 'analytics only'],
  ['leaves', 'both'],
  ['agrees', 'both'],
  ['leaves', 'fraud only'],
  ['silent', 'fraud only'],
];
const PER_SEGMENT = 2;
/** The withdrawal of `leaves` lies at this offset of feed partition 3, seen from the last segment on. */
const WITHDRAWN_AT = 7;

function chain(partition: number, fates: readonly Fate[], watermark: (segment: number) => string): AuditSegment[] {
  let previous = GENESIS;
  return Array.from({ length: fates.length / PER_SEGMENT }, (_, index) => {
    const firstOffset = index * PER_SEGMENT;
    const content: SegmentContent = {
      ...{ topic: TOPIC, partition, firstOffset, lastOffset: firstOffset + PER_SEGMENT - 1, bundle: 'b', previous },
      ...{ watermark: watermark(index), decidedAt: 1, outputs: [A, F], treatments: [[]], shapes: SHAPES.map(shapeOf) },
      records: fates
        .slice(firstOffset, firstOffset + PER_SEGMENT)
        .map((fate) => ({ skip: 0, count: 1, shape: SHAPES.indexOf(fate) })),
    };
    const segment = { ...content, hash: recomputeHash(content, sha256) };
    previous = segment.hash;
    return segment;
  });
}

const mark = (segment: number): string => JSON.stringify({ at: 1, offsets: { 3: String(segment < 3 ? 5 : 8) } });

function sound(fates: readonly Fate[] = RECORDS.map(([, fate]) => fate)) {
  const publishedTo = (of: (fate: Fate) => boolean): Published[] =>
    [0, 1].flatMap((partition) =>
      fates.flatMap((fate, offset) =>
        of(fate) ? [{ partition, offset: offset * 10, source: `${TOPIC}/${partition}/${offset}` }] : [],
      ),
    );
  return {
    topic: TOPIC,
    raw: [0, 1].flatMap((partition) => RECORDS.map(([subject], offset) => ({ partition, offset, subject }))),
    deletedUpTo: [0, 0],
    outputs: [
      {
        topic: A,
        kind: 'analytics' as const,
        records: publishedTo((fate) => fate === 'both' || fate === 'analytics only'),
      },
      { topic: F, kind: 'fraud' as const, records: publishedTo((fate) => fate === 'both' || fate === 'fraud only') },
    ],
    segments: [0, 1].flatMap((partition) => chain(partition, fates, mark)),
    deadLetters: publishedTo((fate) => fate === 'dead').map(({ source }) => source),
    subjects: new Map([
      ['agrees', { analytics: 'granted' as const, fraud: 'nothing' as const }],
      ['silent', { analytics: 'nothing' as const, fraud: 'nothing' as const }],
      ['objects', { analytics: 'granted' as const, fraud: 'objected' as const }],
      [
        'leaves',
        {
          ...{ analytics: 'granted' as const, fraud: 'nothing' as const },
          withdrawal: { feed: { partition: 3, offset: WITHDRAWN_AT }, acknowledgedAt: [6, 6] },
        },
      ],
    ]),
    sinks: [{ name: 'a log', bytes: Buffer.from('nothing of anybody') }],
    unreadableSentinels: [],
    progress: [0.4, 15],
  } satisfies Evidence;
}

type Sound = ReturnType<typeof sound>;
type Change = (evidence: Sound) => Evidence;

const withOutput = (evidence: Sound, change: (records: Published[]) => Published[]): Evidence => ({
  ...evidence,
  outputs: evidence.outputs.map((output, index) =>
    index === 0 ? { ...output, records: change(output.records) } : output,
  ),
});

const holding =
  (bytes: Buffer): Change =>
  (evidence) => ({
    ...evidence,
    sinks: [
      ...evidence.sinks,
      { name: 'clean.t.a-0/0.log', bytes: Buffer.concat([Buffer.from('xx'), bytes, Buffer.from('yy')]) },
    ],
  });

/** Record `at` of both partitions came out otherwise: segments and outputs agree, consents do not. */
const otherwise =
  (at: number, fate: Fate): Change =>
  () =>
    sound(RECORDS.map(([, right], index) => (index === at ? fate : right)));

const BREACHES: readonly (readonly [name: string, invariant: Invariant, plant: Change])[] = [
  ['a record lost from an output', 'once', (all) => withOutput(all, (records) => records.slice(1))],
  [
    'a record doubled in an output',
    'once',
    (all) => withOutput(all, (records) => [...records, { ...records.at(-1)!, offset: 990 }]),
  ],
  [
    'a record in an output that the trail says was withheld',
    'once',
    (all) => withOutput(all, (records) => [...records, { partition: 1, offset: 990, source: `${TOPIC}/1/7` }]),
  ],
  [
    'a raw record that no segment answers for',
    'once',
    (all) => ({ ...all, raw: [...all.raw, { partition: 0, offset: 8, subject: 'agrees' }] }),
  ],
  ['a decision about a record that there is not', 'once', (all) => ({ ...all, raw: all.raw.slice(0, -1) })],
  ['a segment missing from the chain', 'once', (all) => ({ ...all, segments: all.segments.toSpliced(1, 1) })],
  ['a segment written twice', 'once', (all) => ({ ...all, segments: all.segments.toSpliced(1, 0, all.segments[1]!) })],
  [
    'a segment altered',
    'once',
    (all) => ({ ...all, segments: all.segments.toSpliced(0, 1, { ...all.segments[0]!, decidedAt: 2 }) }),
  ],
  ['a dead letter lost', 'once', (all) => ({ ...all, deadLetters: all.deadLetters.slice(1) })],
  ['a dead letter doubled', 'once', (all) => ({ ...all, deadLetters: [...all.deadLetters, all.deadLetters[0]!] })],
  [
    'two records of a partition swapped',
    'order',
    (all) =>
      withOutput(all, ([one, two, ...rest]) => [
        { ...one!, source: two!.source },
        { ...two!, source: one!.source },
        ...rest,
      ]),
  ],
  [
    'a record in another partition',
    'order',
    (all) => withOutput(all, ([one, ...rest]) => [{ ...one!, partition: 1, offset: 0.5 }, ...rest]),
  ],
  ['a canary in a segment file', 'no canary', holding(Buffer.from(`user.${CANARY}@example.com`))],
  [
    'a canary in base64',
    'no canary',
    holding(Buffer.from(Buffer.from(`"e":"${CANARY}@example.com"`).toString('base64'))),
  ],
  ['a canary in hex', 'no canary', holding(Buffer.from(Buffer.from(CANARY).toString('hex')))],
  ['a plain hash of the canary', 'no canary', holding(Buffer.from(sha256(CANARY)))],
  ['a partition that stands still', 'progress', (all) => ({ ...all, progress: [0.4, null] })],
  ['a partition that goes on too late', 'progress', (all) => ({ ...all, progress: [15.1, 0.4] })],
  [
    'a sentinel behind an open transaction',
    'no hanging transaction',
    (all) => ({ ...all, unreadableSentinels: [`${A}/1`] }),
  ],
  ['somebody published who said nothing', 'consent', otherwise(1, 'both')],
  ['somebody published who objected', 'consent', otherwise(3, 'both')],
  ['somebody withheld who agreed', 'consent', otherwise(0, 'fraud only')],
  ['somebody withheld where nobody objected', 'consent', otherwise(1, 'dead')],
  ['a record published that nobody can read', 'consent', otherwise(2, 'both')],
  ['a consent older than the watermark', 'consent', otherwise(6, 'both')],
  [
    'a consent withdrawn before the record was produced, under an old watermark',
    'consent',
    () => {
      const stale = sound(RECORDS.map(([, fate], index) => (index === 6 ? 'both' : fate)));
      const fates = RECORDS.map(([, fate], index) => (index === 6 ? 'both' : fate));
      const old = (): string => JSON.stringify({ at: 1, offsets: { 3: '5' } });
      return { ...stale, segments: [0, 1].flatMap((partition) => chain(partition, fates, old)) };
    },
  ],
  [
    'a watermark that went back',
    'consent',
    (all) => {
      const back = (segment: number): string =>
        JSON.stringify({ at: 1, offsets: { 3: String(segment === 3 ? 8 : 9) } });
      const fates = RECORDS.map(([, fate], index) => (index === 4 ? 'fraud only' : fate));
      return { ...sound(fates), raw: all.raw, segments: [0, 1].flatMap((partition) => chain(partition, fates, back)) };
    },
  ],
  [
    'a decision under no watermark',
    'consent',
    (all) => {
      const content = { ...all.segments.at(-1)!, watermark: null };
      return { ...all, segments: [...all.segments.slice(0, -1), { ...content, hash: recomputeHash(content, sha256) }] };
    },
  ],
];

describe('the checker', () => {
  it('finds nothing wrong with a sound state', () => {
    expect(check(sound())).toEqual([]);
  });

  it.each(BREACHES)('finds %s', (_name, invariant, plant) => {
    expect(new Set(check(plant(sound())).map((breach) => breach.invariant))).toEqual(new Set([invariant]));
  });

  it('is put to the test in every invariant', () => {
    expect(new Set(BREACHES.map(([, invariant]) => invariant))).toEqual(new Set(INVARIANTS));
  });

  it('takes a range that was deleted unread for no loss, and nothing beside it', () => {
    const all = sound();
    const late = chain(
      1,
      RECORDS.map(([, fate]) => fate),
      mark,
    ).slice(2);
    // The operator reset the group: the chain of partition 1 begins at offset 4, from the start.
    let previous = GENESIS;
    const restarted = late.map((one) => {
      const segment = { ...one, previous };
      previous = recomputeHash(segment, sha256);
      return { ...segment, hash: previous };
    });
    const outputs = all.outputs.map((output) => ({
      ...output,
      records: output.records.filter(({ source }) => !/\/1\/[0-3]$/.test(source)),
    }));
    const deleted = {
      ...{
        ...all,
        outputs,
        deadLetters: all.deadLetters.slice(0, 1),
        raw: all.raw.filter((one) => one.partition === 0 || one.offset >= 4),
      },
      segments: [...all.segments.slice(0, 4), ...restarted],
    };
    expect(check({ ...deleted, deletedUpTo: [0, 4] })).toEqual([]);
    expect(check(deleted).map(({ invariant }) => invariant)).toContain('once');
  });

  it('shows a few of many breaches and how many more there are', () => {
    const shown = check({ ...sound(), raw: [] }).filter(({ invariant }) => invariant === 'once');
    expect(shown).toHaveLength(6);
    expect(shown.at(-1)?.what).toBe('and 11 more');
  });
});

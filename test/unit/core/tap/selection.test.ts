import { describe, expect, it } from 'vitest';
import { decisionsOf } from '../../../../services/core/tap/decision.ts';
import { hitsOf, type Selection } from '../../../../services/core/tap/selection.ts';
import { MIXED, segmentOf } from './tap-fixture.ts';

const ALL: Selection = { topic: 'raw.a', output: null, outcome: null, reason: null };
const segment = segmentOf(MIXED);
/** `offset output outcome`. */
const told = (selection: Partial<Selection>, of = segment): string[] =>
  [...hitsOf(of, { ...ALL, ...selection })]
    .flatMap(decisionsOf)
    .map(({ source, output, outcome }) => `${source.split('/').at(-1)} ${output ?? '-'} ${outcome}`);

describe('what is selected', () => {
  it('is every decision of the raw topic, and none of another one', () => {
    expect(told({})).toEqual([
      ...[0, 1, 2, 3, 4, 5].flatMap((offset) => [`${offset} clean.a published`, `${offset} clean.f published`]),
      ...[7, 8].flatMap((offset) => [`${offset} clean.a withheld`, `${offset} clean.f published`]),
      '9 - dead_lettered',
    ]);
    expect(told({ topic: 'raw.b' })).toEqual([]);
    expect(told({ topic: 'raw' })).toEqual([]);
  });

  it.each<[Partial<Selection>, string[]]>([
    [{ outcome: 'withheld' }, ['7 clean.a withheld', '8 clean.a withheld']],
    [{ reason: 'consent_missing' }, ['7 clean.a withheld', '8 clean.a withheld']],
    [{ outcome: 'dead_lettered' }, ['9 - dead_lettered']],
    [{ reason: 'action_failed' }, ['9 - dead_lettered']],
    [{ output: 'clean.a', outcome: 'withheld' }, ['7 clean.a withheld', '8 clean.a withheld']],
    [{ output: 'clean.f', outcome: 'withheld' }, []],
    [{ output: 'clean.x' }, []],
    [{ output: 'clean.a', reason: 'action_failed' }, []],
    [{ reason: 'undecodable' }, []],
    [{ reason: 'objected' }, []],
  ])('%j', (selection, expected) => {
    expect(told(selection)).toEqual(expected);
  });

  it('an output leaves dead letters out', () => {
    expect(told({ output: 'clean.f' })).toHaveLength(8);
  });

  it('costs nothing where nothing of a run is selected, however long it is', () => {
    const long = segmentOf([
      { skip: 0, count: 4e15, shape: 0 },
      { skip: 3, count: 1, shape: 2 },
    ]);
    expect(told({ outcome: 'dead_lettered' }, long)).toEqual(['4000000000000003 - dead_lettered']);
  });
});

describe('a decision', () => {
  const first = (topic: string) =>
    decisionsOf([...hitsOf(segmentOf([{ skip: 0, count: 1, shape: 0 }], { topic }), ALL)][0]!)[0];

  it('has what the segment says, and nothing of a shadow', () => {
    expect(first('raw.a')).toEqual({
      decidedAt: 1_748_736_000_000,
      ...{ source: 'raw.a/0/0', by: 'worker', bundle: 'ab'.repeat(32) },
      ...{ output: 'clean.a', outcome: 'published', reason: null, path: null },
      forms: [
        { path: 'id', effect: 'keep' },
        { path: 'e', effect: 'mask' },
      ],
    });
  });

  it('says where replays and corrections come from', () => {
    expect(first('lethe.dead-letters/raw.a')).toMatchObject({ source: 'raw.a/0/0', by: 'replay' });
    expect(first('lethe.requests/raw.a')).toMatchObject({ source: 'lethe.requests/0/0', by: 'correction' });
  });
});

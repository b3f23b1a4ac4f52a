import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Decided,
  deadLettered,
  type OutputDecision,
  type PublishedOutput,
  type RecordDecision,
} from '../../../../services/core/engine.ts';
import { DEAD_LETTER_CODES, WITHHELD_REASONS, type WithheldReason } from '../../../../services/core/outcome.ts';
import type { RoutePlan } from '../../../../services/core/policy/plan.ts';
import { makeComparison } from '../../../../services/core/shadow/comparison.ts';
import { DIVERGENCE_KINDS } from '../../../../services/core/shadow/divergence.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const published = (change: Partial<PublishedOutput> = {}): PublishedOutput => ({
  ...{ kind: 'published', variant: null, reason: null, value: bytes('{"a":1}'), key: 'k' },
  headers: [
    { name: 'trace', values: [bytes('1'), bytes('2')] },
    { name: 'span', values: [bytes('3')] },
  ],
  ...change,
});
const withheld = (reason: WithheldReason = 'consent_missing'): OutputDecision => ({ kind: 'withheld', reason });
const decided = (...outputs: OutputDecision[]): Decided => ({ kind: 'decided', plan: {} as RoutePlan, outputs });
const bad = deadLettered({ code: 'action_failed', path: 'mail' });

/** The kinds found for one record, by output. */
function kinds(
  now: RecordDecision,
  candidate: RecordDecision | null,
  topics: { active?: string[]; candidate?: string[] } = {},
): Record<string, string[]> {
  const { active = ['a'], candidate: theirs = ['a'] } = topics;
  const comparison = makeComparison({ active, candidate: theirs, records: 1 });
  comparison.compare(0, now, candidate);
  const found: Record<string, string[]> = {};
  for (const { output, kind, count } of comparison.between(0, 1)) {
    expect(count).toBe(1);
    (found[output] ??= []).push(kind);
  }
  return found;
}

describe('a record under both bundles', () => {
  it.each<[string, RecordDecision, RecordDecision, string[]]>([
    ['withheld, published', decided(withheld()), decided(published()), ['newly_published']],
    ['published, withheld', decided(published()), decided(withheld()), ['newly_withheld']],
    ['withheld alike', decided(withheld()), decided(withheld()), []],
    ['withheld for another reason', decided(withheld()), decided(withheld('opted_out')), ['reason_changed']],
    ['published alike', decided(published()), decided(published()), []],
    ['another value', decided(published()), decided(published({ value: bytes('{"a":2}') })), ['value_changed']],
    ['a longer value', decided(published()), decided(published({ value: bytes('{"a":1} ') })), ['value_changed']],
    ['a value and a tombstone', decided(published()), decided(published({ value: null })), ['value_changed']],
    ['tombstones', decided(published({ value: null })), decided(published({ value: null })), []],
    ['another key', decided(published()), decided(published({ key: 'j' })), ['key_changed']],
    ['no key', decided(published()), decided(published({ key: null })), ['key_changed']],
    ['a header less', decided(published()), decided(published({ headers: [] })), ['headers_changed']],
    [
      'headers in another order',
      decided(published()),
      decided(published({ headers: published().headers.toReversed() })),
      [],
    ],
    [
      'a header of another name',
      decided(published()),
      decided(published({ headers: published().headers.map(({ values }) => ({ name: 'other', values })) })),
      ['headers_changed'],
    ],
    [
      'a header with a value less',
      decided(published()),
      decided(published({ headers: [{ name: 'trace', values: [bytes('1')] }, published().headers[1]!] })),
      ['headers_changed'],
    ],
    [
      'a header with another value',
      decided(published()),
      decided(published({ headers: [{ name: 'trace', values: [bytes('1'), bytes('9')] }, published().headers[1]!] })),
      ['headers_changed'],
    ],
    [
      'all at once',
      decided(published()),
      decided(published({ reason: 'objected', value: bytes(''), key: 'j', headers: [] })),
      ['reason_changed', 'value_changed', 'key_changed', 'headers_changed'],
    ],
    ['decided, dead-lettered', decided(published()), bad, ['newly_dead_lettered']],
    ['withheld, dead-lettered', decided(withheld()), bad, ['newly_dead_lettered']],
    ['dead-lettered, withheld', bad, decided(withheld()), ['no_longer_dead_lettered']],
    ['dead-lettered, published', bad, decided(published()), ['newly_published', 'no_longer_dead_lettered']],
    ['dead-lettered alike', bad, deadLettered({ code: 'action_failed', path: 'other' }), []],
    ['another code', bad, deadLettered({ code: 'too_large', path: null }), ['reason_changed']],
  ])('%s', (_name, now, candidate, expected) => {
    expect(kinds(now, candidate)).toEqual(expected.length === 0 ? {} : { a: expected });
  });

  it.each<[string, RecordDecision, RecordDecision | null, string[], string[], Record<string, string[]>]>([
    [
      'a new output that gets it',
      decided(withheld()),
      decided(withheld(), published()),
      ['a'],
      ['a', 'b'],
      { b: ['output_added'] },
    ],
    ['a new output that gets nothing', decided(published()), decided(published(), withheld()), ['a'], ['a', 'b'], {}],
    [
      'a new output, and a dead letter now',
      bad,
      decided(published(), published()),
      ['a'],
      ['a', 'b'],
      { a: ['newly_published', 'no_longer_dead_lettered'], b: ['output_added'] },
    ],
    [
      'an output less that got it',
      decided(published(), published()),
      decided(published()),
      ['a', 'b'],
      ['a'],
      { b: ['output_removed'] },
    ],
    ['an output less that got nothing', decided(published(), withheld()), decided(published()), ['a', 'b'], ['a'], {}],
    [
      'an output less, and a dead letter then',
      decided(withheld(), published()),
      bad,
      ['a', 'b'],
      ['a'],
      { a: ['newly_dead_lettered'], b: ['output_removed'] },
    ],
    [
      'outputs in another order',
      decided(published(), withheld()),
      decided(withheld(), published()),
      ['a', 'b'],
      ['b', 'a'],
      {},
    ],
    ['no route', decided(published(), withheld()), null, ['a', 'b'], [], { a: ['output_removed'] }],
    ['no route, and a dead letter now', bad, null, ['a', 'b'], [], {}],
  ])('%s', (_name, now, candidate, active, theirs, expected) => {
    expect(kinds(now, candidate, { active, candidate: theirs })).toEqual(expected);
  });
});

describe('a batch under both bundles', () => {
  it('is counted by output and kind, as a whole and in parts', () => {
    const comparison = makeComparison({ active: ['b', 'a'], candidate: ['a', 'b', 'c'], records: 4 });
    comparison.compare(0, decided(published(), withheld()), decided(published(), withheld(), published()));
    comparison.compare(1, decided(published(), withheld()), decided(published(), published({ key: 'j' }), withheld()));
    comparison.compare(2, decided(published(), withheld()), decided(withheld(), published({ key: 'j' }), withheld()));
    comparison.compare(3, bad, bad);
    expect(comparison.between(0, 4)).toEqual([
      { output: 'b', kind: 'newly_withheld', count: 1 },
      { output: 'b', kind: 'key_changed', count: 2 },
      { output: 'a', kind: 'newly_published', count: 2 },
      { output: 'c', kind: 'output_added', count: 1 },
    ]);
    expect(comparison.between(2, 4)).toEqual([{ output: 'b', kind: 'key_changed', count: 1 }]);
    expect(comparison.between(3, 4)).toEqual([]);
    expect(comparison.between(4, 4)).toEqual([]);
  });

  it('that the candidate could not be asked about says so for each output, and nothing else', () => {
    const comparison = makeComparison({ active: ['a', 'b'], candidate: ['c', 'a'], records: 3 });
    comparison.compare(0, decided(withheld(), withheld()), decided(published(), published()));
    comparison.fail();
    expect(comparison.between(0, 3)).toEqual([
      { output: 'a', kind: 'failed', count: 3 },
      { output: 'b', kind: 'failed', count: 3 },
    ]);
  });

  const anyOutput: fc.Arbitrary<OutputDecision> = fc.oneof(
    fc.constantFrom(...WITHHELD_REASONS).map(withheld),
    fc
      .record({
        reason: fc.option(fc.constantFrom(...WITHHELD_REASONS)),
        value: fc.option(fc.constantFrom('', '1', '2').map(bytes)),
        key: fc.option(fc.constantFrom('', 'k')),
        headers: fc.constantFrom([], [{ name: 'x', values: [] }]),
      })
      .map(published),
  );
  const anyDecision: fc.Arbitrary<RecordDecision> = fc.oneof(
    fc.tuple(anyOutput, anyOutput).map((outputs) => decided(...outputs)),
    fc.constantFrom(...DEAD_LETTER_CODES).map((code) => deadLettered({ code, path: null })),
  );

  it('agrees with itself, and its parts add up', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyDecision, anyDecision), { minLength: 1 }), fc.nat(), (pairs, cut) => {
        const options = { active: ['a', 'b'], candidate: ['a', 'b'], records: pairs.length };
        const alike = makeComparison(options);
        const comparison = makeComparison(options);
        pairs.forEach(([now, candidate], index) => {
          alike.compare(index, now, structuredClone(now));
          comparison.compare(index, now, candidate);
        });
        expect(alike.between(0, pairs.length)).toEqual([]);
        const middle = cut % (pairs.length + 1);
        const sums = new Map<string, number>();
        for (const part of [comparison.between(0, middle), comparison.between(middle, pairs.length)]) {
          for (const { output, kind, count } of part) {
            sums.set(`${output} ${kind}`, (sums.get(`${output} ${kind}`) ?? 0) + count);
          }
        }
        const whole = comparison.between(0, pairs.length);
        expect(new Map(whole.map(({ output, kind, count }) => [`${output} ${kind}`, count]))).toEqual(sums);
        // Nothing is released anew without being counted as such, and only then.
        for (const [at, output] of options.active.entries()) {
          const releases = (one: RecordDecision): boolean =>
            one.kind === 'decided' && one.outputs[at]?.kind === 'published';
          const expected = pairs.filter(([now, candidate]) => !releases(now) && releases(candidate)).length;
          expect(sums.get(`${output} newly_published`) ?? 0).toBe(expected);
        }
      }),
    );
  });

  it('has room for every kind in its marks', () => {
    expect(DIVERGENCE_KINDS.length).toBeLessThanOrEqual(16);
  });
});

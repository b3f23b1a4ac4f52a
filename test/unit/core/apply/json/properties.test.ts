import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeJsonCodec } from '../../../../../services/core/apply/json/json-codec.ts';
import type { OutputPlan } from '../../../../../services/core/policy/plan.ts';
import { walk } from '../../policy/walk.ts';
import { applyOne, decodeText, keyring, planOf } from './plan-fixture.ts';
import { ActionFailed, type Json, reference } from './reference.ts';

const KEYS = ['a', 'b', 'items', 'x', 'é"\\', '__proto__', 'constructor', ''];

/** Several shapes of policies, each with an output that keeps and one that changes or drops. */
const PLANS = [
  planOf({
    outputs: [
      { id: 'keep', 'a.b': 'keep', 'items[].x': 'keep', x: 'keep', 'items[].a.b': 'keep' },
      { id: { action: 'pseudonymize', domain: 'd' }, 'a.b': { action: 'redact' }, 'items[].x': 'nullify' },
    ],
  }),
  planOf({
    outputs: [
      { id: 'keep', 'a.*': 'keep', 'a.b': 'drop', 'items[][]': 'keep', '__proto__.constructor': 'keep' },
      { 'a.*': 'drop', 'a.b': 'keep', 'items[][]': { action: 'redact', with: 0 } },
    ],
  }),
  planOf({
    outputs: [
      { id: 'keep', 'a.**': 'keep', 'items[].**': 'drop', '*.x': 'keep' },
      { 'a.**': { action: 'redact', with: 'é"\n' }, 'items[].**': 'keep', 'a.b': 'drop', 'a.x.a': 'nullify' },
    ],
  }),
  planOf({
    outputs: [
      {
        id: 'keep',
        'a.b': { action: 'mask', mask: { first: 1, last: 1 } },
        'a.x': { action: 'generalize', step: 7 },
        'items[].b': { action: 'mask', mask: 'email' },
        'items[].*': 'keep',
      },
    ],
  }),
];

/** Text without half surrogate pairs, and numbers that JSON.parse gives back as they were. */
const scalar = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.emailAddress(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);

function objectOf(keys: readonly string[], member: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  const entry = fc.tuple(fc.constantFrom(...keys), member);
  return fc.array(entry, { maxLength: 4 }).map((entries) => Object.fromEntries(entries));
}

function jsonOf(leaf: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  const { json } = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      objectOf(KEYS, tie('json')),
      fc.array(tie('json'), { maxLength: 3 }),
    ),
  }));
  const members = objectOf(['a', 'b', 'items', 'x', '__proto__', 'constructor', 'é"\\'], json);
  return members.map((record) => ({ ...(record as object), id: 's' }));
}

type Style = { readonly space: string; readonly escape: boolean };
const style = fc.record({ space: fc.constantFrom('', ' ', '\n\t '), escape: fc.boolean() });

/** JSON text, with white space wherever it may stand and every character escaped, or without. */
function written(value: Json, { space, escape }: Style): string {
  const word = (text: string): string =>
    escape
      ? `"${text.replaceAll(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
      : JSON.stringify(text);
  const write = (part: Json): string => {
    if (typeof part === 'string') return word(part);
    if (typeof part !== 'object' || part === null) return JSON.stringify(part);
    const array = Array.isArray(part);
    const members = array
      ? part.map(write)
      : Object.entries(part).map(([key, member]) => `${word(key)}${space}:${space}${write(member)}`);
    const inner = members.join(`${space},${space}`);
    return `${array ? '[' : '{'}${space}${inner}${space}${array ? ']' : '}'}`;
  };
  return space + write(value) + space;
}

describe.each(PLANS.map((plan, index) => ({ plan, index })))('plan $index', ({ plan, index }) => {
  const codec = makeJsonCodec(plan, keyring);

  function expected(output: OutputPlan, record: Json): Json | string {
    try {
      return reference(plan, output, record);
    } catch (error) {
      if (error instanceof ActionFailed) return error.path;
      throw error;
    }
  }

  it('comes to what the plain way comes to', () => {
    let published = 0;
    fc.assert(
      fc.property(jsonOf(scalar), style, (record, how) => {
        void codec.begin([]);
        const decoded = decodeText(codec, written(record, how));
        for (const output of plan.outputs) {
          const result = 'code' in decoded ? decoded : applyOne(codec, plan, decoded, output.index);
          const wanted = expected(output, record);
          if ('code' in result) {
            expect(result.code).toBe('action_failed');
            expect(typeof wanted).toBe('string');
          } else {
            expect(JSON.stringify(JSON.parse(result.value))).toBe(JSON.stringify(wanted));
            // To the letter, where JSON.stringify wrote the record and no number is coarsened.
            if (!how.escape && index < 3) expect(result.value).toBe(JSON.stringify(wanted));
            published++;
          }
        }
      }),
      { numRuns: 1500 },
    );
    expect(published).toBeGreaterThan(500);
  }, 30_000);

  it('never lets a value through that is not declared, or that a rule drops or changes', () => {
    fc.assert(
      fc.property(jsonOf(fc.constantFrom('text', 1, true, null)), style, (blank, how) => {
        void codec.begin([]);
        const kept = plan.outputs.map(() => new Set<string>());
        const gone = plan.outputs.map(() => new Set<string>());
        let count = 0;
        /** Each scalar becomes one of its own, noted by what may become of it. */
        const mark = (value: Json, place: readonly (string | number)[]): Json => {
          if (Array.isArray(value)) return value.map((element: Json, index) => mark(element, [...place, index]));
          if (typeof value === 'object' && value !== null) {
            return Object.fromEntries(
              Object.entries(value).map(([key, member]) => [key, mark(member, [...place, key])]),
            );
          }
          if (place[0] === 'id' || value === null) return value;
          const canary = `canary${count++}.`;
          const leaf = plan.leaves.find(({ path }) => path === walk(plan, place));
          for (const { index: output, leaves } of plan.outputs) {
            const passes = leaf !== undefined && leaves[leaf.id]?.action.kind === 'keep';
            (passes ? kept : gone)[output]?.add(canary);
          }
          return canary;
        };
        const decoded = decodeText(codec, written(mark(blank, []), { ...how, escape: false }));
        if ('code' in decoded) return;
        for (const { index: output } of plan.outputs) {
          const result = applyOne(codec, plan, decoded, output);
          if ('code' in result) continue;
          for (const canary of gone[output] ?? []) expect(result.value).not.toContain(canary);
          for (const canary of kept[output] ?? []) expect(result.value).toContain(canary);
        }
      }),
      { numRuns: 800 },
    );
  }, 30_000);
});

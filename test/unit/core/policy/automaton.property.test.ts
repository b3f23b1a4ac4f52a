import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PolicyDocument, RuleDocument } from '../../../../services/core/policy/document.ts';
import { compile } from '../../../../services/core/policy/compile.ts';
import type { RoutePlan } from '../../../../services/core/policy/plan.ts';
import { policyWith } from './compiled.ts';
import { documents } from './documents.ts';
import { type Concrete, ruleAt, walk } from './walk.ts';

/*
 * A second reading of the rules of DESIGN sections 4 and 12, written for a single place at a time: try every pattern
 * against it and take the most specific. Patterns are lists of words here, so that nothing is shared with the compiler.
 */
type Pattern = readonly string[];

const text = (pattern: Pattern): string => pattern.join('.').replaceAll('.[]', '[]');

const word = fc.constantFrom('a', 'b', '*');
const patterns: fc.Arbitrary<Pattern> = fc
  .tuple(
    fc.array(fc.tuple(word, fc.nat({ max: 5 })), { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', '**'),
    fc.boolean(),
  )
  .map(([parts, deep, alone]) =>
    alone && deep !== ''
      ? ['**']
      : [...parts.flatMap(([key, arrays]) => (arrays === 0 ? [key, '[]'] : [key])), ...(deep === '' ? [] : [deep])],
  );
const places: fc.Arbitrary<Concrete> = fc.array(fc.constantFrom<(string | number)[]>('a', 'b', 'c', 0), {
  minLength: 1,
  maxLength: 5,
});

const stepMatches = (segment: string | undefined, step: string | number | undefined): boolean =>
  segment === '[]' ? typeof step === 'number' : typeof step === 'string' && (segment === '*' || segment === step);

/** Whether the pattern matches the place as a scalar. */
function matches(pattern: Pattern, place: Concrete): boolean {
  const deep = pattern.at(-1) === '**';
  const fixed = deep ? pattern.slice(0, -1) : pattern;
  if (deep ? place.length <= fixed.length : place.length !== fixed.length) return false;
  return typeof place[0] === 'string' && fixed.every((segment, i) => stepMatches(segment, place[i]));
}

/** Whether a value that the pattern matches may lie beneath the place. */
function leadsThrough(pattern: Pattern, place: Concrete): boolean {
  const deep = pattern.at(-1) === '**';
  if (!deep && place.length >= pattern.length) return false;
  return place.every((step, i) => (deep && i >= pattern.length - 1) || stepMatches(pattern[i], step));
}

/** How specific a pattern is at a place: for each step 2 (named, or an element), 1 (`*`) or 0 (`**`). */
function rankAt(pattern: Pattern, place: Concrete): string {
  return place.map((_, i) => ({ '*': '1', '**': '0' })[pattern[Math.min(i, pattern.length - 1)] ?? ''] ?? '2').join('');
}

function best(candidates: readonly Pattern[], place: Concrete): Pattern | null {
  return candidates.toSorted((p, q) => (rankAt(p, place) < rankAt(q, place) ? 1 : -1))[0] ?? null;
}

/** The field that governs the scalar at a place; null: none, or a field above or at it says otherwise. */
function governing(fields: readonly Pattern[], place: Concrete): Pattern | null {
  for (let length = 1; length <= place.length; length++) {
    const here = place.slice(0, length);
    const scalar = best(
      fields.filter((field) => matches(field, here)),
      here,
    );
    const container = best(
      fields.filter((field) => leadsThrough(field, here)),
      here,
    );
    const [asScalar = '', asContainer = ''] = [scalar, container].map((one) => (one === null ? '' : rankAt(one, here)));
    if (length === place.length) {
      const beside = scalar?.at(-1) === '**' && asContainer.endsWith('1');
      return scalar !== null && (asScalar >= asContainer || beside) ? scalar : null;
    }
    if (scalar !== null && asScalar > asContainer) return null;
    if (container === null) return null;
  }
  return null;
}

function planOf(policy: PolicyDocument): RoutePlan | null {
  const result = compile(documents({ policies: [policy] }));
  return result.ok ? (result.bundle.routes[0]?.plan ?? null) : null;
}

const CATEGORIES = ['system', 'user', 'user.health', 'user.behavior'];
const fieldSets = fc.uniqueArray(patterns, { selector: text, minLength: 1, maxLength: 5 });

function fieldsOf(fields: readonly Pattern[]): Record<string, string> {
  return Object.fromEntries(fields.map((field, i) => [text(field), CATEGORIES[i % CATEGORIES.length] ?? 'user']));
}

const OPTIONS = { numRuns: Number(process.env['FC_RUNS'] ?? 500) };
const TIMEOUT = 60_000;

describe('the automaton', () => {
  it(
    'agrees with trying every field against every place',
    () => {
      let compiled = 0;
      fc.assert(
        fc.property(fieldSets, fc.array(places, { minLength: 5, maxLength: 20 }), (fields, tried) => {
          const plan = planOf(policyWith(fieldsOf(fields)));
          if (plan === null) return;
          compiled++;
          for (const place of tried) {
            const found = walk(plan, place);
            const expected = governing(fields, place);
            expect(found.startsWith('stopped') ? 'undeclared' : found).toBe(
              expected === null ? 'undeclared' : text(expected),
            );
          }
        }),
        OPTIONS,
      );
      expect(compiled).toBeGreaterThan(OPTIONS.numRuns / 3);
    },
    TIMEOUT,
  );

  it(
    'gives no place a leaf that no field declares, and the field’s category whatever rules select',
    () => {
      let leaves = 0;
      fc.assert(
        fc.property(
          fieldSets,
          fc.array(fc.uniqueArray(patterns, { selector: text, maxLength: 3 }), { minLength: 1, maxLength: 2 }),
          fc.array(places, { minLength: 5, maxLength: 20 }),
          (fields, outputs, tried) => {
            const rules = outputs.map((selects) =>
              selects
                .filter((s) => fields.some((f) => meet(f, s)))
                .map((s) => ({ select: text(s), action: 'keep' as const })),
            );
            const plan = planOf(policyWith(fieldsOf(fields), rules));
            if (plan === null) return;
            for (const place of tried) {
              const found = walk(plan, place);
              const leaf = plan.leaves.find(({ path }) => path === found);
              const field = best(
                fields.filter((one) => matches(one, place)),
                place,
              );
              if (field === null) expect(leaf).toBeUndefined();
              if (leaf === undefined) continue;
              leaves++;
              expect(leaf.category?.name).toBe(fieldsOf(fields)[text(field ?? [])]);
            }
          },
        ),
        OPTIONS,
      );
      expect(leaves).toBeGreaterThan(OPTIONS.numRuns);
    },
    TIMEOUT,
  );

  it(
    'lets the most specific path decide in every output, whatever other outputs select',
    () => {
      let decided = 0;
      fc.assert(
        fc.property(
          fieldSets,
          fc.array(fc.uniqueArray(patterns, { selector: text, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
          fc.array(places, { minLength: 5, maxLength: 20 }),
          (fields, outputs, tried) => {
            const selected = outputs.map((selects) => selects.filter((s) => fields.some((f) => meet(f, s))));
            const rules = selected.map((selects): RuleDocument[] => [
              ...selects.map((s) => ({ select: text(s), action: 'drop' as const })),
              { select: 'system', action: 'keep' },
              { select: 'user', action: 'keep' },
            ]);
            const plan = planOf(policyWith(fieldsOf(fields), rules));
            if (plan === null) return;
            for (const place of tried) {
              for (const [output, selects] of selected.entries()) {
                const decision = ruleAt(plan, output, place);
                if (decision === null) continue;
                const expected = best(
                  selects.filter((one) => matches(one, place)),
                  place,
                );
                decided++;
                if (expected === null) expect(decision.action.kind).toBe('keep');
                else expect(decision.rule?.select).toBe(text(expected));
              }
            }
          },
        ),
        OPTIONS,
      );
      expect(decided).toBeGreaterThan(OPTIONS.numRuns);
    },
    TIMEOUT,
  );
});

/** Whether some place is matched by both: the longest that either needs, tried out. */
function meet(a: Pattern, b: Pattern): boolean {
  const length = Math.max(a.length, b.length);
  const steps = Array.from({ length }, (_, i): (string | number)[] =>
    [a[i], b[i]].includes('[]') ? [0, 'c'] : ['a', 'b', 'c'],
  );
  const all = steps.reduce<Concrete[]>((heads, next) => heads.flatMap((h) => [h, ...next.map((s) => [...h, s])]), [[]]);
  return all.some((place) => place.length > 0 && matches(a, place) && matches(b, place));
}

/** Whatever is edited, and whatever records come: what leaves anew was foretold by the static diff. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONSENT_DECISIONS, type ConsentEvent } from '../../../../services/core/consent-event.ts';
import { isExposure, type Finding } from '../../../../services/core/diff/finding.ts';
import { FIELD_CHANGES, type FieldChange, type Measured } from '../../../../services/core/diff/measured-tally.ts';
import { staticDiff } from '../../../../services/core/diff/static-diff.ts';
import type { OutputDocument, PolicyDocument, RuleDocument } from '../../../../services/core/policy/document.ts';
import { intersect, parsePath } from '../../../../services/core/policy/path.ts';
import type { Basis } from '../../../../services/core/policy/plan.ts';
import type { Parts } from '../policy/documents.ts';
import { GRANTED, type Line, measured, measuredEach, NOW, trySide } from './sides.ts';

const DAY = 86_400_000;
const BASES: readonly Basis[] = ['consent', 'opt_out', 'legitimate_interest', 'contract', 'legal_obligation'];
const CATEGORIES = ['system', 'user.a', 'user.a.b', 'user.health'] as const;

const category = fc.constantFrom(...CATEGORIES);
const basis = fc.constantFrom(...BASES);
const limit = fc.constantFrom('P5D', 'P15D', 'P25D');
/** Sets of paths of which none takes for a scalar what another takes for a container. */
const PATHS: readonly (readonly string[])[] = [
  ['a', 'b', 'm.x', 'm.y', 'l[].v'],
  ['a', 'm.*', 'l[].*'],
  ['b', 'm.*', 'm.x', 'l[].v', 'l[].x'],
  ['a', 'm.*', '*.x'],
  ['b', '*.x', 'm.y', 'm.x'],
  ['a', 'm.**', 'l[].*'],
  ['**'],
  ['a', 'b', 'm', 'l[]'],
];
const fields: fc.Arbitrary<Record<string, string>> = fc
  .constantFrom(...PATHS)
  .chain((paths) => fc.tuple(...paths.map((path) => fc.tuple(fc.constant(path), category))))
  .map((pairs) => Object.fromEntries(pairs));

const action: fc.Arbitrary<Omit<RuleDocument, 'select'>> = fc.constantFrom<Omit<RuleDocument, 'select'>>(
  { action: 'keep' },
  { action: 'keep' },
  { action: 'drop' },
  { action: 'nullify' },
  { action: 'redact' },
  { action: 'pseudonymize' },
  { action: 'encrypt' },
  { action: 'mask', mask: { first: 1 } } as Omit<RuleDocument, 'select'>,
  { action: 'mask', mask: { first: 0 } } as Omit<RuleDocument, 'select'>,
);

const rules: fc.Arbitrary<readonly RuleDocument[]> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...CATEGORIES, 'user', ...new Set(PATHS.flat())), action), {
    minLength: 2,
    maxLength: 8,
    selector: ([select]) => select,
  })
  .map((list) => list.map(([select, what]) => ({ select, ...what }) as RuleDocument));

const purpose = fc.constantFrom('p', 'p', 'p', 'q');
const unconsented = fc.constantFrom('withhold' as const, 'strip' as const);
const key = fc.constantFrom('pseudonym', 'pseudonym', 'none', 'a');
const output: fc.Arbitrary<OutputDocument> = fc.record({
  topic: fc.constant('clean.other'),
  purpose,
  unconsented,
  key,
  rules,
});

/** What a person may edit, in parts. */
const parts = {
  fields,
  reads: fc.constantFrom<Partial<PolicyDocument>>(
    { subject: 'id', time: 'at' },
    { subject: 'id', time: 'at' },
    { subject: 'id', time: 'at', region: 'r' },
    { subject: 'id' },
    { subject: 'b', time: 'at' },
  ),
  headers: fc.constantFrom<Record<string, string>>({}, { h: 'system' }, { h: 'user.a' }, { h: 'user.health' }),
  rules,
  purpose,
  unconsented,
  key,
  other: fc.option(output, { nil: null }),
  sensitive: fc.constantFrom<readonly string[]>(['user.health'], ['user.health'], [], ['user.health', 'system']),
  retention: fc.record({ default: limit, 'user.a': limit, 'user.health': limit }),
  basis: fc.record({ one: basis, default: basis }),
  recipient: fc.constantFrom(null, null, 'acme'),
};
type Edited = { [K in keyof typeof parts]: (typeof parts)[K] extends fc.Arbitrary<infer T> ? T : never };
const configuration = fc.record(parts) as fc.Arbitrary<Edited>;

/** A configuration, and the same with some of its parts edited. */
const edit: fc.Arbitrary<readonly [Edited, Edited]> = fc
  .tuple(
    configuration,
    configuration,
    fc.constantFrom(
      ...[...Object.keys(parts), 'rules', 'rules', 'rules'].map((name) => [name]),
      ['fields', 'rules'],
      ['rules', 'basis', 'reads'],
    ),
  )
  .map(([before, other, edited]) => [
    before,
    Object.fromEntries(
      Object.entries(before).map(([name, part]) => [name, edited.includes(name) ? other[name as keyof Edited] : part]),
    ) as Edited,
  ]);

function documents(one: Edited): Parts {
  const flags = (name: string) => (one.sensitive.includes(name) ? { sensitive: true } : {});
  return {
    taxonomy: { categories: Object.fromEntries(['user', ...CATEGORIES].map((name) => [name, flags(name)])) },
    regimes: { regimes: { one: ['DE'], two: ['FR'] }, default: 'two' },
    purposes: {
      purposes: {
        p: {
          basis: { one: one.basis.one, default: one.basis.default },
          retention: one.retention,
          ...(one.recipient === null ? {} : { recipient: one.recipient }),
        },
        q: { basis: { default: 'consent' }, retention: { default: 'P20D' } },
      },
    },
    policies: [
      {
        route: 'r',
        from: { topic: 'raw', format: 'json' },
        subject: 'id',
        ...one.reads,
        fields: one.fields,
        headers: one.headers,
        outputs: [{ ...one, topic: 'clean' }, ...(one.other === null ? [] : [one.other])].map((each) =>
          possible(each, one.fields),
        ),
      },
    ],
  };
}

/** Without what does not compile: rules that select what is not declared, and a key that is not. */
function possible(each: OutputDocument, declared: Readonly<Record<string, string>>): OutputDocument {
  const known = (select: string): boolean => select in declared || select === 'system' || select.startsWith('user');
  return {
    topic: each.topic,
    purpose: each.purpose,
    unconsented: each.unconsented ?? 'withhold',
    key: each.key === 'a' && !('a' in declared) ? 'none' : (each.key ?? 'pseudonym'),
    rules: each.rules.filter(({ select }) => known(select)),
  };
}

const scalar = fc.constantFrom<unknown>('v', 'vw', 'long value', null, 'v');
const inner = fc.record({ x: scalar, y: scalar, z: scalar }, { requiredKeys: [] });
const line: fc.Arbitrary<Line> = fc
  .record(
    {
      a: scalar,
      b: scalar,
      m: fc.oneof({ weight: 4, arbitrary: inner }, scalar),
      l: fc.oneof(
        { weight: 4, arbitrary: fc.array(fc.record({ v: scalar, x: scalar }, { requiredKeys: [] }), { maxLength: 2 }) },
        scalar,
      ),
      r: fc.constantFrom('DE', 'FR'),
      at: fc.constantFrom(1, 8, 18, 40).map((days) => NOW - days * DAY),
    },
    { requiredKeys: ['at'] },
  )
  .chain((value) =>
    fc.record({
      value: fc.constant({ id: 's', ...value }),
      headers: fc.constantFrom<Record<string, Uint8Array>>({}, { h: Buffer.from('header') }),
    }),
  );

const said: fc.Arbitrary<ConsentEvent> = fc.record({
  purpose: fc.constantFrom('p', '*', 'q'),
  decision: fc.constantFrom(...CONSENT_DECISIONS, 'granted' as const, 'granted' as const),
  at: fc.constantFrom(2, 10, 30).map((days) => NOW - days * DAY),
  version: fc.integer({ min: 0, max: 50 }),
  region: fc.constantFrom(null, 'DE', 'FR'),
  recipients: fc.constantFrom([], ['acme']),
  method: fc.constantFrom(null, 'explicit'),
  notice: fc.constant(null),
  source: fc.constant(null),
  expires: fc.constantFrom(null, NOW - DAY),
});
/** Mostly consent is given, so that there is something to compare. */
const history = fc
  .tuple(fc.boolean(), fc.uniqueArray(said, { maxLength: 3, selector: ({ version }) => version }))
  .map(([granted, events]) => (granted ? [{ ...GRANTED, at: NOW - 50 * DAY, version: 60 }, ...events] : events));

const RUNS = { numRuns: 800 };

function overlap(a: string, b: string): boolean {
  const [left, right] = [parsePath(a), parsePath(b)];
  return a === b || (left.ok && right.ok && intersect(left.path, right.path) !== null);
}

/** Whether a finding speaks of that output, and of that field or of all. */
const speaksOf = (topic: string, field: string) => (finding: Finding) =>
  isExposure(finding) &&
  (finding.output === null || finding.output === topic) &&
  (finding.path === null || overlap(finding.path, field));

const LEAVES_ANEW: readonly FieldChange[] = ['exposed', 'more', 'unclear'];

describe('a static diff and a measured one', () => {
  it('every field that leaves anew, of a record that was decided about, is covered by an exposure found', async () => {
    const checked = { exposed: 0, more: 0, unclear: 0 } as Record<FieldChange, number>;
    await fc.assert(
      fc.asyncProperty(
        edit,
        fc.array(line, { minLength: 1, maxLength: 6 }),
        history,
        async ([one, other], lines, events) => {
          const [before, after] = [trySide(documents(one)), trySide(documents(other))];
          fc.pre(before !== null && after !== null);
          const findings = staticDiff(before, after);
          // A dead letter that is one no more leaves by what the rules say, changed or not.
          for (const { wasDead, result } of await measuredEach(before, after, lines, events)) {
            if (wasDead) continue;
            for (const { topic, categories } of result.outputs) {
              for (const { path: field, values } of categories.flatMap(({ fields }) => fields)) {
                if (field.startsWith('(')) continue;
                for (const change of LEAVES_ANEW) {
                  if (values[change] === 0) continue;
                  checked[change]++;
                  expect(findings.some(speaksOf(topic, field)), `${change} ${field} in ${topic}`).toBe(true);
                }
              }
            }
          }
        },
      ),
      RUNS,
    );
    expect(checked.exposed).toBeGreaterThan(100);
    expect(checked.more).toBeGreaterThan(8);
    expect(checked.unclear).toBeGreaterThan(0);
  }, 60_000);

  it('of a configuration and itself both are empty', async () => {
    await fc.assert(
      fc.asyncProperty(
        configuration,
        fc.array(line, { minLength: 1, maxLength: 6 }),
        history,
        async (one, lines, events) => {
          const [before, after] = [trySide(documents(one)), trySide(documents(one))];
          fc.pre(before !== null && after !== null);
          expect(staticDiff(before, after)).toEqual([]);
          const { outputs, deadLetters } = await measured(before, after, lines, events);
          expect(deadLetters.new.records + deadLetters.gone.records).toBe(0);
          for (const { newlyPublished, newlyWithheld, changed, categories } of outputs) {
            expect(newlyPublished.records + newlyWithheld.records + changed.records + categories.length).toBe(0);
          }
        },
      ),
      { numRuns: 200 },
    );
  }, 60_000);

  it('the other way round, what was exposed is hidden', async () => {
    await fc.assert(
      fc.asyncProperty(
        edit,
        fc.array(line, { minLength: 1, maxLength: 6 }),
        history,
        async ([one, other], lines, events) => {
          const [before, after] = [trySide(documents(one)), trySide(documents(other))];
          fc.pre(before !== null && after !== null);
          expect(staticSaid(staticDiff(after, before), true)).toEqual(staticSaid(staticDiff(before, after), false));
          const [forth, back] = [
            await measured(before, after, lines, events),
            await measured(after, before, lines, events),
          ];
          expect(measuredSaid(back, true)).toEqual(measuredSaid(forth, false));
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);
});

const REVERSE = { exposes: 'hides', hides: 'exposes', unclear: 'unclear', none: 'none' } as const;
const CHANGE_BACK = {
  exposed: 'hidden',
  hidden: 'exposed',
  more: 'less',
  less: 'more',
  unclear: 'unclear',
  equal: 'equal',
} as const;

function staticSaid(findings: readonly Finding[], reverse: boolean): readonly string[] {
  return findings
    .filter(({ kind }) => kind !== 'empty_records')
    .map(
      ({ output: topic, path: field, consequence }) =>
        `${topic} ${field} ${reverse ? REVERSE[consequence] : consequence}`,
    )
    .sort();
}

function measuredSaid({ deadLetters, outputs }: Measured, reverse: boolean): unknown {
  const fields = (one: Measured['outputs'][number]): readonly string[] =>
    one.categories
      .flatMap(({ fields: list }) => list)
      .flatMap(({ path: field, values }) =>
        FIELD_CHANGES.filter((change) => values[change] > 0).map(
          (change) => `${field} ${reverse ? CHANGE_BACK[change] : change} ${values[change]}`,
        ),
      )
      .sort();
  return {
    dead: reverse
      ? [deadLetters.gone.records, deadLetters.new.records]
      : [deadLetters.new.records, deadLetters.gone.records],
    outputs: outputs.map((one) => ({
      topic: one.topic,
      published: reverse ? one.newlyWithheld.records : one.newlyPublished.records,
      withheld: reverse ? one.newlyPublished.records : one.newlyWithheld.records,
      changed: one.changed.records,
      fields: fields(one),
    })),
  };
}

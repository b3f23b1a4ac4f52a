/** What `lethe init` writes, whatever it is given: it compiles, passes lint and its own tests, and holds no value. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../../../services/adapters/config/parse.ts';
import { checkValue } from '../../../../services/adapters/detect/value-checks.ts';
import { draftPolicy, type Files, withVocabulary } from '../../../../services/cli/init-draft.ts';
import { compile } from '../../../../services/core/policy/compile.ts';
import { type Datum, jsonDatum } from '../../../../services/core/propose/datum.ts';
import { makeObserver } from '../../../../services/core/propose/observe.ts';
import { proposePolicy } from '../../../../services/core/propose/propose.ts';

const draftOf = (records: readonly Datum[], existing: Files = {}) => {
  const observer = makeObserver(checkValue);
  for (const record of records) observer.observe(record);
  const { files, added } = withVocabulary(existing, 'events');
  const parsed = parseConfiguration(files);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const drafted = draftPolicy({
    name: 'events',
    topic: 'raw.events',
    format: 'json',
    source: '1 record',
    proposals: proposePolicy(observer, checkValue),
    docs: parsed.docs,
    newPurposes: Object.hasOwn(added, 'purposes.yaml'),
  });
  return { ...drafted, files: { ...existing, ...added, ...drafted.files } };
};
const compiled = (files: Files) => {
  const parsed = parseConfiguration(files);
  return parsed.ok ? compile(parsed.docs) : parsed;
};

/** Canaries: no text of a file is made of these letters in a row. */
const canary = fc.stringMatching(/^QZ[xq]{6,12}$/);
const key = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'id',
      'email',
      'name',
      'a.b',
      'x*',
      'y[]',
      'true',
      'no',
      '__proto__',
      'constructor',
      'größe',
      'zip',
    ),
  },
  { weight: 1, arbitrary: canary.map((text) => `${text}@example.com`) },
);
const leaf = fc.oneof(
  canary,
  canary.map((text) => `${text}@example.com`),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
);
const { record } = fc.letrec((tie) => ({
  record: fc.dictionary(key, tie('value'), { maxKeys: 6, noNullPrototype: true }),
  value: fc.oneof({ maxDepth: 3, depthSize: 'small' }, leaf, fc.array(tie('value'), { maxLength: 3 }), tie('record')),
}));

describe('what is written', () => {
  it('compiles without an error or a warning, and holds no value and no key that is data', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), (records) => {
        const { files } = draftOf(records.map((one) => jsonDatum(JSON.stringify(one)) ?? null));
        const result = compiled(files);
        expect(result.ok ? result.warnings : result.problems).toEqual([]);
        expect(Object.values(files).join('\n')).not.toMatch(/QZ/);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  const events = Array.from({ length: 30 }, (_, index) => ({
    user_id: `u${index}`,
    email: `user${index}@example.com`,
    passport: 'x',
    allergies: ['x'],
    zip: '10115',
  }));

  it('has an output without rules and without a key', () => {
    const { files } = draftOf(events);
    const result = compiled(files);
    const output = result.ok ? result.bundle.routes[0]?.plan.outputs[0] : undefined;
    expect(output?.key).toEqual({ kind: 'none' });
    expect(output?.leaves.length).toBe(5);
    expect(output?.leaves.every(({ action, rule }) => action.kind === 'drop' && rule === null)).toBe(true);
  });

  it('keeps vocabularies that are there, and says what they lack', () => {
    const existing = {
      'taxonomy.yaml': 'categories:\n  user: {}\n  user.unique_id: {}\n  user.government_id: {}\n',
      'purposes.yaml':
        'purposes:\n  fraud:\n    basis: { default: legitimate_interest }\n    retention: { default: P9D }\n',
    };
    const { draft, missing, files } = draftOf(events, existing);
    expect(files).toMatchObject(existing);
    expect(Object.keys(files)).toContain('regimes.yaml');
    expect(Object.fromEntries(draft.fields.map(({ proposal, category }) => [proposal.found.text, category]))).toEqual({
      user_id: 'user.unique_id',
      email: 'user',
      passport: 'user.government_id',
      // Nothing sensitive is listed, and a category that is not must not stand in.
      'allergies[]': null,
      zip: 'user',
    });
    expect(missing.get('user.health')).toEqual({ sensitive: true, quasi: false });
    expect(draft.purpose.name).toBe('fraud');
    const result = compiled(files);
    expect(result.ok ? result.warnings : result.problems).toEqual([]);
    expect(files['policies/events.yaml']).toMatch(/# "allergies\[\]": user\.health #/);
    // Without consent there is something to publish under this basis, though nothing is.
    expect(files['policies/events.test.yaml']).not.toMatch(/consent_missing/);
  });

  it('cannot be for a purpose where none is listed', () => {
    expect(() => draftOf(events, { 'purposes.yaml': 'purposes: {}\n' })).toThrow(/lists no purpose/);
  });
});

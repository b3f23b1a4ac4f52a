import { describe, expect, it } from 'vitest';
import type { PolicyDocument } from '../../../../services/core/policy/document.ts';
import { compiledRoute, otherProblemsOf, policyWith, problemsOf } from './compiled.ts';
import { documents, type Parts, POLICY, PURPOSES, REGIMES, TAXONOMY } from './documents.ts';

/** Code, file and line of all warnings; there must be no error. */
function warnings(parts: Parts) {
  const problems = otherProblemsOf(parts);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return problems.map(({ code, position }) => [code, position.file, position.line]);
}

const line = (parts: Parts, ...path: (string | number)[]) => documents(parts).policies[0]?.at(path).line;

describe('warnings', () => {
  it('are none for a sound configuration', () => {
    expect(warnings({})).toEqual([]);
  });

  it('tell of a default regime that is not the strictest, for each purpose', () => {
    const parts = { regimes: { ...REGIMES, default: 'ccpa' } };
    expect(warnings(parts)).toEqual([
      ['default-regime-not-strictest', 'regimes.yaml', documents(parts).regimes.at(['default']).line],
    ]);
    expect(problemsOf(parts)[0]?.message).toMatch(/`analytics`.*`gdpr` \(consent\).*`ccpa` \(opt_out\)/);
  });

  it('hold contract and legal obligation equally strict', () => {
    const purpose = { basis: { gdpr: 'contract', ccpa: 'legal_obligation' }, retention: { default: 'P1D' } } as const;
    expect(warnings({ purposes: { purposes: { ...PURPOSES.purposes, x: purpose } } })).toEqual([]);
    const loose = { ...purpose, basis: { gdpr: 'contract', ccpa: 'legitimate_interest' } } as const;
    expect(warnings({ purposes: { purposes: { ...PURPOSES.purposes, x: loose } } })).toHaveLength(1);
  });

  it('tell of `**` on personal data alone', () => {
    const fields = { 'a.**': 'user.behavior', 'b.**': 'system', 'c.*': 'user.behavior' };
    const rules = [['system', 'user'].map((select) => ({ select, action: 'keep' as const }))];
    const parts = { policies: [policyWith(fields, rules)] };
    expect(warnings(parts)).toEqual([['deep-wildcard-personal', 'policies/one.yaml', line(parts, 'fields', 'a.**')]]);
  });

  it('tell of flags that cannot be shed', () => {
    const categories = { ...TAXONOMY.categories, 'user.health.blood': { sensitive: false } };
    expect(warnings({ taxonomy: { categories } })).toEqual([['flag-inherited', 'taxonomy.yaml', expect.any(Number)]]);
    expect(warnings({ taxonomy: { categories: { ...TAXONOMY.categories, x: { sensitive: false } } } })).toEqual([]);
  });
});

describe('rules that never match', () => {
  const never = (fields: Record<string, string>, selects: string[], rest: Partial<PolicyDocument> = {}) => {
    const rules = [selects.map((select) => ({ select, action: 'keep' as const }))];
    const problems = problemsOf({ policies: [policyWith(fields, rules, rest)] });
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    return problems.flatMap(({ code, message }) =>
      code === 'rule-never-matches' ? [selects.find((select) => message.includes(`\`${select}\``))] : [],
    );
  };
  const avro = { from: { topic: 'raw.avro', format: 'avro' as const } };

  it.each<[string, Record<string, string>, string[], string[]]>([
    ['of a category that no field has', { a: 'user' }, ['user', 'system'], ['system']],
    ['of a category whose fields all have closer rules', { a: 'user.location' }, ['user.location', 'user'], ['user']],
    ['of a wildcard whose fields all have closer rules', { 'a.b': 'user' }, ['a.b', 'a.*'], ['a.*']],
    [
      'of a path that a wildcard takes for a container',
      { 'a.*': 'user', '**': 'user' },
      ['a.b.c', '**', 'a.*'],
      ['a.b.c'],
    ],
  ])('are those %s', (_, fields, selects, expected) => {
    expect(never(fields, selects)).toEqual(expected);
  });

  it('are not those that decide about a header', () => {
    expect(never({ a: 'user' }, ['user', 'system'], { headers: { h: 'system' } })).toEqual([]);
  });

  it('may be what tags of schemas are for', () => {
    const tags = { MAIL: 'user.contact.email' };
    expect(never({}, ['user', 'user.contact.email', 'customer.phone', 'system'], { ...avro, tags })).toEqual([
      'system',
    ]);
  });

  it('are known where the schema is at hand', () => {
    const schema = {
      type: 'record',
      name: 'Event',
      fields: [
        { name: 'mail', type: 'string', 'confluent:tags': ['MAIL'] },
        { name: 'phone', type: 'string' },
      ],
    };
    const from = { ...avro.from, schema: 'event.avsc' };
    const select = (name: string) => ({ select: name, action: 'keep' as const });
    const policy = policyWith({}, [[select('mail'), select('phone')]], { from, tags: { MAIL: 'user.contact.email' } });
    const problems = otherProblemsOf({
      policies: [policy],
      schemas: { 'policies/event.avsc': JSON.stringify(schema) },
    });
    expect(problems.map(({ code, message }) => [code, message.includes('`phone`')])).toEqual([
      ['rule-never-matches', true],
    ]);
  });

  it('are not asked of a schema that is none', () => {
    const from = { ...avro.from, schema: 'event.avsc' };
    const policy = { ...POLICY, from, tags: { MAIL: 'user.contact.email' } };
    expect(compiledRoute({ policies: [policy], schemas: { 'policies/event.avsc': '{' } }).schemaText).toBe('{');
  });

  it('hint at a misspelt category that could also be a tagged path', () => {
    const policy = policyWith({}, [[{ select: 'user.contact.emial', action: 'keep' }]], {
      ...avro,
      tags: { MAIL: 'user' },
    });
    const problems = problemsOf({ policies: [policy] });
    expect(problems.map(({ code, severity, fix }) => [code, severity, fix.includes('`user.contact.email`')])).toEqual([
      ['select-unknown', 'warning', true],
    ]);
  });
});

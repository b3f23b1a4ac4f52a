import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../../services/core/policy/compile.ts';
import type { Basis, CompiledBundle } from '../../../../services/core/policy/plan.ts';
import { compiledRoute, policyWith } from './compiled.ts';
import { documents, type Parts, POLICY, PURPOSES, REGIMES } from './documents.ts';

const DAY = 86_400_000;

function bundleOf(parts: Parts = {}): CompiledBundle {
  const result = compile(documents(parts));
  if (!result.ok) throw new Error(result.problems[0]?.message);
  return result.bundle;
}

describe('a bundle', () => {
  it('holds what the policies say', () => {
    const bundle = bundleOf();
    expect(bundle.purposes).toEqual(['analytics', 'fraud_prevention', 'partner.acme']);
    expect(bundle.routes).toHaveLength(1);
    expect(bundle.routes[0]).toMatchObject({
      name: 'customer-events',
      topic: 'raw.customer-events',
      format: 'json',
      tags: null,
      schemaText: null,
      plan: {
        name: 'customer-events',
        topic: 'raw.customer-events',
        format: 'json',
        read: { subject: 1, time: -1, region: -1 },
        outputs: [
          { index: 0, topic: 'clean.analytics.customer-events', unconsented: 'withhold', key: { kind: 'pseudonym' } },
        ],
      },
    });
  });

  it('is frozen all the way down', () => {
    const parts: Parts = {
      policies: [
        policyWith(
          { 'a.**': 'system', 'b[].c': 'user' },
          [[{ select: 'b[].c', action: 'generalize', bands: [1, 2] }]],
          {
            headers: { h: 'system' },
          },
        ),
      ],
    };
    const loose: string[] = [];
    const look = (value: unknown, where: string): void => {
      if (typeof value !== 'object' || value === null) return;
      if (value instanceof Map) for (const [key, part] of value) look(part, `${where}.${String(key)}`);
      else if (!Object.isFrozen(value)) loose.push(where);
      for (const [key, part] of Object.entries(value)) look(part, `${where}.${key}`);
    };
    const bundle = bundleOf(parts);
    look(bundle, 'bundle');
    look(bundle.routes[0]?.planWith(new Map([['t', 'user']])), 'tagged');
    look(compile(documents(parts)), 'compiled');
    look(compile(documents({ regimes: { regimes: {}, default: 'x' } })), 'problems');
    expect(loose).toEqual([]);
  });

  it('is the same each time', () => {
    const path = fc.stringMatching(/^[ab*](\.[ab]|\[\]|\.\*){0,3}(\.\*\*)?$/);
    const name = fc.constantFrom('system', 'user', 'user.health', 'nothing');
    const policy = fc
      .record({
        fields: fc.dictionary(path, name, { maxKeys: 5 }),
        selects: fc.array(fc.oneof(path, name), { maxLength: 5 }),
        subject: path,
      })
      .map(({ fields, selects, subject }) =>
        policyWith(fields, [selects.map((select) => ({ select, action: 'keep' as const }))], { subject }),
      );
    fc.assert(
      fc.property(policy, (one) => {
        const [first, second] = [1, 2].map(() => compile(documents({ policies: [one] })));
        const plain = (result: unknown) =>
          JSON.stringify(result, (_, value) => (value instanceof Map ? [...value] : value));
        expect(plain(first)).toBe(plain(second));
      }),
      { numRuns: 300 },
    );
  });

  it('comes with its schema text, resolved against the policy', () => {
    const from = { topic: 'raw.x', format: 'avro' as const, schema: '../schemas/./x.avsc' };
    const schemas = { 'schemas/x.avsc': '"string"' };
    expect(compiledRoute({ policies: [{ ...POLICY, from }], schemas }).schemaText).toBe('"string"');
    const outside = { ...from, schema: '../../schemas/x.avsc' };
    expect(
      compiledRoute({ policies: [{ ...POLICY, from: outside }], schemas: { '../schemas/x.avsc': '1' } }).schemaText,
    ).toBe('1');
  });
});

describe('a purpose', () => {
  const outputs = ['analytics', 'fraud_prevention', 'partner.acme'].map((purpose) => ({
    topic: `clean.${purpose}`,
    purpose,
    rules: [],
  }));
  const purposes = () =>
    compiledRoute({ policies: [{ ...POLICY, outputs }] }).plan.outputs.map(({ purpose }) => purpose);

  it('has a basis in every listed region, and the default regime’s elsewhere', () => {
    expect(purposes().map(({ name, basisByRegion, defaultBasis }) => [name, [...basisByRegion], defaultBasis])).toEqual(
      [
        [
          'analytics',
          [
            ['DE', 'consent'],
            ['FR', 'consent'],
            ['US-CA', 'opt_out'],
          ],
          'consent',
        ],
        [
          'fraud_prevention',
          [
            ['DE', 'legitimate_interest'],
            ['FR', 'legitimate_interest'],
            ['US-CA', 'legitimate_interest'],
          ],
          'legitimate_interest',
        ],
        [
          'partner.acme',
          [
            ['DE', 'consent'],
            ['FR', 'consent'],
            ['US-CA', 'consent'],
          ],
          'consent',
        ],
      ],
    );
  });

  it('takes the default basis only for regimes it does not name', () => {
    const basis: Record<string, Basis> = { ccpa: 'contract', default: 'opt_out' };
    const retention = { default: 'P1D' };
    const result = bundleOf({ purposes: { purposes: { ...PURPOSES.purposes, analytics: { basis, retention } } } });
    expect(result.routes[0]?.plan.outputs[0]?.purpose).toMatchObject({ defaultBasis: 'opt_out' });
    expect(result.routes[0]?.plan.outputs[0]?.purpose.basisByRegion.get('US-CA')).toBe('contract');
  });

  it('has a recipient or none', () => {
    expect(purposes().map(({ recipient }) => recipient)).toEqual([null, null, 'acme']);
  });

  it('has its retention in milliseconds', () => {
    expect(purposes().map(({ retentionMs }) => retentionMs)).toEqual([365 * DAY, 90 * DAY, 1.5 * DAY]);
  });

  it('may limit a category that only has listed ones beneath it', () => {
    const analytics = { basis: { default: 'consent' as const }, retention: { default: 'P9D', 'user.contact': 'P1D' } };
    const { plan } = compiledRoute({
      policies: [policyWith({ a: 'user.contact.email', b: 'user' })],
      purposes: { purposes: { analytics } },
    });
    expect(plan.outputs[0]?.leaves.map(({ maxAgeMs }) => maxAgeMs / DAY)).toEqual([1, 9, 9]);
  });

  it('lets a value grow as old as its longest category says, else as the default', () => {
    const fields = { a: 'user.behavior.purchase_history', b: 'user.location', c: 'user', d: 'system' };
    const { plan } = compiledRoute({
      policies: [policyWith(fields, [[]], { headers: { h: 'user.behavior', i: 'system' } })],
    });
    expect(plan.outputs[0]?.leaves.map(({ maxAgeMs }) => maxAgeMs / DAY)).toEqual([0.5, 30, 365, 365, 365]);
    expect(plan.outputs[0]?.headers.map(({ maxAgeMs }) => maxAgeMs / DAY)).toEqual([0.5, 365]);
    const nearer = { default: 'P9D', 'user.behavior': 'P2D', 'user.behavior.purchase_history': 'P3D', user: 'P1D' };
    const basis = { default: 'consent' as const };
    const other = compiledRoute({
      policies: [policyWith(fields)],
      purposes: { purposes: { analytics: { basis, retention: nearer } } },
    });
    expect(other.plan.outputs[0]?.leaves.map(({ maxAgeMs }) => maxAgeMs / DAY)).toEqual([3, 1, 1, 9, 9]);
  });
});

describe('a category', () => {
  it('inherits flags and is personal under `user` alone', () => {
    const categories = {
      system: {},
      'system.user': {},
      userx: {},
      user: {},
      'user.health': { sensitive: true },
      'user.health.blood.type': { sensitive: false },
      'user.demographic': { quasi_identifier: true },
      'user.demographic.age': {},
    };
    const fields = Object.fromEntries(Object.keys(categories).map((name, i) => [`f${i}`, name]));
    const { plan } = compiledRoute({
      taxonomy: { categories },
      purposes: { purposes: { analytics: { basis: { default: 'consent' }, retention: { default: 'P1D' } } } },
      policies: [policyWith(fields)],
    });
    const flags = plan.leaves.flatMap(({ category }) =>
      category === null ? [] : [[category.name, category.personal, category.sensitive, category.quasiIdentifier]],
    );
    expect(flags).toEqual([
      ['system', false, false, false],
      ['system.user', false, false, false],
      ['userx', false, false, false],
      ['user', true, false, false],
      ['user.health', true, true, false],
      ['user.health.blood.type', true, true, false],
      ['user.demographic', true, false, true],
      ['user.demographic.age', true, false, true],
    ]);
  });
});

it('compiles thousands of fields and rules in little time', () => {
  const names = Array.from({ length: 4000 }, (_, i) => `g${i % 50}.f${i}`);
  const fields = Object.fromEntries([
    ...names.map((name) => [name, 'user']),
    ['attributes.*', 'user'],
    ['g1.*', 'user'],
  ]);
  const rules = names.map((select) => ({ select, action: 'keep' as const }));
  const started = performance.now();
  const { plan } = compiledRoute({ policies: [policyWith(fields, [rules, rules, rules])], regimes: REGIMES });
  expect(plan.leaves).toHaveLength(4003);
  expect(performance.now() - started).toBeLessThan(20_000);
}, 60_000);

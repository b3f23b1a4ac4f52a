import { describe, expect, it } from 'vitest';
import type { OutputDocument } from '../../../../services/core/policy/document.ts';
import { compiledRoute, otherProblemsOf, policyWith } from './compiled.ts';
import { POLICY } from './documents.ts';

const DAY = 86_400_000;
const FIELDS = { a: 'user.behavior', b: 'user', c: 'system' };

const withPurpose = (retention: Readonly<Record<string, string>>, published: string) => ({
  policies: [policyWith(FIELDS)],
  purposes: { purposes: { analytics: { basis: { default: 'consent' as const }, retention, published } } },
});

describe('published', () => {
  it('is taken off what a record and each value may be old when published', () => {
    const { plan } = compiledRoute(withPurpose({ default: 'P90D', 'user.behavior': 'P30D' }, 'P10D'));
    const [output] = plan.outputs;
    expect(output?.purpose).toMatchObject({ retentionMs: 80 * DAY, publishedMs: 10 * DAY });
    expect(output?.leaves.map(({ maxAgeMs }) => maxAgeMs / DAY)).toEqual([20, 80, 80, 80]);
  });

  it('left out, changes nothing and promises nothing about topics', () => {
    const purposes = {
      purposes: { analytics: { basis: { default: 'consent' as const }, retention: { default: 'P90D' } } },
    };
    const [output] = compiledRoute({ policies: [policyWith(FIELDS)], purposes }).plan.outputs;
    expect(output?.purpose.retentionMs).toBe(90 * DAY);
    expect(output?.purpose).not.toHaveProperty('publishedMs');
  });

  it.each([
    ['the default', { default: 'P10D' }, 'P10D', '`default`'],
    ['a category', { default: 'P90D', 'user.behavior': 'P10D' }, 'P11D', '`user.behavior`'],
  ])('must leave something of %s', (_what, retention, published, names) => {
    const [problem] = otherProblemsOf(withPurpose(retention, published));
    expect(problem).toMatchObject({ code: 'published-too-long', severity: 'error' });
    expect(problem?.message).toContain(names);
  });

  it.each(['P0D', 'P1M'])('is no %s', (published) => {
    expect(otherProblemsOf(withPurpose({ default: 'P90D' }, published)).map(({ code }) => code)).toEqual([
      'duration-invalid',
    ]);
  });
});

describe('cleanup', () => {
  const withOutput = (over: Partial<OutputDocument>) => ({
    policies: [
      {
        ...POLICY,
        subject: '_subject',
        fields: FIELDS,
        outputs: [
          { topic: 'clean', purpose: 'analytics', rules: [{ select: 'system', action: 'keep' as const }], ...over },
        ],
      },
    ],
  });

  it.each([
    ['delete', undefined],
    ['compact', 'compact'],
    ['compact,delete', 'compact,delete'],
  ] as const)('%s is in the plan as %s', (cleanup, planned) => {
    expect(compiledRoute(withOutput({ cleanup })).plan.outputs[0]?.cleanup).toBe(planned);
  });

  it.each([
    ['cleanup-key', { key: 'none' }],
    ['cleanup-key', { key: 'c' }],
    ['cleanup-strip', { unconsented: 'strip' }],
  ] as const)('%s: brokers take no record without a key where they compact', (code, over) => {
    const problems = otherProblemsOf(withOutput({ cleanup: 'compact', ...over }));
    expect(problems.filter(({ severity }) => severity === 'error').map((one) => one.code)).toEqual([code]);
    expect(otherProblemsOf(withOutput(over)).filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});

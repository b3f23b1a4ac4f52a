/** A route compiled from documents, and the bench that policy tests run on. */
import { createHmac } from 'node:crypto';
import { makeJsonCodec } from '../../../../services/core/apply/json/json-codec.ts';
import type { ConsentEvent } from '../../../../services/core/consent-event.ts';
import { makeEngine } from '../../../../services/core/engine.ts';
import type { Keyring } from '../../../../services/core/keyring.ts';
import { makeCoverage } from '../../../../services/core/policy-test/coverage.ts';
import { parseExact } from '../../../../services/core/policy-test/exact.ts';
import type { Expectation, ExpectedOutput, PolicyTest } from '../../../../services/core/policy-test/policy-test.ts';
import { type PolicyTestBench, watchPseudonyms } from '../../../../services/core/policy-test/run.ts';
import type { RoutePlan } from '../../../../services/core/policy/plan.ts';
import { compiledRoute } from '../policy/compiled.ts';
import { located, type Parts } from '../policy/documents.ts';

const KEYRING: Keyring = {
  subjectTokens: (subject) => [subject],
  pseudonym: (domain, text) => createHmac('sha256', domain).update(text).digest('base64url'),
  pseudonymsOf: (domain, text) => [KEYRING.pseudonym(domain, text)],
};

/** The bench of the first route. */
export function benchOf(parts: Parts): PolicyTestBench & { readonly plan: RoutePlan } {
  const { plan } = compiledRoute(parts);
  const { keyring, watched } = watchPseudonyms(KEYRING);
  const [policy] = parts.policies ?? [];
  const { at } = located('policies/one.yaml', policy);
  const rules = (policy?.outputs ?? []).map(({ rules: list }, output) =>
    list.map(({ select, action }, index) => ({
      select,
      action,
      position: at(['outputs', output, 'rules', index, 'select']),
    })),
  );
  return {
    plan,
    codec: makeJsonCodec(plan, keyring),
    engine: makeEngine({ keyring }),
    pseudonyms: watched,
    strict: true,
    coverage: makeCoverage(plan, rules),
  };
}

export const JAN = Date.UTC(2026, 0, 1);

export function said(over: Partial<ConsentEvent>): ConsentEvent {
  return {
    ...{ purpose: '*', decision: 'granted', at: JAN, version: 0, region: null, recipients: [] },
    ...{ method: null, notice: null, source: null, expires: null },
    ...over,
  };
}

export function publishes(json: string, more: Partial<Extract<ExpectedOutput, { kind: 'published' }>> = {}) {
  return { kind: 'published' as const, value: parseExact(json), key: undefined, headers: new Map(), ...more };
}

export function outputs(expected: Readonly<Record<string, ExpectedOutput>>): Expectation {
  return { kind: 'outputs', outputs: new Map(Object.entries(expected)) };
}

export function policyTest(over: Partial<PolicyTest> & Pick<PolicyTest, 'expect'>): PolicyTest {
  return {
    ...{ name: 'a test', position: { file: 'policies/one.test.yaml', line: 1, col: 1 }, now: null, timestamp: null },
    ...{ consent: [], input: '{}', key: null, headers: new Map() },
    ...over,
  };
}

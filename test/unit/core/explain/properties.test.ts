import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeJsonCodec } from '../../../../services/core/apply/json/json-codec.ts';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { type EngineBatch, makeEngine } from '../../../../services/core/engine.ts';
import type { Authored } from '../../../../services/core/explain/authored.ts';
import { SHOWN } from '../../../../services/core/explain/capped.ts';
import { explainRecord } from '../../../../services/core/explain/explain.ts';
import { treeOfJson } from '../../../../services/core/explain/tree.ts';
import { keyring, NOW, planOf } from '../apply/json/plan-fixture.ts';
import { DAY, event } from '../engine-fixture.ts';
import { expectFaithful } from './explained.ts';

const PLANS = [
  planOf({
    outputs: [
      { id: 'keep', 'a.b': 'keep', 'items[].x': 'keep', x: 'keep', 'items[].a.b': 'keep' },
      { id: { action: 'pseudonymize', domain: 'd' }, 'a.b': { action: 'redact' }, 'items[].x': 'nullify' },
    ],
    key: 'x',
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
];

const AUTHORED: Authored = { regimeOf: () => ({ regime: 'gdpr', listed: false }), retentionOf: () => null };

const literal = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => JSON.stringify(text)),
  fc.constantFrom('1.50', '9007199254740993', '-0', '1E3', 'true', 'false', 'null', '"\\u0041"', '"canary"'),
);
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof({ maxDepth: 4 }, literal, objectOf(tie('json')), fc.array(tie('json'), { maxLength: 4 }).map(list)),
}));
const record = objectOf(json).map((text) => text.replace('{', text === '{}' ? '{"id":"s"' : '{"id":"s",'));

function objectOf(member: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const key = fc.constantFrom('a', 'b', 'items', 'x', '__proto__', 'constructor', 'a.b', 'z[0]');
  return fc
    .uniqueArray(fc.tuple(key, member), { maxLength: 4, selector: ([name]) => name })
    .map((members) => `{${members.map(([name, text]) => `${JSON.stringify(name)}: ${text}`).join(', ')}}`);
}

function list(items: readonly string[]): string {
  return `[${items.join(', ')}]`;
}

const consents = fc
  .constantFrom(
    [event({ purpose: '*', method: 'explicit' })],
    [event({ purpose: '*' }), event({ purpose: '*', decision: 'withdrawn', at: NOW - DAY, version: 2 })],
    [],
  )
  .map((events) => events.map((one) => ({ ...one, at: Math.min(one.at, NOW - DAY) })));

describe.each(PLANS.map((plan, index) => ({ plan, index })))('plan $index', ({ plan }) => {
  it('what is explained is what the engine decides and publishes, and every value is accounted for', async () => {
    let published = 0;
    const codec = makeJsonCodec(plan, keyring);
    const engine = makeEngine({ keyring });
    await fc.assert(
      fc.asyncProperty(record, consents, async (text, events) => {
        let batch: EngineBatch | undefined;
        const { explanation, decision } = await explainRecord(
          plan,
          { offset: 0, timestamp: NOW, key: null, value: Buffer.from(text), headers: null },
          NOW,
          {
            codec,
            engine: { begin: (options) => (batch = engine.begin(options)) },
            readRaw: treeOfJson,
            readOutput: treeOfJson,
            load: async () => () => consentStateOf(events),
            authored: AUTHORED,
          },
        );
        fc.pre(explanation.outputs.every(({ fields }) => fields.every(({ values }) => values.count <= SHOWN)));
        expectFaithful(explanation, decision);
        if (decision.kind === 'dead_lettered') return;
        const counts = explanation.outputs
          .filter(({ outcome }) => outcome === 'published')
          .flatMap(({ topic, fields }) =>
            fields
              .filter(({ category }) => category !== null)
              .map((one) => [topic, one.effect, one.values.count] as const),
          );
        expect(summed(counts)).toEqual(
          summed((batch?.fieldCounts() ?? []).map(({ output, effect, count }) => [output, effect, count] as const)),
        );
        if (counts.length > 0) published++;
      }),
      { numRuns: 300 },
    );
    expect(published).toBeGreaterThan(30);
  });
});

function summed(counts: readonly (readonly [string, string, number])[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const [output, effect, count] of counts) {
    const key = `${output} ${effect}`;
    sums[key] = (sums[key] ?? 0) + count;
  }
  return sums;
}

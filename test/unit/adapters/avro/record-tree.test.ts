/** Avro records as trees, and explanations of Avro records made with them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { treeOfAvro, wireSchemaId } from '../../../../services/adapters/avro/record-tree.ts';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { makeEngine } from '../../../../services/core/engine.ts';
import { explainRecord } from '../../../../services/core/explain/explain.ts';
import type { Tree } from '../../../../services/core/explain/tree.ts';
import { avroPaths } from '../../../../services/core/policy/avro-fields.ts';
import { event } from '../../core/engine-fixture.ts';
import { afterOf, scalarsOf } from '../../core/explain/explained.ts';
import { arbitraryRecord, arbitraryValue } from './arbitrary-schema.ts';
import { avroRoute, benchOf, KEYRING, NOW, typeOf, wire } from './routes.ts';

function plain(tree: Tree | null): unknown {
  if (tree === null) return undefined;
  if (tree.kind === 'array') return tree.items.map(plain);
  if (tree.kind === 'object') return Object.fromEntries([...tree.members].map(([key, one]) => [key, plain(one)]));
  return JSON.parse(tree.literal);
}

describe('treeOfAvro', () => {
  const schema = {
    type: 'record',
    name: 'R',
    fields: [
      { name: 'big', type: 'long' },
      { name: 'money', type: { type: 'bytes', logicalType: 'decimal', precision: 6, scale: 2 } },
      { name: 'raw', type: ['null', 'bytes'] },
      { name: 'fixed', type: { type: 'fixed', name: 'F', size: 2 } },
      { name: 'kind', type: { type: 'enum', name: 'E', symbols: ['X', 'Y'] } },
      { name: 'nan', type: 'double' },
      { name: 'list', type: { type: 'array', items: ['null', 'int'] } },
      { name: 'map', type: { type: 'map', values: 'boolean' } },
    ],
  };
  const value = {
    big: 9007199254740993n,
    money: Buffer.from([0x1f, 0x3f]),
    raw: { bytes: Buffer.from([1, 2]) },
    fixed: Buffer.from([3, 4]),
    kind: 'Y',
    nan: Number.NaN,
    list: [null, { int: -1 }],
    map: { 'a.b': true },
  };
  const bytes = wire(7, typeOf(schema).toBuffer(value));

  it('every kind of value, exactly', () => {
    expect(scalarsOf(treeOfAvro(JSON.stringify(schema), bytes))).toEqual([
      'big: 9007199254740993',
      'fixed: "AwQ="',
      'kind: "Y"',
      'list[]: -1',
      'list[]: null',
      'map.a\\.b: true',
      'money: 79.99',
      'nan: "NaN"',
      'raw: "AQI="',
    ]);
    expect(wireSchemaId(bytes)).toBe(7);
  });

  it('bytes that are not of the schema, or more of them, are no tree', () => {
    for (let size = 0; size < bytes.length; size++) {
      expect(treeOfAvro(JSON.stringify(schema), bytes.subarray(0, size))).toBeNull();
    }
    expect(treeOfAvro(JSON.stringify(schema), Buffer.concat([bytes, Buffer.from([0])]))).toBeNull();
    expect(wireSchemaId(Buffer.from([1, 0, 0, 0, 7]))).toBeNull();
  });
});

describe('whatever the schema, the value and the policy', () => {
  const CATEGORIES = ['system', 'user.contact.email', 'user.health', 'undeclared'];

  it('what is explained is what is published', async () => {
    let published = 0;
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (g) => {
        const schema = arbitraryRecord(g);
        const { value } = arbitraryValue(g, schema);
        const paths = avroPaths(schema).filter((path) => path !== 'id' && !path.includes('*'));
        const isBelow = (path: string, other: string) => path.startsWith(`${other}.`) || path.startsWith(`${other}[`);
        const fields = Object.fromEntries(
          paths
            .filter((path) => !paths.some((other) => isBelow(path, other)))
            .map((path) => [path, CATEGORIES[g(fc.nat, { max: CATEGORIES.length - 1 })] ?? ''])
            .filter(([, category]) => category !== 'undeclared'),
        );
        const route = avroRoute(fields, [
          { select: 'system', action: 'keep' },
          { select: 'user.contact.email', action: 'redact' },
        ]);
        const bench = await benchOf(route, schema);
        const { registry } = bench;
        const raw = wire(bench.id, typeOf(schema).toBuffer(value.wrapped));
        let outputText = '';
        let out: Tree | null = null;
        const { explanation, decision } = await explainRecord(
          route.plan,
          { offset: 0, timestamp: NOW, key: null, value: raw, headers: null },
          NOW,
          {
            codec: bench.codec,
            engine: makeEngine({ keyring: KEYRING }),
            readRaw: (bytes) => treeOfAvro(JSON.stringify(schema), bytes),
            readOutput: (bytes) => (out = treeOfAvro(outputText, bytes)),
            load: async () => {
              // By now the codec has registered what it writes with.
              outputText = (await registry.versions('clean.clicks-value')).at(-1)?.schema ?? '';
              return () => consentStateOf([event({ purpose: '*', at: 0 })]);
            },
            authored: { regimeOf: () => ({ regime: 'gdpr', listed: true }), retentionOf: () => null },
          },
        );
        if (decision.kind === 'dead_lettered') {
          expect(explanation.deadLetter).toMatchObject(decision.poison);
          return;
        }
        const [told] = explanation.outputs;
        expect(told?.outcome).toBe(decision.outputs[0]?.kind);
        if (told?.outcome !== 'published') return;
        const present = (lines: string[]) => lines.filter((line) => !line.endsWith(': null'));
        expect(present(afterOf(told))).toEqual(present(scalarsOf(out)));
        expect(plain(treeOfAvro(JSON.stringify(schema), raw))).toHaveProperty('id');
        if (present(afterOf(told)).length > 0) published++;
      }),
      { numRuns: 150 },
    );
    expect(published).toBeGreaterThan(15);
  });
});

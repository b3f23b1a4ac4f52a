/* What `lethe prove` says of an Avro route is held against what its codec lets out: see core/prove/soundness.property.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { makeEngine } from '../../../../services/core/engine.ts';
import { avroPaths } from '../../../../services/core/policy/avro-fields.ts';
import { compile } from '../../../../services/core/policy/compile.ts';
import type { GuardDocument, RuleDocument } from '../../../../services/core/policy/document.ts';
import { covers } from '../../../../services/core/policy/guard.ts';
import { covers as pathCovers, parsePath, type Path } from '../../../../services/core/policy/path.ts';
import type { CompiledBundle, CompiledRoute } from '../../../../services/core/policy/plan.ts';
import { type Cell, prove } from '../../../../services/core/prove/prove.ts';
import { documents } from '../../core/policy/documents.ts';
import { arbitraryRecord, arbitraryValue, type RecordJson } from './arbitrary-schema.ts';
import { benchOf, KEYRING, NOW, TOPIC, typeOf, wire } from './routes.ts';

const TAGS = { T1: 'user.contact.email', T2: 'user.health', T3: 'user.behavior', T4: 'user.location' };
const CATEGORIES = ['system', 'user', 'user.contact.email', 'user.behavior', 'user.health', 'user.location'];
const ACTIONS = ['keep', 'keep', 'drop', 'nullify', 'redact'] as const;
const LABEL = 'v1';

/** Explicit consent to everything, and nothing is old. */
const GRANTED = consentStateOf([
  {
    ...{ purpose: '*', decision: 'granted', at: 0, version: 1, region: null, recipients: [], method: 'explicit' },
    ...{ notice: null, source: null, expires: null },
  },
]);

type World = {
  readonly fields: Readonly<Record<string, string>>;
  readonly rules: readonly RuleDocument[];
  readonly guards: readonly GuardDocument[];
};

function bundleOf({ fields, rules, guards }: World): CompiledBundle | null {
  const policy = {
    route: 'clicks',
    from: { topic: TOPIC, format: 'avro' as const },
    subject: 'id',
    fields,
    tags: TAGS,
    outputs: [{ topic: 'clean.clicks', purpose: 'analytics', rules }],
  };
  const result = compile(documents({ policies: [policy], guards }), { brokenGuards: 'dropped' });
  return result.ok ? result.bundle : null;
}

function cellsOf(bundle: CompiledBundle, schema: unknown): readonly Cell[] {
  const versions = [{ label: LABEL, schema: JSON.stringify(schema) }];
  return prove(bundle, () => ({ from: 'registry', versions })).routes[0]?.outputs[0]?.cells ?? [];
}

/** Publishes one value: its bytes, and per category and effect how often something of it was in the record. */
async function publish(bundle: CompiledBundle, schema: unknown, value: unknown) {
  const bench = await benchOf(bundle.routes[0] as CompiledRoute, schema);
  const raw = wire(bench.id, typeOf(schema).toBuffer(value));
  await bench.codec.begin([raw]);
  const decoded = bench.codec.decode(raw, NOW, NOW);
  if (!decoded.ok) return null;
  const batch = makeEngine({ keyring: KEYRING }).begin({ codec: bench.codec, now: NOW });
  const decision = batch.evaluate(decoded.record, undefined, GRANTED);
  const output = decision.kind === 'decided' ? decision.outputs[0] : undefined;
  if (output?.kind !== 'published' || output.value === null) return null;
  return { bytes: Buffer.from(output.value), key: output.key, counts: batch.fieldCounts() };
}

const pathOf = (text: string): Path => {
  const parsed = parsePath(text);
  return parsed.ok ? parsed.path : [];
};

/** Whether the cell's ways let something out that stands at this path of the schema. */
const has = (cells: readonly Cell[], kind: string, at: string, form: string): boolean =>
  cells.some(({ ways }) =>
    ways.some(
      (way) =>
        way.kind === kind &&
        way.action.kind === form &&
        way.versions.includes(LABEL) &&
        pathCovers(pathOf(way.path), pathOf(at)),
    ),
  );

/** Puts tags on fields wherever they are defined. */
function tagged(g: fc.GeneratorValue, schema: RecordJson): RecordJson {
  return JSON.parse(JSON.stringify(schema), (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('name' in value) || !('type' in value)) return value;
    const isField = !('fields' in value) && !('symbols' in value);
    if (!isField || g(fc.nat, { max: 2 }) > 0) return value;
    return { ...value, 'confluent:tags': g(fc.subarray<string>, Object.keys(TAGS)) };
  }) as RecordJson;
}

describe('the matrix of an Avro route', () => {
  it('has whatever the codec lets out, and no guard is broken', async () => {
    const seen = { published: 0, kept: 0, counts: 0, broken: 0 };
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (g) => {
        const schema = tagged(g, arbitraryRecord(g));
        const pick = <T>(list: readonly T[]): T => list[g(fc.nat, { max: list.length - 1 })] as T;
        const paths = avroPaths(schema).filter((path) => path !== 'id' && g(fc.nat, { max: 3 }) === 0);
        const wide = g(fc.boolean) ? [pick(['a.**', 'b.**', 'a.*', 'c.*', 'd[].*'])] : [];
        const world: World = {
          fields: Object.fromEntries([...paths, ...wide].map((path) => [path, pick(CATEGORIES)])),
          rules: CATEGORIES.filter(() => g(fc.nat, { max: 3 }) > 0).map((select) => ({
            select,
            action: pick(ACTIONS),
          })),
          guards: g(fc.subarray<string>, CATEGORIES.slice(2)).map((category) =>
            g(fc.boolean) ? { category, never_in: 'analytics' } : { category, only_as: ['redact'] },
          ),
        };
        const bundle = bundleOf(world);
        if (bundle === null) return;
        const cells = cellsOf(bundle, schema);
        const { value, canaries } = arbitraryValue(g, schema);
        const found = await publish(bundle, schema, value.wrapped);
        if (found === null) return;
        seen.published++;
        for (const [canary, at] of canaries) {
          if (!found.bytes.includes(canary)) continue;
          seen.kept++;
          if (at === 'key') expect(cells.some(({ ways }) => ways.some(({ kind }) => kind === 'map_keys'))).toBe(true);
          else expect(has(cells, 'field', at, 'keep'), `${at} is kept`).toBe(true);
        }
        for (const { category, effect, count } of found.counts) {
          if (effect === 'drop' || count === 0) continue;
          const ways = cells.find((cell) => cell.category.name === category)?.ways ?? [];
          expect(ways.some(({ kind, action }) => kind === 'field' && action.kind === effect)).toBe(true);
          seen.counts++;
          for (const guard of world.guards.filter((one) => covers(one.category, category))) {
            expect(guard.only_as === undefined ? 'nothing' : 'redact').toBe(effect);
          }
        }
        if (found.key !== null) expect(cells.some(({ ways }) => ways.some(({ kind }) => kind === 'key'))).toBe(true);
        seen.broken += prove(bundle, () => ({
          from: 'registry',
          versions: [{ label: LABEL, schema: JSON.stringify(schema) }],
        })).guards.filter(({ holds }) => !holds).length;
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 400) },
    );
    expect(seen.published).toBeGreaterThan(100);
    expect(seen.kept).toBeGreaterThan(10);
    expect(seen.counts).toBeGreaterThan(25);
    expect(seen.broken).toBeGreaterThan(20);
  }, 60_000);

  it('follows a union, a map, an array, a named reference and a type that holds itself as far as records go', async () => {
    const text = (name: string, ...tags: string[]) => ({ name, type: 'string', 'confluent:tags': tags });
    const schema = {
      type: 'record',
      name: 'Root',
      fields: [
        { name: 'id', type: 'string' },
        {
          name: 'home',
          type: ['null', { type: 'record', name: 'Place', fields: [text('street', 'T1'), text('note')] }],
        },
        { name: 'past', type: { type: 'array', items: 'Place' } },
        { name: 'named', type: { type: 'map', values: ['null', 'Place'] } },
        {
          name: 'tree',
          type: {
            type: 'record',
            name: 'Node',
            fields: [
              text('word'),
              { name: 'next', type: ['null', 'Node'] },
              { name: 'all', type: { type: 'array', items: 'Node' } },
            ],
          },
        },
      ],
    };
    const place = (n: number) => ({ street: `canary-street-${n}`, note: `canary-note-${n}` });
    const node = (n: number, deeper: unknown): unknown => ({
      word: `canary-word-${n}`,
      next: deeper === null ? null : { Node: deeper },
      all: deeper === null ? [] : [deeper],
    });
    const value = {
      id: 'cust-1',
      home: { Place: place(1) },
      past: [place(2)],
      named: { 'canary-name': { Place: place(3) } },
      tree: node(1, node(2, node(3, null))),
    };
    const world: World = {
      fields: { 'tree.**': 'user.behavior' },
      rules: [{ select: 'user', action: 'keep' }],
      guards: [],
    };
    const free = bundleOf(world) as CompiledBundle;
    const cells = cellsOf(free, schema);
    const found = await publish(free, schema, value);
    for (const leaves of ['street-1', 'street-2', 'street-3', 'word-1', 'word-2', 'word-3', 'name']) {
      expect(found?.bytes.includes(`canary-${leaves}`), leaves).toBe(true);
    }
    expect(found?.bytes.includes('canary-note')).toBe(false);
    for (const path of ['home.street', 'past[].street', 'named.*.street']) {
      expect(has(cells, 'field', path, 'keep'), path).toBe(true);
    }
    expect(has(cells, 'field', 'tree.next.next.all[].word', 'keep')).toBe(true);
    expect(has(cells, 'map_keys', 'named.*.street', 'keep')).toBe(true);

    // A guard reaches as far.
    const guarded = bundleOf({ ...world, guards: [{ category: 'user', never_in: 'analytics' }] }) as CompiledBundle;
    const left = await publish(guarded, schema, value);
    expect(left?.bytes.includes('canary')).toBe(false);
    expect(left?.key).toBeNull();
    expect(cellsOf(guarded, schema).every(({ ways }) => ways.length === 0)).toBe(true);
  });
});

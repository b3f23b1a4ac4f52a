/** What tests of explanations share: routes from folders, explaining a value, and comparing with what was published. */
import { expect } from 'vitest';
import { loadBundle } from '../../../../services/adapters/config/load.ts';
import { parseConfiguration } from '../../../../services/adapters/config/parse.ts';
import type { RecordCodec } from '../../../../services/core/apply/codec.ts';
import { makeJsonCodec } from '../../../../services/core/apply/json/json-codec.ts';
import type { ConsentEvent } from '../../../../services/core/consent-event.ts';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { type Decided, makeEngine, type RecordDecision } from '../../../../services/core/engine.ts';
import { type Authored, authoredOf } from '../../../../services/core/explain/authored.ts';
import { type Explained, explainRecord } from '../../../../services/core/explain/explain.ts';
import type { OutputExplanation, RecordExplanation } from '../../../../services/core/explain/explanation.ts';
import { type Tree, treeOfJson } from '../../../../services/core/explain/tree.ts';
import type { RoutePlan } from '../../../../services/core/policy/plan.ts';
import { fakeKeyring } from '../engine-fixture.ts';

export type Folder = { readonly plans: ReadonlyMap<string, RoutePlan>; readonly authored: Authored };

export async function configurationOf(folder: string): Promise<Folder> {
  const loaded = await loadBundle(folder);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems, null, 2));
  const parsed = parseConfiguration(loaded.bundle.files);
  if (!parsed.ok) throw new Error('it loads, and yet it cannot be parsed');
  return {
    plans: new Map(loaded.compiled.routes.map(({ name, plan }) => [name, plan])),
    authored: authoredOf(parsed.docs),
  };
}

export type Given = {
  readonly plan: RoutePlan;
  readonly authored: Authored;
  readonly value: string | Uint8Array | null;
  readonly now: number;
  readonly events?: readonly ConsentEvent[];
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly codec?: RecordCodec;
};

export async function explained(given: Given): Promise<Explained> {
  const { plan, authored, value, now, events = [], key, headers = {}, codec } = given;
  return explainRecord(
    plan,
    {
      offset: 0,
      timestamp: now,
      key: key === undefined ? null : Buffer.from(key),
      value: typeof value === 'string' ? Buffer.from(value) : value,
      headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
    },
    now,
    {
      codec: codec ?? makeJsonCodec(plan, fakeKeyring),
      engine: makeEngine({ keyring: fakeKeyring }),
      readRaw: treeOfJson,
      readOutput: treeOfJson,
      load: async () => () => consentStateOf(events),
      authored,
    },
  );
}

/** Every scalar of a tree as `path: literal`, sorted; indexes of arrays are left out, since published ones close up. */
export function scalarsOf(tree: Tree | null, path = ''): string[] {
  if (tree === null) return [];
  if (tree.kind === 'scalar') return [`${path}: ${tree.literal}`];
  const inner =
    tree.kind === 'array'
      ? tree.items.flatMap((item) => scalarsOf(item, `${path}[]`))
      : [...tree.members].flatMap(([name, member]) => {
          const key = name.replaceAll(/[.*[\]\\]/g, String.raw`\$&`);
          return scalarsOf(member, path === '' ? key : `${path}.${key}`);
        });
  return inner.sort();
}

/** The same of an explanation: what it says was published. */
export function afterOf({ fields }: Pick<OutputExplanation, 'fields'>): string[] {
  return fields
    .flatMap(({ values }) => {
      expect(values.shown).toHaveLength(values.count);
      expect(values.shown.some(({ unclear }) => unclear)).toBe(false);
      return values.shown;
    })
    .flatMap(({ path, after }) => (after === null ? [] : [`${path.replaceAll(/\[[0-9]+\]/g, '[]')}: ${after}`]))
    .sort();
}

/** An explanation says exactly what the engine decided, output by output, value by value. */
export function expectFaithful(
  explanation: RecordExplanation,
  decision: RecordDecision,
  read: (value: Uint8Array) => Tree | null = treeOfJson,
): void {
  if (decision.kind === 'dead_lettered') {
    expect(explanation).toMatchObject({ outcome: 'dead_lettered', deadLetter: decision.poison, outputs: [] });
    return;
  }
  expect(explanation.outcome).toBe('decided');
  decision.plan.outputs.forEach((output, index) => expectOutput(explanation, decision, output.topic, index, read));
}

function expectOutput(
  { outputs }: RecordExplanation,
  decision: Decided,
  topic: string,
  index: number,
  read: (value: Uint8Array) => Tree | null,
): void {
  const decided = decision.outputs[index]!;
  const told = outputs[index]!;
  expect([told.topic, told.outcome, told.reason]).toEqual([topic, decided.kind, decided.reason]);
  expect(told.why).not.toBe('');
  if (decided.kind === 'withheld') {
    expect(afterOf(told)).toEqual([]);
    expect(told.change).not.toBeNull();
    return;
  }
  expect(told.key.value).toBe(decided.key);
  const published = decided.value === null ? null : read(decided.value);
  expect(afterOf(told)).toEqual(scalarsOf(published));
  expect(
    told.headers.flatMap(({ path, values }) =>
      values.shown.flatMap(({ after }) => (after === null ? [] : [[path, JSON.parse(after)]])),
    ),
  ).toEqual(
    decided.headers.flatMap(({ name, values }) =>
      values.map((value) => [`headers.${name}`, Buffer.from(value).toString()]),
    ),
  );
  for (const { path, effect, category } of told.fields) {
    // A null where a container stands is no leaf's, whatever its path.
    if (category === null) continue;
    const leaf = decision.plan.leaves.find((one) => one.path === path);
    if (leaf !== undefined) expect([path, effect]).toEqual([path, decided.variant?.effects[leaf.id]]);
  }
}

/*
 * What `lethe prove` says is held against what the engine does: whatever it publishes, for whatever policy, record and
 * consents, has to be in the matrix, under conditions that were met; and no guard is ever broken.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeJsonCodec } from '../../../../services/core/apply/json/json-codec.ts';
import { CONSENT_DECISIONS, type ConsentEvent } from '../../../../services/core/consent-event.ts';
import { type ConsentState, consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { basisOf } from '../../../../services/core/decide/decide.ts';
import { makeEngine, type PublishedOutput } from '../../../../services/core/engine.ts';
import type { Keyring } from '../../../../services/core/keyring.ts';
import { compile } from '../../../../services/core/policy/compile.ts';
import type {
  GuardDocument,
  OutputDocument,
  PolicyDocument,
  PurposesDocument,
  RuleDocument,
} from '../../../../services/core/policy/document.ts';
import { covers, matchesPattern } from '../../../../services/core/policy/guard.ts';
import type { CompiledBundle, OutputPlan, RoutePlan } from '../../../../services/core/policy/plan.ts';
import { type OutputProof, prove } from '../../../../services/core/prove/prove.ts';
import type { Way } from '../../../../services/core/prove/ways.ts';
import { documents, TAXONOMY } from '../policy/documents.ts';
import { type Concrete, walk } from '../policy/walk.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);

const PURPOSES: PurposesDocument = {
  purposes: {
    analytics: {
      basis: { gdpr: 'consent', ccpa: 'opt_out' },
      retention: { default: 'P20D', 'user.behavior': 'P5D', 'user.health': 'P40D', system: 'P10D' },
    },
    fraud: { basis: { default: 'legitimate_interest' }, retention: { default: 'P10D' } },
    'partner.acme': { recipient: 'acme', basis: { default: 'consent' }, retention: { default: 'P10D' } },
    tax: { basis: { default: 'legal_obligation' }, retention: { default: 'P30D', user: 'P15D' } },
  },
};

const keyring: Keyring = {
  subjectTokens: (subject) => [subject],
  pseudonym: (domain, text) => createHash('sha256').update(`${domain}|${text}`).digest('base64url'),
  pseudonymsOf: (domain, text) => [keyring.pseudonym(domain, text)],
};

const category = fc.constantFrom('system', 'system', ...Object.keys(TAXONOMY.categories));
const purpose = fc.constantFrom(...Object.keys(PURPOSES.purposes));

const segment = fc.constantFrom('a', 'b', '*', 'a[]');
const path = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '', '.**'))
  .map(([parts, deep]) => parts.join('.') + deep);

const action: fc.Arbitrary<Record<string, unknown>> = fc.constantFrom(
  { action: 'keep' },
  { action: 'keep' },
  { action: 'drop' },
  { action: 'nullify' },
  { action: 'redact' },
  { action: 'pseudonymize' },
  { action: 'mask', mask: { first: 1 } },
);

/** Selects a category, a declared path, or one of the values of a declared wildcard. */
const rule = (fields: readonly string[]): fc.Arbitrary<RuleDocument> =>
  fc
    .tuple(
      fc.oneof(
        fc.constantFrom('system', 'user', 'user.health', ...Object.keys(TAXONOMY.categories)),
        fc.constantFrom(...fields),
        fc.constantFrom(...fields).map((text) => text.replace(/\*\*?/, 'a')),
      ),
      action,
    )
    .map(([select, options]) => ({ select, ...options }) as RuleDocument);

const output = (fields: readonly string[]): fc.Arbitrary<Omit<OutputDocument, 'topic'>> =>
  fc.record({
    purpose,
    unconsented: fc.constantFrom('withhold' as const, 'strip' as const),
    key: fc.constantFrom('pseudonym', 'pseudonym', 'none', ...fields.filter((text) => /^[a-z.]+$/.test(text))),
    rules: fc.uniqueArray(rule(fields), { selector: ({ select }) => select, minLength: 2, maxLength: 8 }),
  });

const guard: fc.Arbitrary<GuardDocument> = fc.oneof(
  fc.record({ category, never_in: fc.constantFrom('analytics', 'partner.*', ['fraud', 'tax'], '*') }),
  fc.record({
    category,
    only_as: fc.subarray<'keep' | 'redact' | 'mask' | 'pseudonymize' | 'nullify'>(
      ['keep', 'redact', 'mask', 'pseudonymize', 'nullify'],
      { minLength: 1 },
    ),
    in: fc.constantFrom('*', 'analytics', ['tax', 'partner.*']),
  }),
);

type World = { readonly policy: PolicyDocument; readonly guards: readonly GuardDocument[] };

const world: fc.Arbitrary<World> = fc
  .uniqueArray(fc.tuple(path, category), { selector: ([text]) => text, minLength: 1, maxLength: 5 })
  // No path lies beneath another: what is a scalar is no container.
  .map((all) => all.filter(([text]) => !all.some(([other]) => text !== other && /^[.[]/.test(text.replace(other, '')))))
  .filter((fields) => fields.length > 0)
  .chain((fields) =>
    fc.record({
      subject: fc.option(category),
      fields: fc.constant(fields),
      headers: fc.dictionary(fc.constantFrom('h1', 'h2'), category),
      outputs: fc.array(output(fields.map(([text]) => text)), { minLength: 1, maxLength: 2 }),
      guards: fc.array(guard, { maxLength: 3 }),
    }),
  )
  .map(({ subject, fields, headers, outputs, guards }) => ({
    guards,
    policy: {
      route: 'r',
      from: { topic: 'raw', format: 'json' },
      subject: 's',
      fields: { ...Object.fromEntries(fields), ...(subject === null ? {} : { s: subject }) },
      headers,
      outputs: outputs.map((one, index) => ({ ...one, topic: `clean.${index}` })),
    },
  }));

type Json = string | null | readonly Json[] | { readonly [key: string]: Json };

const json = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom('text', 'text', 'text', null),
    fc.dictionary(fc.constantFrom('a', 'b', 'found'), tie('json'), { minKeys: 1 }),
    fc.array(tie('json'), { minLength: 1, maxLength: 2 }),
  ),
})).json;
const record = fc.dictionary(fc.constantFrom('a', 'b', 'found'), json, { minKeys: 1 });

const said: fc.Arbitrary<ConsentEvent> = fc.record({
  purpose: fc.oneof(purpose, fc.constant('*')),
  decision: fc.constantFrom(...CONSENT_DECISIONS, 'granted', 'granted', 'granted', 'granted'),
  at: fc.integer({ min: -20, max: 1 }).map((days) => NOW + days * DAY),
  version: fc.nat(50),
  region: fc.constantFrom(null, 'US-CA', 'DE'),
  recipients: fc.constantFrom(['acme'], []),
  method: fc.constantFrom('explicit', 'implicit', null),
  notice: fc.constant(null),
  source: fc.constant(null),
  expires: fc.option(fc.integer({ min: -2, max: 20 }).map((days) => NOW + days * DAY)),
});
const history = fc.uniqueArray(said, { maxLength: 4, selector: ({ version }) => version });
const age = fc.integer({ min: 0, max: 16 }).map((days) => days * DAY);

/** Each text becomes one that is nowhere else, so that it is known again wherever it turns up. */
function marked(value: Json, next = { id: 0 }): Json {
  if (typeof value === 'string') return `canary${next.id++}.`;
  if (value === null) return null;
  if (Array.isArray(value)) return value.map((one: Json) => marked(one, next));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, marked(one, next)]));
}

/** Every scalar of a value and its place. */
function* scalars(value: Json, place: Concrete = []): Generator<readonly [Concrete, string | null]> {
  if (typeof value === 'string' || value === null) yield [place, value];
  else if (Array.isArray(value)) for (const [i, one] of value.entries()) yield* scalars(one, [...place, i]);
  else for (const [key, one] of Object.entries(value)) yield* scalars(one as Json, [...place, key]);
}

function compiled({ policy, guards }: World): CompiledBundle | null {
  const result = compile(documents({ policies: [policy], purposes: PURPOSES, guards }), { brokenGuards: 'dropped' });
  return result.ok ? result.bundle : null;
}

/** A second reading of guards, for one value. */
function allowed(guards: readonly GuardDocument[], name: string, of: string, form: string): boolean {
  return guards.every((one) => {
    const patterns = [one.never_in ?? one.in ?? '*'].flat();
    if (!covers(one.category, name) || !patterns.some((pattern) => matchesPattern(pattern, of))) return true;
    return one.only_as !== undefined && [one.only_as].flat().includes(form as never);
  });
}

const tally = { published: 0, values: 0, keys: 0, names: 0, headers: 0, stripped: 0, guarded: 0, explicit: 0 };

class Check {
  readonly world: World;
  readonly plan: RoutePlan;
  readonly output: OutputPlan;
  readonly proof: OutputProof;
  readonly state: ConsentState;
  readonly age: number;

  constructor(of: World, plan: RoutePlan, output: OutputPlan, proof: OutputProof, state: ConsentState, old: number) {
    this.world = of;
    this.plan = plan;
    this.output = output;
    this.proof = proof;
    this.state = state;
    this.age = old;
  }

  /** The matrix has that way, its conditions are met, and no guard minds. */
  released(kind: Way['kind'], where: string, name: string, form: string, tombstone = false): void {
    const cell = this.proof.cells.find((one) => one.category.name === name);
    const way = cell?.ways.find((one) => one.kind === kind && one.path === where && one.action.kind === form);
    const what = `${kind} ${where} (${name}) as ${form}`;
    expect(way, `${what} is not in ${JSON.stringify(cell)}`).toBeDefined();
    const { purpose: of } = this.output;
    expect(allowed(this.world.guards, name, of.name, form), `${what} breaks a guard`).toBe(true);
    if (way === undefined) return;
    const { explicit, lawful, maxAgeMs, tombstones } = way.conditions;
    if (tombstone) {
      expect(tombstones).toBe(true);
      return;
    }
    const basis = basisOf(of, null, this.state, NOW);
    expect(this.age).toBeLessThanOrEqual(maxAgeMs);
    if (lawful) expect(this.state.refusal(basis, of, NOW)).toBeNull();
    if (explicit) expect(basis === 'legal_obligation' || this.state.explicit(of, NOW)).toBe(true);
    if (explicit) tally.explicit++;
  }

  published(decision: PublishedOutput): void {
    const { variant, value, key, headers } = decision;
    if (variant === null || value === null) throw new Error('no record');
    tally.published++;
    if (variant.stripped) tally.stripped++;
    for (const [place, scalar] of scalars(JSON.parse(Buffer.from(value).toString()) as Json)) {
      const leaf = this.plan.leaves.find(({ path: declared }) => declared === walk(this.plan, place));
      // A container that is null stays null.
      if (leaf === undefined && scalar === null) continue;
      if (leaf === undefined || leaf.category === null) throw new Error(`nothing is declared at ${place.join('.')}`);
      const effect = variant.effects[leaf.id] ?? '';
      if (scalar?.includes('canary') === true) expect(effect).toBe('keep');
      this.released('field', leaf.path, leaf.category.name, effect);
      tally.values++;
      if (place.includes('found')) {
        this.released('map_keys', leaf.path, leaf.category.name, 'keep');
        tally.names++;
      }
    }
    for (const { name } of headers) {
      const index = this.plan.headers.findIndex((one) => one.name === name);
      const effect = variant.headerEffects[index] ?? '';
      this.released('header', `headers.${name}`, this.plan.headers[index]?.category.name ?? '', effect);
      tally.headers++;
    }
    if (key !== null) this.key(variant.effects);
  }

  key(effects: readonly string[] | null): void {
    tally.keys++;
    const keyed = this.output.key;
    const subject = this.plan.leaves[this.plan.read.subject];
    if (keyed.kind === 'leaf') {
      const leaf = this.plan.leaves[keyed.leaf];
      this.released('key', leaf?.path ?? '', leaf?.category?.name ?? '', effects?.[keyed.leaf] ?? '');
    } else {
      const name = subject?.category?.name ?? 'user.unique_id';
      this.released('key', subject?.path ?? '', name, 'pseudonymize', effects === null);
    }
  }
}

describe('the matrix', () => {
  it('holds whatever the engine publishes, and no plan breaks a guard', async () => {
    let policies = 0;
    await fc.assert(
      fc.asyncProperty(
        world,
        fc.array(fc.tuple(record, history, age), { minLength: 4, maxLength: 4 }),
        async (of, records) => {
          const bundle = compiled(of);
          const plan = bundle?.routes[0]?.plan;
          if (bundle === null || plan === undefined) return;
          policies++;
          const proof = prove(bundle, () => ({ from: 'nowhere', versions: [] }));
          tally.guarded += proof.guards.filter(({ holds }) => !holds).length;
          const codec = makeJsonCodec(plan, keyring);
          for (const [value, events, old] of records) {
            await codec.begin([]);
            const text = JSON.stringify({ ...(marked(value) as object), s: 'cust-1' });
            const decoded = codec.decode(Buffer.from(text), NOW - old, NOW);
            if (!decoded.ok) continue;
            const state = consentStateOf(events);
            const batch = makeEngine({ keyring }).begin({ codec, now: NOW });
            const decision = batch.evaluate(decoded.record, { h1: Buffer.from('x'), h2: Buffer.from('y') }, state);
            const tombstone = batch.tombstone(plan, Buffer.from('cust-1'));
            for (const [index, one] of plan.outputs.entries()) {
              const output = proof.routes[0]?.outputs[index];
              if (output === undefined) throw new Error('no output');
              const check = new Check(of, plan, one, output, state, old);
              const result = decision.kind === 'decided' ? decision.outputs[index] : undefined;
              if (result?.kind === 'published') check.published(result);
              const gone = tombstone.kind === 'decided' ? tombstone.outputs[index] : undefined;
              if (gone?.kind === 'published') check.key(null);
            }
          }
        },
      ),
      { numRuns: Number(process.env['FC_RUNS'] ?? 800) },
    );
    // None of this is worth anything where nothing happened.
    expect(policies).toBeGreaterThan(300);
    for (const [what, count] of Object.entries(tally)) expect(count, what).toBeGreaterThan(10);
  }, 60_000);
});

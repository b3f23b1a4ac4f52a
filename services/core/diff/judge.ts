/** One bundle judging records as its workers would, with a look at what was counted of each. */
import type { Decoded, DecodeResult, RecordCodec } from '../apply/codec.ts';
import type { ConsentState } from '../decide/consent-state.ts';
import type { Effect, Variant } from '../decide/variant.ts';
import { deadLettered, type EngineBatch, makeEngine, type RecordDecision } from '../engine.ts';
import { standInCiphers } from '../apply/encrypt.ts';
import type { Keyring } from '../keyring.ts';
import type { Poison } from '../outcome.ts';
import type { OutputPlan, RoutePlan } from '../policy/plan.ts';
import type { Judged } from './record-diff.ts';

/** A raw record on its way to a decision. */
export type Raw =
  | { readonly kind: 'value'; readonly decoded: DecodeResult | null; readonly headers: unknown }
  | { readonly kind: 'unreadable'; readonly poison: Poison }
  | { readonly kind: 'tombstone'; readonly key: Uint8Array | null };

export type Judge = {
  /** Of the route, for records that name no schema. */
  readonly plan: RoutePlan;
  /** Gets ready for a batch of values; throws `unavailable` where their schemas cannot be had. */
  readonly begin: (values: readonly (Uint8Array | null)[]) => Promise<void>;
  /** Null: this bundle does not read the topic. */
  readonly decode: (value: Uint8Array, timestamp: number, now: number) => DecodeResult | null;
  /** @param now epoch milliseconds: the moment the record is judged at. */
  readonly judge: (raw: Raw, stateOf: (subject: string) => ConsentState, now: number) => Judged;
};

export function makeJudge(codec: RecordCodec, keyring: Keyring, plan: RoutePlan): Judge {
  const counts: (Uint32Array | null)[] = [];
  const seen: RecordCodec = {
    ...codec,
    apply: (record, output, variant, tally, cipher) => {
      // Stays the engine's scratch, and as it is until the engine's next record.
      counts[output.index] = tally;
      return codec.apply(record, output, variant, tally, cipher);
    },
  };
  const engine = makeEngine({ keyring, ciphers: standInCiphers(keyring) });
  const loneVariant = makeLoneVariants();
  let batch: { readonly now: number; readonly engine: EngineBatch } | null = null;

  const decide = (raw: Raw, stateOf: (subject: string) => ConsentState, now: number): RecordDecision => {
    if (raw.kind === 'unreadable') return deadLettered(raw.poison);
    if (batch?.now !== now) batch = { now, engine: engine.begin({ codec: seen, now }) };
    if (raw.kind === 'tombstone') return batch.engine.tombstone(plan, raw.key);
    if (raw.decoded === null) return NOT_READ;
    if (!raw.decoded.ok) return deadLettered(raw.decoded.poison);
    const { record } = raw.decoded;
    return batch.engine.evaluate(record, raw.headers, stateOf(record.subject));
  };

  return {
    plan,
    begin: (values) => codec.begin(values),
    decode: codec.decode,
    judge: (raw, stateOf, now) => {
      const decision = decide(raw, stateOf, now);
      const record = raw.kind === 'value' && raw.decoded?.ok === true ? raw.decoded.record : null;
      return {
        decision,
        counts,
        alone: (output, leaf) => (record === null ? null : valueAlone(codec, record, output, leaf, loneVariant)),
      };
    },
  };
}

const NOT_READ: RecordDecision = deadLettered({ code: 'undecodable', path: null });

/** The judge of a bundle that does not read the topic: nothing is published, and nothing is a dead letter. */
export function makeAbsentJudge(plan: RoutePlan): Judge {
  const judged: Judged = { decision: { kind: 'decided', plan, outputs: [] }, counts: [], alone: () => null };
  return { plan, begin: () => Promise.resolve(), decode: () => null, judge: () => judged };
}

function valueAlone(
  codec: RecordCodec,
  record: Decoded,
  index: number,
  leaf: number,
  variantOf: (plan: RoutePlan, output: OutputPlan, leaf: number) => Variant,
): Uint8Array | null {
  const output = record.plan.outputs[index];
  if (output === undefined || leaf < 0) return null;
  const tally = new Uint32Array(record.plan.leaves.length + record.plan.headers.length);
  const applied = codec.apply(record, output, variantOf(record.plan, output, leaf), tally);
  return applied.ok ? applied.value : null;
}

/** Variants that release one leaf. They are none of the decider's: their ids lie above all that it can give. */
function makeLoneVariants(): (plan: RoutePlan, output: OutputPlan, leaf: number) => Variant {
  const known = new WeakMap<OutputPlan, (Variant | undefined)[]>();
  return (plan, output, leaf) => {
    let variants = known.get(output);
    if (variants === undefined) known.set(output, (variants = []));
    return (variants[leaf] ??= loneVariant(plan, output, leaf));
  };
}

function loneVariant({ leaves, headers }: RoutePlan, output: OutputPlan, leaf: number): Variant {
  // A decider's variants are explicit or not, stripped or not, with a data key or not, at up to one age limit a leaf or header.
  const above = 8 * (leaves.length + headers.length + 1);
  const effectOf = (id: number): Effect => (id === leaf ? (output.leaves[id]?.action.kind ?? 'drop') : 'drop');
  return {
    id: above + leaf,
    released: Uint8Array.from(leaves, ({ id }) => (id === leaf ? 1 : 0)),
    effects: leaves.map(({ id }) => effectOf(id)),
    headerEffects: headers.map(() => 'drop' as const),
    stripped: false,
    lacksExplicit: false,
    lacksRetention: false,
    shredded: false,
    lacksKey: false,
  };
}

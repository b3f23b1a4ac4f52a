/**
 * The engine: one record in, one decision out. Worker, `replay`, `explain`, `test` and `diff` all call it, so that what
 * a person is shown is what the worker does. Pure but for the codec's and the keyring's memory.
 */
import type { Decoded, RecordCodec } from './apply/codec.ts';
import { type ApplyHeaders, makeApplyHeaders, type PublishedHeader, textOf } from './apply/headers.ts';
import type { CipherSlot } from './apply/encrypt.ts';
import type { SubjectCipher, SubjectCiphers } from './data-key.ts';
import type { ConsentState } from './decide/consent-state.ts';
import { decide, type RecordFacts, settle } from './decide/decide.ts';
import type { Variant } from './decide/variant.ts';
import { makeVariants, type Variants } from './decide/variants.ts';
import { type FieldCount, FieldTally } from './field-tally.ts';
import type { Keyring } from './keyring.ts';
import { type Poison, WITHHELD_REASONS, type WithheldReason } from './outcome.ts';
import type { OutputPlan, RoutePlan } from './policy/plan.ts';

export type PublishedOutput = {
  readonly kind: 'published';
  /** How the output treated each field; null for a tombstone. */
  readonly variant: Variant | null;
  /** Why only non-personal fields are in it, `tombstone` for a tombstone passed on, or null: nothing held back. */
  readonly reason: WithheldReason | null;
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly key: string | null;
  /**
   * Of a tombstone, where keys were rotated: the pseudonyms of the subject under older versions. What was published under
   * those goes too: the tombstone is passed on once for each.
   */
  readonly earlierKeys?: readonly string[];
  readonly headers: readonly PublishedHeader[];
};

export type WithheldOutput = { readonly kind: 'withheld'; readonly reason: WithheldReason };

export type OutputDecision = PublishedOutput | WithheldOutput;

export type DeadLettered = { readonly kind: 'dead_lettered'; readonly poison: Poison };

export type Decided = {
  readonly kind: 'decided';
  readonly plan: RoutePlan;
  /** By `OutputPlan.index`. */
  readonly outputs: readonly OutputDecision[];
};

/** What became of a record: for every output, or at all. */
export type RecordDecision = Decided | DeadLettered;

export type BatchOptions = {
  readonly codec: RecordCodec;
  /** Epoch milliseconds: the moment the whole batch is judged at. */
  readonly now: number;
  /**
   * By output index: the most bytes of key, value and headers that its topic takes in one record. A record that comes
   * out larger for any output is `too_large`. Without it nothing is.
   */
  readonly maxOutputBytes?: readonly number[];
  /** Whose key values are encrypted under; by default those of the engine. */
  readonly ciphers?: SubjectCiphers;
};

/** The records of one batch; they must have been decoded by its codec since the codec's last `begin`. */
export type EngineBatch = {
  /**
   * Decides about a decoded record. An action that fails in any published output dead-letters the record for all.
   *
   * @param headers of the raw record, as the client library decoded them.
   * @param state of the record's subject: all that was said under any of its tokens.
   */
  readonly evaluate: (record: Decoded, headers: unknown, state: ConsentState) => RecordDecision;
  /**
   * Decides about a raw tombstone: passed on with its key tokenised where the output is keyed by the subject, so that
   * compaction erases downstream too. It asks for no consent: it takes away and tells nothing.
   *
   * @param key raw bytes: the subject id as text.
   */
  readonly tombstone: (plan: RoutePlan, key: Uint8Array | null) => RecordDecision;
  /**
   * Whether what was published of a record would be published just so, were it decided about again: by what its subject
   * has said meanwhile, at a later moment. What was withheld is not asked about; it was rightly withheld then.
   */
  readonly stands: (record: RecordFacts, decision: RecordDecision, state: ConsentState, now: number) => boolean;
  /** What the fields of the records published so far came to; to be counted once the batch is committed. */
  readonly fieldCounts: () => readonly FieldCount[];
};

export type Engine = { readonly begin: (options: BatchOptions) => EngineBatch };

/** What is worked out once per output of a plan. `counts` is scratch: fields of the record in hand. */
type Part = {
  readonly output: OutputPlan;
  readonly variants: Variants;
  readonly applyHeaders: ApplyHeaders;
  readonly counts: Uint32Array;
};

const WITHHELD = Object.fromEntries(
  WITHHELD_REASONS.map((reason) => [reason, Object.freeze({ kind: 'withheld', reason })]),
) as Readonly<Record<WithheldReason, WithheldOutput>>;

/** @param ciphers where no batch names its own; without any, a record with a value to be encrypted is `action_failed`. */
export function makeEngine({
  keyring,
  ciphers,
}: {
  readonly keyring: Keyring;
  readonly ciphers?: SubjectCiphers;
}): Engine {
  const slot: CipherSlot = { cipher: null };
  // Plans vary with the writer schema for Avro; what belongs to one goes when it goes.
  const known = new WeakMap<RoutePlan, readonly Part[]>();
  const partsOf = (plan: RoutePlan): readonly Part[] => {
    let parts = known.get(plan);
    if (parts === undefined) {
      parts = plan.outputs.map((output) => ({
        output,
        variants: makeVariants(plan, output),
        applyHeaders: makeApplyHeaders(plan, output, keyring, slot),
        counts: new Uint32Array(plan.leaves.length + plan.headers.length),
      }));
      known.set(plan, parts);
    }
    return parts;
  };

  return {
    begin(options) {
      const tally = new FieldTally();
      return {
        evaluate: (record, headers, state) => evaluate(partsOf(record.plan), record, headers, state, options, tally),
        tombstone: (plan, key) => passOn(plan, key, keyring),
        stands: (record, decision, state, now) =>
          decision.kind !== 'decided' || stands(partsOf(decision.plan), record, decision, state, now),
        fieldCounts: () => tally.counts(),
      };
    },
  };

  function evaluate(
    parts: readonly Part[],
    record: Decoded,
    headers: unknown,
    state: ConsentState,
    { codec, now, maxOutputBytes, ciphers: own }: BatchOptions,
    tally: FieldTally,
  ): RecordDecision {
    const { plan } = record;
    const outputs: OutputDecision[] = [];
    /** Asked for at most once a record, and only where something is to be encrypted. */
    let asked: SubjectCipher | 'shredded' | null | undefined;
    const cipherOf = (): SubjectCipher | 'shredded' | null => (asked ??= (own ?? ciphers)?.(record.subject) ?? null);
    const shredded = (): boolean => cipherOf() === 'shredded';
    for (let i = 0; i < parts.length; i++) {
      const { output, variants, applyHeaders, counts } = parts[i] as Part;
      const verdict = decide(record, state, output, now, variants, shredded);
      if (verdict.kind === 'withhold') {
        outputs.push(WITHHELD[verdict.reason]);
        continue;
      }
      const { variant, reason } = verdict;
      counts.fill(0);
      const cipher = variants.encrypts ? cipherOf() : null;
      slot.cipher = cipher === 'shredded' ? null : cipher;
      const applied = codec.apply(record, output, variant, counts, slot.cipher);
      if (!applied.ok) return deadLettered(applied.poison);
      const withheld = settle(variant, reason, applied.released);
      if (withheld !== null) {
        outputs.push(WITHHELD[withheld]);
        continue;
      }
      const sent = applyHeaders(headers, variant, counts, plan.leaves.length);
      if (!sent.ok) return deadLettered(sent.poison);
      const key = keyOf(output, variant, record.subject, applied.keyText);
      if (maxOutputBytes !== undefined && sizeOf(applied.value, key, sent.headers) > (maxOutputBytes[i] ?? 0)) {
        return deadLettered({ code: 'too_large', path: null });
      }
      outputs.push({ kind: 'published', variant, reason, value: applied.value, key, headers: sent.headers });
    }
    // Only now is it sure that none of the outputs failed, and with it the record.
    for (let i = 0; i < parts.length; i++) {
      const decision = outputs[i] as OutputDecision;
      if (decision.kind !== 'published' || decision.variant === null) continue;
      const { output, counts } = parts[i] as Part;
      tally.add(plan, output, decision.variant, counts);
    }
    return { kind: 'decided', plan, outputs };
  }

  /** The key of a published record. What a stripped record is keyed by must not be personal either. */
  function keyOf(output: OutputPlan, variant: Variant, subject: string, keyText: string | null): string | null {
    switch (output.key.kind) {
      case 'pseudonym':
        return variant.stripped ? null : keyring.pseudonym(output.purpose.name, subject);
      case 'leaf':
        return variant.released[output.key.leaf] === 1 ? keyText : null;
      case 'none':
        return null;
    }
  }
}

function stands(
  parts: readonly Part[],
  record: RecordFacts,
  { outputs }: Decided,
  state: ConsentState,
  now: number,
): boolean {
  return parts.every(({ output, variants }, index) => {
    const before = outputs[index];
    if (before?.kind !== 'published') return true;
    // A data key that was destroyed stays so; one that was not may be destroyed now without harm: what is encrypted goes with it.
    const shredded = before.variant?.shredded ?? false;
    const after = decide(record, state, output, now, variants, () => shredded);
    return after.kind === 'publish' && after.variant === before.variant && after.reason === before.reason;
  });
}

export function deadLettered(poison: Poison): DeadLettered {
  return { kind: 'dead_lettered', poison };
}

function passOn(plan: RoutePlan, key: Uint8Array | null, keyring: Keyring): RecordDecision {
  if (key === null || key.length === 0) return deadLettered({ code: 'subject_missing', path: null });
  const subject = textOf(key);
  if (subject === null) return deadLettered({ code: 'undecodable', path: null });
  const outputs = plan.outputs.map(({ key: keyedBy, purpose }): OutputDecision => {
    if (keyedBy.kind !== 'pseudonym') return WITHHELD.tombstone;
    const [key = null, ...earlierKeys] = keyring.pseudonymsOf(purpose.name, subject);
    const rotated = earlierKeys.length === 0 ? {} : { earlierKeys };
    return { kind: 'published', variant: null, reason: 'tombstone', value: null, key, ...rotated, headers: [] };
  });
  return { kind: 'decided', plan, outputs };
}

/** At least as many bytes as the record takes: text is counted at its UTF-8 worst. */
function sizeOf(value: Uint8Array, key: string | null, headers: readonly PublishedHeader[]): number {
  let size = value.length + (key === null ? 0 : key.length * 3);
  for (const { name, values } of headers) {
    for (const one of values) size += name.length * 3 + one.length;
  }
  return size;
}

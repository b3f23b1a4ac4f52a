/**
 * A batch under the candidate bundle: the same records, consents, moment and limits, and nothing published. What throws
 * in here is the candidate's failure and not the batch's.
 */
import type { RecordCodec } from '../core/apply/codec.ts';
import { standInCiphers } from '../core/apply/encrypt.ts';
import type { SubjectCiphers } from '../core/data-key.ts';
import type { ConsentState } from '../core/decide/consent-state.ts';
import type { Engine, RecordDecision } from '../core/engine.ts';
import type { Keyring } from '../core/keyring.ts';
import type { RoutePlan } from '../core/policy/plan.ts';
import { makeComparison } from '../core/shadow/comparison.ts';
import type { ShadowVerdict } from '../core/shadow/divergence.ts';
import type { RawBatch } from '../core/transport.ts';
import { decodeBatch, type DecodedRecord } from './1-decode.ts';
import { decideRecord } from './3-decide.ts';
import type { Shadow, Shadows } from './shadows.ts';

export type ShadowBatchOptions = {
  readonly batch: RawBatch;
  /** The active route's plan. */
  readonly plan: RoutePlan;
  readonly now: number;
  readonly engine: Engine;
  /** The most bytes that a record of a topic may have; infinite for a topic of the candidate alone. */
  readonly maxBytesOf: (topic: string) => number;
  readonly keyring: Keyring;
  readonly shadows: Pick<Shadows, 'failed'>;
};

type StateOf = (subject: string) => ConsentState;

export type ShadowBatch = {
  /** Subjects that the candidate finds, which need not be those of the active bundle; a subject may occur twice. */
  readonly subjects: readonly string[];
  /**
   * Holds the candidate's decisions against the active ones.
   *
   * @param stateOf null where the consents of `subjects` could not be had.
   * @param ciphers null where the active bundle encrypts nothing: then no data key is asked for the candidate's sake.
   */
  readonly judge: (
    decisions: readonly RecordDecision[],
    stateOf: StateOf | null,
    ciphers: SubjectCiphers | null,
  ) => void;
  /** What the records from one index up to another (without it) come to. */
  readonly verdict: (from: number, to: number) => ShadowVerdict;
  /** Gives the codec back; may be called twice. */
  readonly close: () => void;
};

/** Decodes the batch as the candidate reads it. Never rejects. */
export async function openShadow(shadow: Shadow, options: ShadowBatchOptions): Promise<ShadowBatch> {
  const { batch, plan, now } = options;
  const route = shadow.route?.(batch.topic) ?? null;
  const runtime = route === null || route === 'none' || route === 'same' ? null : route;
  const comparison = makeComparison({
    active: plan.outputs.map(({ topic }) => topic),
    candidate: runtime?.route.plan.outputs.map(({ topic }) => topic) ?? [],
    records: batch.records.length,
  });
  const standIns = standInCiphers(options.keyring);
  let codec: RecordCodec | null = null;
  let decoded: readonly DecodedRecord[] = [];
  let asked = route !== null;

  const fail = (error: unknown): void => {
    asked = false;
    // Whatever state it is in, nobody gets it again.
    codec = null;
    options.shadows.failed(shadow.digest, error);
  };

  if (runtime !== null) {
    try {
      codec = runtime.borrow();
      decoded = await decodeBatch(batch, codec, now);
    } catch (error) {
      fail(error);
    }
  }

  const compareAll = (decisions: readonly RecordDecision[], stateOf: StateOf, ciphers: SubjectCiphers): void => {
    if (runtime === null || codec === null) {
      decisions.forEach((decision, index) => comparison.compare(index, decision, null));
      return;
    }
    const { plan: own } = runtime.route;
    const maxOutputBytes = own.outputs.map(({ topic }) => options.maxBytesOf(topic));
    const engine = options.engine.begin({ codec, now, maxOutputBytes, ciphers });
    decisions.forEach((decision, index) => {
      const one = decoded[index]!;
      const state = one.kind === 'record' ? stateOf(one.record.subject) : null;
      comparison.compare(index, decision, decideRecord(batch.records[index]!, one, state, engine, own));
    });
  };

  return {
    subjects: decoded.flatMap((one) => (one.kind === 'record' ? [one.record.subject] : [])),
    judge: (decisions, stateOf, ciphers) => {
      try {
        if (asked && stateOf !== null && route !== 'same') compareAll(decisions, stateOf, ciphers ?? standIns);
      } catch (error) {
        fail(error);
      }
      if (!asked || stateOf === null) comparison.fail();
    },
    verdict: (from, to) => ({ bundle: shadow.digest, divergence: comparison.between(from, to) }),
    close: () => {
      if (codec !== null) runtime?.giveBack(codec);
      codec = null;
    },
  };
}

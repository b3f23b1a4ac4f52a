/**
 * Explains one record: the engine decides, as it does for the worker, and the reasons are read off the plan, the variant
 * it chose and the consents it asked. Pure but for the ports.
 */
import type { Decoded, RecordCodec } from '../apply/codec.ts';
import type { ConsentState } from '../decide/consent-state.ts';
import { deadLettered, type Engine, type RecordDecision } from '../engine.ts';
import { LetheError } from '../errors.ts';
import type { Poison } from '../outcome.ts';
import type { RoutePlan } from '../policy/plan.ts';
import type { RawRecord } from '../transport.ts';
import type { Authored } from './authored.ts';
import { capped } from './capped.ts';
import { explainCode } from './dead-letter-reasons.ts';
import { explainOutput, explainTombstoneOutput } from './explain-output.ts';
import type { DeadLetterExplanation, RecordExplanation } from './explanation.ts';
import { bytesLiteral, instantText } from './literal.ts';
import { findOccurrences, type Occurrences } from './occurrences.ts';
import { kindOf, type Tree } from './tree.ts';
import { ruleReference } from './explain-fields.ts';
import { decide } from '../decide/decide.ts';
import { makeVariants } from '../decide/variants.ts';

export type ExplainPorts = {
  /** The route's; nobody else uses it meanwhile. */
  readonly codec: RecordCodec;
  readonly engine: Engine;
  /** Values as trees: of raw records, and of what the codec writes. Null where the bytes are none. */
  readonly readRaw: (value: Uint8Array) => Tree | null | Promise<Tree | null>;
  readonly readOutput: (value: Uint8Array) => Tree | null;
  /** The consents of some subjects. */
  readonly load: (subjects: readonly string[]) => Promise<(subject: string) => ConsentState>;
  readonly authored: Authored;
  /** By output index; as the engine takes it. */
  readonly maxOutputBytes?: readonly number[];
};

export type Explained = { readonly explanation: RecordExplanation; readonly decision: RecordDecision };

/**
 * Explains what becomes of a raw record.
 *
 * @param plan of the route; where a writer schema changes it (Avro tags), the record's own is used.
 * @param now epoch milliseconds.
 * @throws LetheError `unavailable` of the ports.
 */
export async function explainRecord(
  plan: RoutePlan,
  record: RawRecord,
  now: number,
  ports: ExplainPorts,
): Promise<Explained> {
  const { codec } = ports;
  const tree = record.unreadable !== undefined || record.value === null ? null : await ports.readRaw(record.value);
  if (record.unreadable !== undefined) return dead({ code: record.unreadable, path: null }, plan, null);
  if (record.value === null) return tombstone();
  await codec.begin([record.value]);
  const decoded = codec.decode(record.value, record.timestamp, now);
  if (!decoded.ok) return dead(decoded.poison, plan, null);
  const state = (await ports.load([decoded.record.subject]))(decoded.record.subject);
  const { maxOutputBytes } = ports;
  const batch = ports.engine.begin({ codec, now, ...(maxOutputBytes === undefined ? {} : { maxOutputBytes }) });
  const decision = batch.evaluate(decoded.record, record.headers, state);
  if (decision.kind === 'dead_lettered') return dead(decision.poison, decoded.record.plan, { ...decoded, state });

  const found = occurrencesOf(decoded.record.plan);
  if (found === null) throw new LetheError('bug', 'a record that was decoded cannot be read again');
  const outputs = decoded.record.plan.outputs.map((output, index) =>
    explainOutput({
      plan: decoded.record.plan,
      output,
      decision: decision.outputs[index]!,
      facts: decoded.record,
      state,
      now,
      headers: record.headers,
      raw: found.tree,
      occurrences: found.occurrences,
      readOutput: ports.readOutput,
      authored: ports.authored,
    }),
  );
  return {
    decision,
    explanation: {
      ...common(decoded.record.plan),
      outcome: 'decided',
      ...timeOf(decoded.record),
      region: decoded.record.region,
      outputs,
      undeclared: capped(found.occurrences.undeclared),
    },
  };

  function common(of: RoutePlan): Omit<RecordExplanation, 'outcome'> {
    return {
      ...{ route: of.name, topic: of.topic, now: instantText(now), region: null },
      ...{ eventTime: null, eventTimeFrom: null },
      ...{ tombstone: record.value === null, deadLetter: null, outputs: [], undeclared: { count: 0, shown: [] } },
      undeclaredHeaders: undeclaredHeaders(record.headers, of),
      rawKey: record.key === null ? null : bytesLiteral(record.key),
    };
  }

  function timeOf({ eventTime, plan }: Decoded): Pick<RecordExplanation, 'eventTime' | 'eventTimeFrom'> {
    return { eventTime: instantText(eventTime), eventTimeFrom: plan.read.time >= 0 ? 'record' : 'timestamp' };
  }

  function occurrencesOf(of: RoutePlan): { tree: Tree; occurrences: Occurrences } | null {
    return tree === null ? null : { tree, occurrences: findOccurrences(tree, of) };
  }

  function dead(
    poison: Poison,
    of: RoutePlan,
    decidedAbout: { readonly record: Decoded; readonly state: ConsentState } | null,
  ): Explained {
    const unread = ['undecodable', 'schema_unknown', 'too_large'].includes(poison.code);
    const found = unread ? null : occurrencesOf(of);
    return {
      decision: deadLettered(poison),
      explanation: {
        ...common(of),
        outcome: 'dead_lettered',
        ...(decidedAbout === null ? {} : timeOf(decidedAbout.record)),
        region: decidedAbout?.record.region ?? null,
        deadLetter: deadLetter(poison, of, found?.occurrences ?? null, decidedAbout),
        ...(found === null ? {} : { undeclared: capped(found.occurrences.undeclared) }),
      },
    };
  }

  function deadLetter(
    poison: Poison,
    of: RoutePlan,
    occurrences: Occurrences | null,
    decidedAbout: { readonly record: Decoded; readonly state: ConsentState } | null,
  ): DeadLetterExplanation {
    const leaf = of.leaves.findIndex(({ path }) => path === poison.path);
    const scalars = (occurrences?.byLeaf[leaf] ?? []).map(({ path, scalar }) => ({
      ...{ path, before: scalar.literal, kind: kindOf(scalar) },
    }));
    const containers = (occurrences?.refused.get(leaf) ?? []).map((place) => ({ ...place, before: null }));
    const outputs = of.outputs.flatMap((output) => {
      const rule = output.leaves[leaf];
      if (decidedAbout === null || rule === undefined) return [];
      const verdict = decide(decidedAbout.record, decidedAbout.state, output, now, makeVariants(of, output));
      if (verdict.kind !== 'publish' || verdict.variant.released[leaf] !== 1) return [];
      return [{ topic: output.topic, rule: ruleReference(rule), action: rule.action }];
    });
    return {
      ...poison,
      ...explainCode(poison, of.format),
      values: capped([...containers, ...scalars]),
      outputs,
    };
  }

  function tombstone(): Explained {
    const decision = ports.engine.begin({ codec, now }).tombstone(plan, record.key);
    if (decision.kind === 'dead_lettered') {
      const { explanation } = dead(decision.poison, plan, null);
      return { decision, explanation };
    }
    const outputs = plan.outputs.map((output, index) => explainTombstoneOutput(output, decision.outputs[index]!));
    return { decision, explanation: { ...common(plan), outcome: 'decided', outputs } };
  }
}

function undeclaredHeaders(headers: unknown, plan: RoutePlan): readonly string[] {
  if (typeof headers !== 'object' || headers === null) return [];
  const declared = new Set(plan.headers.map(({ name }) => name));
  return Object.keys(headers).filter((name) => !declared.has(name));
}

/** What of a policy its tests have met: rules, reasons to withhold, declared fields; and dead-letter codes beside. */
import { headerValues } from '../apply/header-values.ts';
import type { Effect, Variant } from '../decide/variant.ts';
import { releases } from '../decide/variants.ts';
import type { RecordDecision } from '../engine.ts';
import type { DeadLetterCode, WithheldReason } from '../outcome.ts';
import type { ActionKind, LeafRule, OutputPlan, RoutePlan } from '../policy/plan.ts';
import { formatPosition } from '../policy/report.ts';
import type { AuthoredRule } from './policy-test.ts';
import { possibleReasons } from './possible-reasons.ts';

export type FieldState = 'released' | 'dropped' | 'never_seen';

export type OutputCoverage = {
  readonly topic: string;
  /** `hit`: it decided about a value (no null) of a published record. */
  readonly rules: readonly (AuthoredRule & { readonly hit: boolean })[];
  /** Those that can occur; `reached`: an output was withheld, or stripped, for it. */
  readonly reasons: readonly { readonly reason: WithheldReason; readonly reached: boolean }[];
  /** Declared fields and headers in published records. Either of released and dropped counts as covered. */
  readonly fields: readonly { readonly path: string; readonly state: FieldState }[];
};

export type RouteCoverage = {
  readonly route: string;
  readonly outputs: readonly OutputCoverage[];
  /** Not part of the percentage: these are mostly the engine's own business, not the policy's. */
  readonly deadLetters: readonly { readonly code: DeadLetterCode; readonly reached: boolean }[];
};

export type Count = { readonly covered: number; readonly of: number };

/** Collects what the tests of one route meet. */
export type Coverage = {
  readonly decided: (decision: RecordDecision) => void;
  /**
   * @param seen by leaf id: how many values of it the record holds.
   * @param headers of the raw record.
   */
  readonly published: (output: OutputPlan, variant: Variant, seen: Uint32Array, headers: unknown) => void;
  readonly report: () => RouteCoverage;
};

/** Codes that a record in a test can come to; the others need a registry, or megabytes. */
function possibleCodes({ read }: RoutePlan): readonly DeadLetterCode[] {
  return ['undecodable', 'subject_missing', ...(read.time < 0 ? [] : ['time_invalid' as const]), 'action_failed'];
}

/** @param rules by output index, as authored. */
export function makeCoverage(plan: RoutePlan, rules: readonly (readonly AuthoredRule[])[]): Coverage {
  const codes = new Set<DeadLetterCode>();
  const reachable = new Set(plan.nodes.map(({ leaf }) => leaf));
  const outputs = plan.outputs.map((output) => {
    const states = new Map<string, FieldState>();
    for (const { id, path, category } of plan.leaves) {
      if (category !== null && reachable.has(id)) states.set(path, 'never_seen');
    }
    for (const { name } of plan.headers) states.set(headerPath(name), 'never_seen');
    return { output, states, hit: new Set<string>(), reasons: new Set<WithheldReason>() };
  });

  return {
    decided: (decision) => {
      if (decision.kind === 'dead_lettered') {
        codes.add(decision.poison.code);
        return;
      }
      for (const [index, { reason }] of decision.outputs.entries()) {
        if (reason !== null) outputs[index]?.reasons.add(reason);
      }
    },
    published: ({ index }, variant, seen, headers) => {
      const part = outputs[index];
      if (part === undefined) return;
      const meet = (path: string, rule: LeafRule | undefined, effect: Effect | undefined): void => {
        if (rule === undefined || effect === undefined || !part.states.has(path)) return;
        if (releases(effect)) part.states.set(path, 'released');
        else if (part.states.get(path) === 'never_seen') part.states.set(path, 'dropped');
        if (rule.rule !== null && acted(rule.action.kind, effect)) part.hit.add(formatPosition(rule.rule.position));
      };
      for (const { id, path } of plan.leaves) {
        if ((seen[id] ?? 0) > 0) meet(path, part.output.leaves[id], variant.effects[id]);
      }
      for (const [at, { name }] of plan.headers.entries()) {
        if (headerValues(headers, name).length === 0) continue;
        meet(headerPath(name), part.output.headers[at], variant.headerEffects[at]);
      }
    },
    report: () => ({
      route: plan.name,
      outputs: outputs.map(({ output, states, hit, reasons }) => ({
        topic: output.topic,
        rules: (rules[output.index] ?? []).map((rule) => ({ ...rule, hit: hit.has(formatPosition(rule.position)) })),
        reasons: possibleReasons(plan, output).map((reason) => ({ reason, reached: reasons.has(reason) })),
        fields: [...states].map(([path, state]) => ({ path, state })),
      })),
      deadLetters: possibleCodes(plan).map((code) => ({ code, reached: codes.has(code) })),
    }),
  };
}

/** How much of an output is covered. */
export function countOutput({ rules, reasons, fields }: OutputCoverage): Count {
  const covered =
    rules.filter(({ hit }) => hit).length +
    reasons.filter(({ reached }) => reached).length +
    fields.filter(({ state }) => state !== 'never_seen').length;
  return { covered, of: rules.length + reasons.length + fields.length };
}

/** How much of all routes is covered, those without a test included. */
export function countAll(routes: readonly RouteCoverage[]): Count {
  const counts = routes.flatMap(({ outputs }) => outputs.map(countOutput));
  return {
    covered: counts.reduce((sum, { covered }) => sum + covered, 0),
    of: counts.reduce((sum, { of }) => sum + of, 0),
  };
}

/** Percent, cut to one decimal so that what is not complete never reads 100. Of nothing, all is covered. */
export function percentOf({ covered, of }: Count): number {
  return of === 0 ? 100 : Math.floor((covered / of) * 1000) / 10;
}

/** Whether the rule itself decided, and not the lack of consent or the age. Headers cannot be null: they are dropped. */
function acted(action: ActionKind, effect: Effect): boolean {
  return effect === action || (action === 'nullify' && effect === 'drop');
}

function headerPath(name: string): string {
  return `headers.${name}`;
}

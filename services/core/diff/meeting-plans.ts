/** What is worked out once for two plans that judge the same records. */
import type { Action, Category, LeafRule, OutputPlan, RoutePlan } from '../policy/plan.ts';
import { formChange, type FormChange } from './form.ts';
import { makeOccurrences, type Occurrences } from './occurrences.ts';
import { placePairs, type PlacePair } from './place-pairs.ts';

export type MeetingOutput = {
  readonly topic: string;
  /** Index of the output in either plan, or −1. */
  readonly before: number;
  readonly after: number;
  /** By place: what another action makes of the form. */
  readonly forms: readonly FormChange[];
  /** By index in `headers`. */
  readonly headerForms: readonly FormChange[];
};

export type MeetingHeader = { readonly name: string; readonly before: number; readonly after: number };

export type MeetingPlans = {
  readonly before: RoutePlan;
  readonly after: RoutePlan;
  readonly places: readonly PlacePair[];
  /** By place: neither of its leaves governs any other, so that it can be looked at alone. */
  readonly single: readonly boolean[];
  readonly headers: readonly MeetingHeader[];
  readonly outputs: readonly MeetingOutput[];
  readonly occurrences: Occurrences;
};

/** Makes `MeetingPlans`, each pair once: for Avro, plans come and go with the schemas of records. */
export function makeMeetings(): (before: RoutePlan, after: RoutePlan) => MeetingPlans {
  const known = new WeakMap<RoutePlan, WeakMap<RoutePlan, MeetingPlans>>();
  return (before, after) => {
    let of = known.get(before);
    if (of === undefined) known.set(before, (of = new WeakMap()));
    let meeting = of.get(after);
    if (meeting === undefined) of.set(after, (meeting = meet(before, after)));
    return meeting;
  };
}

function meet(before: RoutePlan, after: RoutePlan): MeetingPlans {
  const places = placePairs(before, after);
  const times = (side: 'before' | 'after', leaf: number): number => places.filter((one) => one[side] === leaf).length;
  const names = new Set([...before.headers, ...after.headers].map(({ name }) => name));
  const headers = [...names].map((name) => ({
    name,
    before: before.headers.findIndex((header) => header.name === name),
    after: after.headers.findIndex((header) => header.name === name),
  }));
  const topics = new Set([...before.outputs, ...after.outputs].map(({ topic }) => topic));
  return {
    before,
    after,
    places,
    single: places.map((one) => times('before', one.before) === 1 && times('after', one.after) === 1),
    headers,
    outputs: [...topics].map((topic) => {
      const [old, fresh] = [outputOf(before, topic), outputOf(after, topic)];
      return {
        topic,
        before: old?.index ?? -1,
        after: fresh?.index ?? -1,
        forms: places.map((one) => formOf(old?.leaves[one.before], fresh?.leaves[one.after])),
        headerForms: headers.map((one) => formOf(old?.headers[one.before], fresh?.headers[one.after])),
      };
    }),
    occurrences: makeOccurrences(places),
  };
}

function outputOf(plan: RoutePlan, topic: string): OutputPlan | null {
  return plan.outputs.find((output) => output.topic === topic) ?? null;
}

const DROP: Action = { kind: 'drop' };

function formOf(before: LeafRule | undefined, after: LeafRule | undefined): FormChange {
  return formChange(before?.action ?? DROP, after?.action ?? DROP);
}

/** For a table: what has no category is told apart from every category. */
export function categoryName(category: Category | null | undefined): string {
  return category?.name ?? '(none)';
}

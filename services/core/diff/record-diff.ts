/** One record as two bundles judge it: what leaves now that did not, or otherwise, is counted. */
import type { PublishedHeader } from '../apply/headers.ts';
import type { Effect } from '../decide/variant.ts';
import { releases } from '../decide/variants.ts';
import type { OutputDecision, PublishedOutput, RecordDecision } from '../engine.ts';
import type { RoutePlan } from '../policy/plan.ts';
import { categoryName, makeMeetings, type MeetingOutput, type MeetingPlans } from './meeting-plans.ts';
import type { FieldChange, MeasuredTally, OutputTally } from './measured-tally.ts';
import type { FormChange } from './form.ts';

/** What one bundle makes of a record; valid until its codec's next batch. */
export type Judged = {
  readonly decision: RecordDecision;
  /** By output index: occurrences by leaf id, then by header index, of a record that was published. */
  readonly counts: readonly (Uint32Array | null)[];
  /** The value that an output would have if it released one leaf alone; null where there cannot be such a value. */
  readonly alone: (output: number, leaf: number) => Uint8Array | null;
};

export type RecordDiff = (before: Judged, after: Judged, at: () => string) => void;

export type RecordDiffOptions = {
  readonly tally: MeasuredTally;
  /** Plans of the route in either bundle, for records that have none of their own (dead letters). */
  readonly plans: { readonly before: RoutePlan; readonly after: RoutePlan };
  /** Whether two values are written in one way, so that their bytes can be compared (Avro: under one schema). */
  readonly comparable: (before: Uint8Array, after: Uint8Array) => boolean;
};

/** Not a category that anybody can list: names are letters, digits and dots. */
const KEY = '(key)';
const STRUCTURE = '(structure)';

export function makeRecordDiff({ tally, plans, comparable }: RecordDiffOptions): RecordDiff {
  const meet = makeMeetings();

  return (before, after, at) => {
    tally.records++;
    countDeadLetter(before.decision, after.decision, at);
    const meeting = meet(planOf(before.decision, plans.before), planOf(after.decision, plans.after));
    for (const output of meeting.outputs) {
      const [old, fresh] = [outcomeOf(before.decision, output.before), outcomeOf(after.decision, output.after)];
      const counts = tally.output(output.topic);
      if (isPublished(old)) counts.before++;
      if (isPublished(fresh)) counts.after++;
      if (isPublished(old) && isPublished(fresh)) {
        compare({ meeting, output, old, fresh, before, after, counts, at });
      } else if (isPublished(fresh)) {
        counts.newlyPublished.add(reasonOf(old), at);
        countAll(meeting.after, fresh, after.counts[output.after] ?? null, 'exposed', counts, at);
      } else if (isPublished(old)) {
        counts.newlyWithheld.add(reasonOf(fresh), at);
        countAll(meeting.before, old, before.counts[output.before] ?? null, 'hidden', counts, at);
      } else if (reasonOf(old) !== reasonOf(fresh)) {
        counts.reasonChanged.add(`${reasonOf(old)} → ${reasonOf(fresh)}`, at);
      }
    }
  };

  function countDeadLetter(before: RecordDecision, after: RecordDecision, at: () => string): void {
    const [old, fresh] = [before.kind === 'dead_lettered', after.kind === 'dead_lettered'];
    if (old && fresh) tally.bothDead++;
    else if (after.kind === 'dead_lettered') tally.newlyDead.add(after.poison.code, at);
    else if (before.kind === 'dead_lettered') tally.deadNoMore.add(before.poison.code, at);
  }

  function compare(pair: Pair): void {
    const { old, fresh, counts, at } = pair;
    const changed = [compareValues(pair, comparable), compareHeaders(pair), compareKeys(pair)];
    if (changed.includes(true) || (old.value === null) !== (fresh.value === null)) counts.changed.add(null, at);
  }
}

type Pair = {
  readonly meeting: MeetingPlans;
  readonly output: MeetingOutput;
  readonly old: PublishedOutput;
  readonly fresh: PublishedOutput;
  readonly before: Judged;
  readonly after: Judged;
  readonly counts: OutputTally;
  readonly at: () => string;
};

/** Whether the values differ; tells in which fields. */
function compareValues(pair: Pair, comparable: RecordDiffOptions['comparable']): boolean {
  const { meeting, output, old, fresh, before, after, counts, at } = pair;
  if (old.value === null || fresh.value === null || old.variant === null || fresh.variant === null) return false;
  const readable = comparable(old.value, fresh.value);
  if (readable && sameBytes(old.value, fresh.value)) return false;
  const [oldCounts, freshCounts] = [before.counts[output.before], after.counts[output.after]];
  const times = meeting.occurrences(oldCounts ?? [], freshCounts ?? []);
  const reformed: number[] = [];
  let told = false;
  for (const [index, place] of meeting.places.entries()) {
    const count = times[index] as number;
    if (count === 0) continue;
    const change = changeOf(old.variant.effects[place.before], fresh.variant.effects[place.after], output.forms[index]);
    if (change === null) continue;
    if (change !== 'exposed' && change !== 'hidden') {
      reformed.push(index);
      continue;
    }
    told = true;
    counts.field(place.path, categoryAt(meeting, index, change === 'hidden'), change, count, at);
  }
  // Where only one field can have changed it did. Of several, each is looked at alone.
  const isOnly = !told && reformed.length === 1;
  for (const index of reformed) {
    const place = meeting.places[index] as MeetingPlans['places'][number];
    if (readable && !isOnly && meeting.single[index] === true) {
      const a = before.alone(output.before, place.before);
      const b = after.alone(output.after, place.after);
      if (a !== null && b !== null && comparable(a, b) && sameBytes(a, b)) continue;
    }
    told = true;
    const change = REFORMED[output.forms[index] as keyof typeof REFORMED];
    counts.field(place.path, categoryAt(meeting, index, false), change, times[index] as number, at);
  }
  if (!told && readable) {
    // Bytes that no field accounts for, such as a null container: nobody knows what they tell.
    told = true;
    counts.field(STRUCTURE, STRUCTURE, 'unclear', 1, at);
  }
  return told;
}

/** Headers by name; their values are at hand, so that each is compared itself. */
function compareHeaders({ meeting, output, old, fresh, before, after, counts, at }: Pair): boolean {
  let told = false;
  for (const [index, { name, before: oldAt, after: freshAt }] of meeting.headers.entries()) {
    const [a, b] = [headerOf(old.headers, name), headerOf(fresh.headers, name)];
    if (a === null && b === null) continue;
    let change: FieldChange;
    if (a === null) change = 'exposed';
    else if (b === null) change = 'hidden';
    else if (sameValues(a, b)) continue;
    else change = REFORMED[output.headerForms[index] as keyof typeof REFORMED] ?? 'unclear';
    const isHidden = change === 'hidden';
    const counted = isHidden
      ? before.counts[output.before]?.[meeting.before.leaves.length + oldAt]
      : after.counts[output.after]?.[meeting.after.leaves.length + freshAt];
    const header = isHidden ? meeting.before.headers[oldAt] : meeting.after.headers[freshAt];
    counts.field(`headers.${name}`, categoryName(header?.category), change, counted ?? 1, at);
    told = true;
  }
  return told;
}

function compareKeys({ old, fresh, counts, at }: Pair): boolean {
  if (old.key === fresh.key) return false;
  const change = old.key === null ? 'exposed' : fresh.key === null ? 'hidden' : 'unclear';
  counts.field(KEY, KEY, change, 1, at);
  return true;
}

/** All that a record published by one of the two bundles alone holds. */
function countAll(
  plan: RoutePlan,
  { variant, key }: PublishedOutput,
  occurrences: Uint32Array | null,
  change: 'exposed' | 'hidden',
  counts: OutputTally,
  at: () => string,
): void {
  if (key !== null) counts.field(KEY, KEY, change, 1, at);
  if (variant === null || occurrences === null) return;
  for (const { id, path, category } of plan.leaves) {
    const count = occurrences[id] ?? 0;
    if (count > 0 && variant.released[id] === 1) counts.field(path, categoryName(category), change, count, at);
  }
  for (const [index, { name, category }] of plan.headers.entries()) {
    const count = occurrences[plan.leaves.length + index] ?? 0;
    const effect = variant.headerEffects[index];
    if (count > 0 && effect !== undefined && releases(effect)) {
      counts.field(`headers.${name}`, category.name, change, count, at);
    }
  }
}

const REFORMED = { more: 'more', less: 'less', unordered: 'unclear', equal: 'equal', same: 'unclear' } as const;

/** What became of the values at a place; null where they leave as before. */
function changeOf(
  before: Effect | undefined,
  after: Effect | undefined,
  form: FormChange | undefined,
): FieldChange | null {
  const [old, fresh] = [before !== undefined && releases(before), after !== undefined && releases(after)];
  if (old !== fresh) return fresh ? 'exposed' : 'hidden';
  return !fresh || form === 'same' || form === undefined ? null : REFORMED[form];
}

function categoryAt({ before, after, places }: MeetingPlans, index: number, hidden: boolean): string {
  const place = places[index];
  const category = hidden ? before.leaves[place?.before ?? -1]?.category : after.leaves[place?.after ?? -1]?.category;
  return categoryName(category);
}

function planOf(decision: RecordDecision, otherwise: RoutePlan): RoutePlan {
  return decision.kind === 'decided' ? decision.plan : otherwise;
}

/** What an output got, or why nothing. */
function outcomeOf(decision: RecordDecision, index: number): OutputDecision | 'dead_lettered' | 'no_output' {
  if (index < 0) return 'no_output';
  return decision.kind === 'dead_lettered' ? 'dead_lettered' : (decision.outputs[index] ?? 'no_output');
}

function isPublished(outcome: ReturnType<typeof outcomeOf>): outcome is PublishedOutput {
  return typeof outcome === 'object' && outcome.kind === 'published';
}

function reasonOf(outcome: ReturnType<typeof outcomeOf>): string {
  if (typeof outcome === 'string') return outcome;
  return outcome.kind === 'withheld' ? outcome.reason : 'published';
}

function headerOf(headers: readonly PublishedHeader[], name: string): readonly Uint8Array[] | null {
  return headers.find((header) => header.name === name)?.values ?? null;
}

function sameValues(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((value, i) => sameBytes(value, b[i] as Uint8Array));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

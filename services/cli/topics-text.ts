/** A plan of topics for people and for machines. */
import type { Stay } from '../core/retention/stay.ts';
import type { TopicPlan } from '../core/retention/topic-plan.ts';
import type { Applied, TopicsPlan } from './topics.ts';

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** The three largest units of a length of time: `29d 23h 55m`; what is cut off is rounded up. */
export function spanText(ms: number): string {
  if (!Number.isFinite(ms)) return 'for ever';
  if (ms <= 0) return '0s';
  const first = UNITS.findIndex(([, unit]) => ms >= unit);
  if (first < 0) return `${ms}ms`;
  // From the largest on: what is rounded up may carry over.
  const shown = UNITS.slice(0, first + 3);
  const [, smallest] = shown.at(-1)!;
  let rest = Math.ceil(ms / smallest) * smallest;
  const parts: string[] = [];
  for (const [name, unit] of shown) {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    if (count > 0) parts.push(`${count}${name}`);
  }
  return parts.join(' ');
}

const VERDICTS = { holds: 'holds', missing: 'to be made', change: 'CHANGE', fails: 'FAILS' } as const;
const HEAD = ['TOPIC', 'PURPOSE', 'PARTITIONS', 'IN THE TOPIC', 'OLDEST VALUE', 'VERDICT'];

/** A line a topic, and below it whatever is to be said of it. */
export function planAsText({ brokers, topics }: TopicsPlan): string {
  const rows = topics.map((plan) => [
    plan.topic,
    plan.purpose ?? '(Lethe)',
    partitionsText(plan),
    stayText(plan),
    oldestText(plan),
    VERDICTS[plan.verdict],
  ]);
  const widths = HEAD.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  const lines = [line(HEAD)];
  for (const [index, plan] of topics.entries()) {
    lines.push(line(rows[index]!));
    for (const finding of plan.findings) lines.push(`  ${finding}`);
    if (plan.verdict === 'change' || plan.verdict === 'missing') {
      for (const { setting, now, wanted, deletes } of plan.changes) {
        lines.push(
          `  ${setting}: ${now ?? '-'} → ${wanted}${deletes ? '  (lets Kafka delete; apply needs --yes)' : ''}`,
        );
      }
    }
    for (const note of plan.notes) lines.push(`  note: ${note}`);
  }
  const how = brokers.assumed ? "Kafka's defaults: a broker does not tell its own" : 'as the brokers say';
  lines.push(
    '',
    `Brokers look for what is to be deleted every ${spanText(brokers.checkIntervalMs)}, for what is to be compacted every ${spanText(brokers.cleanerBackoffMs)} (${how}).`,
  );
  return `${lines.join('\n')}\n`;
}

function partitionsText({ state, partitions }: TopicPlan): string {
  if (state !== null) return `${state.partitions} x${state.replication}`;
  return partitions < 0 ? 'default' : String(partitions);
}

/** The stay as things are, else as they will be. */
function shownStay({ stay, stayAfter }: TopicPlan): Stay | null {
  return stay ?? stayAfter;
}

function stayText(plan: TopicPlan): string {
  const stay = shownStay(plan);
  return stay === null ? '-' : spanText(stay.worstMs);
}

function oldestText(plan: TopicPlan): string {
  const stay = shownStay(plan);
  if (stay === null || plan.ages === null) return '-';
  return `${spanText(plan.ages.atPublicationMs + stay.worstMs)} of ${spanText(plan.ages.promisedMs)}`;
}

/** Everything in milliseconds; null for what has no end. */
export function planAsJson({ brokers, topics }: TopicsPlan): string {
  const finite = (ms: number): number | null => (Number.isFinite(ms) ? ms : null);
  const stayOf = (stay: Stay | null, ages: TopicPlan['ages']) =>
    stay === null
      ? null
      : {
          inTopicMs: finite(stay.worstMs),
          oldestMs: ages === null ? null : finite(ages.atPublicationMs + stay.worstMs),
          parts: stay.parts.map(({ what, ms }) => ({ what, ms: finite(ms) })),
        };
  const shown = topics.map(({ topic, purpose, verdict, state, partitions, ages, stay, stayAfter, ...rest }) => ({
    ...{ topic, purpose, verdict, exists: state !== null, partitions: state?.partitions ?? partitions },
    ...{ replication: state?.replication ?? null, ...(ages ?? { atPublicationMs: null, promisedMs: null }) },
    ...{ worst: stayOf(stay, ages), worstAfter: stayOf(stayAfter, ages), ...rest },
  }));
  return `${JSON.stringify({ brokers, topics: shown }, null, 2)}\n`;
}

/** What `apply` did, a line each. */
export function appliedAsText(applied: readonly Applied[]): string {
  return applied.map(({ topic, what, why }) => `${topic}: ${what}${why === null ? '' : ` (${why})`}\n`).join('');
}

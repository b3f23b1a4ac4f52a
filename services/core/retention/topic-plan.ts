/** What topics must be like, held against what they are: `lethe topics plan`, and what `lethe topics apply` does. */
import type { Cleanup, OutputPlan } from '../policy/plan.ts';
import {
  type BrokerTimes,
  expiryAgeMs,
  millisecondsOf,
  stampPart,
  type Stay,
  stayOf,
  type TopicSettings,
} from './stay.ts';

/** A topic as it is. */
export type TopicState = {
  readonly partitions: number;
  readonly replication: number;
  readonly settings: TopicSettings;
};

export type SettingChange = {
  readonly setting: string;
  /** Null where the topic is not there yet, or the broker does not know the setting. */
  readonly now: string | null;
  readonly wanted: string;
  /** Kafka may delete records by it that it keeps now. */
  readonly deletes: boolean;
};

export type TopicVerdict =
  /** The promise is kept as it is. */
  | 'holds'
  /** It is not there; `apply` makes it so that the promise is kept. */
  | 'missing'
  /** The promise is not kept; `apply` can change that. */
  | 'change'
  /** The promise cannot be kept, whatever the topic's settings. */
  | 'fails';

export type TopicPlan = {
  readonly topic: string;
  /** Null for Lethe's own topics. */
  readonly purpose: string | null;
  readonly state: TopicState | null;
  readonly verdict: TopicVerdict;
  readonly changes: readonly SettingChange[];
  /** For a topic that is to be made; −1: the broker's default. */
  readonly partitions: number;
  /** As things are; null where the topic is not there. */
  readonly stay: Stay | null;
  /** As things will be after `changes`. */
  readonly stayAfter: Stay | null;
  /** What a value may be old when published, and until when it may be read; null where nothing is promised. */
  readonly ages: { readonly atPublicationMs: number; readonly promisedMs: number } | null;
  /** One sentence each: what is wrong and what to do. */
  readonly findings: readonly string[];
  /** One sentence each: worth knowing, nothing wrong. */
  readonly notes: readonly string[];
};

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Kafka's default of `segment.ms`: larger ones are never asked for. */
const LONGEST_SEGMENT_MS = 7 * DAY_MS;
/** A consumer that was away for less sees the tombstone. Kafka's default of `delete.retention.ms`. */
const TOMBSTONE_MS = DAY_MS;
const FOREVER = '-1';

/** @param rawPartitions of the route's raw topic; −1 where that is not known. */
export function planOutput(
  output: OutputPlan,
  state: TopicState | null,
  rawPartitions: number,
  brokers: BrokerTimes,
  expiryEveryMs: number,
): TopicPlan {
  const { topic, purpose, cleanup = 'delete' } = output;
  const { publishedMs, retentionMs } = purpose;
  const common = {
    topic,
    purpose: purpose.name,
    state,
    partitions: rawPartitions,
    notes: notesOf(state, rawPartitions),
  };
  const about = (settings: TopicSettings): Stay => stayOf(settings, cleanup, publishedMs ?? 0, brokers, expiryEveryMs);
  const stay = state === null ? null : about(state.settings);
  if (publishedMs === undefined) {
    const finding = `purpose ${purpose.name} does not say how long a value may lie in a topic: records are published up to the whole retention, and are too old from then on; add \`published\` to it in purposes.yaml (a part of the retention, below its shortest one)`;
    const ages = { atPublicationMs: retentionMs, promisedMs: retentionMs };
    const wrong = state === null ? [] : policyChange(state.settings, cleanup);
    // Without a promise nothing is known that a topic must be like.
    const findings = [finding, ...wrong.map(({ now }) => `cleanup.policy is ${now}, the policy says ${cleanup}`)];
    return { ...common, verdict: 'fails', changes: [], stay, stayAfter: null, ages, findings };
  }
  const ages = { atPublicationMs: retentionMs, promisedMs: retentionMs + publishedMs };
  const before = state?.settings ?? {};
  const wanted = wantedOf(before, cleanup, publishedMs, brokers, expiryEveryMs);
  const changes = changesOf(before, wanted);
  const stayAfter = about({ ...before, ...wanted });
  const done = { ...common, changes, stay, stayAfter, ages };
  if (!(stayAfter.worstMs <= publishedMs)) {
    const finding =
      cleanup === 'delete'
        ? `brokers look for what is to be deleted every ${brokers.checkIntervalMs} ms, which is too seldom for ${publishedMs} ms in the topic: lengthen \`published\` of purpose ${purpose.name}, or shorten log.retention.check.interval.ms`
        : `expiry every ${expiryEveryMs} ms and compaction take longer than the ${publishedMs} ms that a value may lie in the topic: lengthen \`published\` of purpose ${purpose.name}, or run \`lethe topics expire\` more often`;
    return { ...done, changes: [], verdict: 'fails', findings: [finding] };
  }
  if (state === null) return { ...done, verdict: 'missing', findings: [] };
  if (changes.length === 0) return { ...done, verdict: 'holds', findings: [] };
  const findings = changes.map(
    ({ setting, now, wanted: value }) => `${setting} is ${now ?? 'not known to the broker'} and must be ${value}`,
  );
  return { ...done, verdict: 'change', findings };
}

/**
 * The settings with which an output topic is made, by whoever makes it. Without `published` only what the policy itself
 * says: the rest is the broker's.
 */
export function settingsOfNew(
  { purpose: { publishedMs }, cleanup = 'delete' }: OutputPlan,
  brokers: BrokerTimes,
  expiryEveryMs: number,
): TopicSettings {
  if (publishedMs !== undefined) return wantedOf({}, cleanup, publishedMs, brokers, expiryEveryMs);
  return cleanup === 'delete' ? {} : { 'cleanup.policy': cleanup, ...tombstones({}) };
}

/** One of Lethe's own topics, of which nothing is promised but what it is made with (gateway/topics.ts). */
export function planOwn(
  own: { readonly name: string; readonly partitions: number; readonly config: TopicSettings },
  state: TopicState | null,
): TopicPlan {
  const kept = own.config['retention.ms'] === FOREVER ? { 'retention.bytes': FOREVER } : {};
  const wanted: TopicSettings = { ...own.config, ...kept };
  const changes = changesOf(state?.settings ?? {}, state === null ? own.config : wanted);
  const findings =
    state === null ? [] : changes.map(({ setting, now, wanted: to }) => `${setting} is ${now}, must be ${to}`);
  return {
    ...{ topic: own.name, purpose: null, state, partitions: own.partitions, stay: null, stayAfter: null, ages: null },
    verdict: state === null ? 'missing' : changes.length === 0 ? 'holds' : 'change',
    ...{ changes, findings, notes: [] },
  };
}

/**
 * The settings by which a topic keeps its promise: what it has already where that will do, so that nothing is changed
 * without need.
 */
function wantedOf(
  now: TopicSettings,
  cleanup: Cleanup,
  publishedMs: number,
  brokers: BrokerTimes,
  expiryEveryMs: number,
): TopicSettings {
  const policy = { 'cleanup.policy': cleanup };
  const tenth = Math.max(MINUTE_MS, Math.floor(publishedMs / 10));
  const rolled = Math.min(LONGEST_SEGMENT_MS, tenth);
  const kept = { ...now, ...policy };
  if (stayOf(kept, cleanup, publishedMs, brokers, expiryEveryMs).worstMs <= publishedMs) {
    return cleanup === 'delete' ? policy : { ...policy, ...tombstones(now) };
  }
  // A worker's clock may be trusted for a while; without a limit only the broker's own will do.
  const stamped: TopicSettings = stampPart(now).ms <= tenth ? {} : { 'message.timestamp.type': 'LogAppendTime' };
  const spent = stampPart({ ...now, ...stamped }).ms;
  if (cleanup === 'delete') {
    const segment = Math.min(millisecondsOf(now, 'segment.ms'), rolled);
    const room = publishedMs - segment - brokers.checkIntervalMs - spent;
    const retention = Math.min(millisecondsOf(now, 'retention.ms'), Math.max(0, room));
    return { ...policy, ...stamped, 'segment.ms': String(segment), 'retention.ms': String(retention) };
  }
  const lag = Math.min(millisecondsOf(now, 'max.compaction.lag.ms'), rolled);
  const least = millisecondsOf(now, 'min.compaction.lag.ms');
  // A broker refuses a smallest lag above the largest one.
  const below: TopicSettings = Number.isFinite(least) && least > lag ? { 'min.compaction.lag.ms': '0' } : {};
  const timed: TopicSettings =
    cleanup === 'compact,delete' && now['retention.ms'] === undefined ? { 'retention.ms': String(publishedMs) } : {};
  const settings = {
    ...policy,
    ...timed,
    ...stamped,
    ...below,
    'max.compaction.lag.ms': String(lag),
    ...tombstones(now),
  };
  return expiryAgeMs({ ...now, ...settings }, publishedMs, brokers, expiryEveryMs) > 0 ? settings : policy;
}

/** Tombstones that go at once are missed by consumers that were away, and these keep the value. */
function tombstones(now: TopicSettings): TopicSettings {
  const kept = millisecondsOf(now, 'delete.retention.ms');
  return Number.isFinite(kept) && kept >= TOMBSTONE_MS ? {} : { 'delete.retention.ms': String(TOMBSTONE_MS) };
}

function policyChange(now: TopicSettings, cleanup: Cleanup): readonly SettingChange[] {
  return changesOf(now, { 'cleanup.policy': cleanup });
}

function changesOf(now: TopicSettings, wanted: TopicSettings): readonly SettingChange[] {
  return Object.entries(wanted)
    .filter(([setting, value]) => normal(setting, now[setting]) !== normal(setting, value))
    .map(([setting, value]) => ({
      setting,
      now: now[setting] ?? null,
      wanted: value,
      deletes: now[setting] !== undefined && deletes(setting, now[setting], value),
    }));
}

/** Kafka keeps a list in the order in which it was given. */
function normal(setting: string, value: string | undefined): string | undefined {
  return setting === 'cleanup.policy'
    ? value
        ?.split(',')
        .map((one) => one.trim())
        .toSorted()
        .join(',')
    : value;
}

function deletes(setting: string, now: string, wanted: string): boolean {
  if (setting === 'cleanup.policy') return wanted.split(',').some((one) => !now.includes(one));
  const amount = (value: string): number => millisecondsOf({ value }, 'value');
  return setting.startsWith('retention.') && amount(wanted) < amount(now);
}

function notesOf(state: TopicState | null, rawPartitions: number): readonly string[] {
  if (state === null || rawPartitions < 0 || state.partitions === rawPartitions) return [];
  return [
    `has ${state.partitions} partitions, its raw topic ${rawPartitions}: left as it is, since another count would tear a subject's records apart`,
  ];
}

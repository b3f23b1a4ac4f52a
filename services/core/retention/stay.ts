/**
 * How long a value can be read in a topic at most, by Kafka's own rules (issue 5).
 *
 * Deleted by time, a segment goes once the newest record in it is older than `retention.ms`, which is looked at every
 * `log.retention.check.interval.ms`; a segment takes records for `segment.ms` after its first one, so the first of them
 * stays that much longer. Compacted, the newest value of a key stays until a tombstone follows it (`lethe topics expire`)
 * and compaction has come by, for which `max.compaction.lag.ms` is the limit (KIP-354) and the cleaner wakes up every
 * `log.cleaner.backoff.ms`. `compact,delete` is no better: compaction merges segments, and a merged one is as young as its
 * newest record (KIP-354, "Rejected Alternatives"), so an old value may ride along for ever.
 */
import type { Cleanup } from '../policy/plan.ts';

/** Settings of a topic as they are in force, by name. */
export type TopicSettings = Readonly<Record<string, string>>;

export type BrokerTimes = {
  /** `log.retention.check.interval.ms`, the longest of all brokers. */
  readonly checkIntervalMs: number;
  /** `log.cleaner.backoff.ms`, the longest of all brokers. */
  readonly cleanerBackoffMs: number;
  /** Some broker did not tell: Kafka's own defaults stand in for it. */
  readonly assumed: boolean;
};

/** Kafka's defaults. */
export const ASSUMED_TIMES: BrokerTimes = { checkIntervalMs: 300_000, cleanerBackoffMs: 15_000, assumed: true };

/** How often `lethe topics expire` is run where nobody says. */
export const EXPIRY_EVERY_MS = 3_600_000;

/**
 * What may pass between the decision about a record and the broker's stamp on it, ample: an open transaction is ended by
 * the broker after 30 s.
 */
export const PUBLISHING_MS = 300_000;

export type Stay = {
  /** Milliseconds from the decision until nobody can read it any more; infinite where nothing makes it go. */
  readonly worstMs: number;
  /** What it is made of, in order. */
  readonly parts: readonly { readonly what: string; readonly ms: number }[];
};

/**
 * The longest stay of a value in a topic as it is set.
 *
 * @param publishedMs how long it may: what decides when `lethe topics expire` writes a tombstone.
 * @param expiryEveryMs how often that runs.
 */
export function stayOf(
  settings: TopicSettings,
  cleanup: Cleanup,
  publishedMs: number,
  brokers: BrokerTimes,
  expiryEveryMs: number,
): Stay {
  const stamp = stampPart(settings);
  if (cleanup === 'delete') {
    const retention = millisecondsOf(settings, 'retention.ms');
    return sum([
      stamp,
      { what: 'retention.ms', ms: retention },
      { what: 'segment.ms', ms: millisecondsOf(settings, 'segment.ms') },
      { what: 'log.retention.check.interval.ms', ms: brokers.checkIntervalMs },
    ]);
  }
  return sum([
    stamp,
    { what: 'until it expires', ms: Math.max(0, expiryAgeMs(settings, publishedMs, brokers, expiryEveryMs)) },
    { what: 'until `lethe topics expire` runs', ms: expiryEveryMs },
    { what: 'max.compaction.lag.ms', ms: millisecondsOf(settings, 'max.compaction.lag.ms') },
    { what: 'log.cleaner.backoff.ms', ms: brokers.cleanerBackoffMs },
  ]);
}

/**
 * The age (by its record's timestamp) at which a value of a compacted topic gets its tombstone, so that compaction has
 * removed it when its time is over. Not above zero: there is no such age.
 */
export function expiryAgeMs(
  settings: TopicSettings,
  publishedMs: number,
  brokers: BrokerTimes,
  expiryEveryMs: number,
): number {
  const lag = millisecondsOf(settings, 'max.compaction.lag.ms');
  return publishedMs - stampPart(settings).ms - expiryEveryMs - lag - brokers.cleanerBackoffMs;
}

/**
 * Milliseconds of a setting; infinite for -1, Kafka's largest number, and what a broker does not know.
 */
export function millisecondsOf(settings: TopicSettings, name: string): number {
  const text = settings[name];
  const value = text === undefined || text === '' ? -1 : Number(text);
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : Number.POSITIVE_INFINITY;
}

/**
 * How much later than the decision a record's timestamp may be: with `CreateTime` it is the decision's, by a worker's
 * clock, which may be ahead as far as the broker lets it; with `LogAppendTime` it is the broker's own.
 */
export function stampPart(settings: TopicSettings): { readonly what: string; readonly ms: number } {
  return settings['message.timestamp.type'] === 'LogAppendTime'
    ? { what: 'publishing', ms: PUBLISHING_MS }
    : { what: 'message.timestamp.after.max.ms', ms: millisecondsOf(settings, 'message.timestamp.after.max.ms') };
}

function sum(parts: Stay['parts']): Stay {
  return { worstMs: parts.reduce((total, { ms }) => total + ms, 0), parts };
}

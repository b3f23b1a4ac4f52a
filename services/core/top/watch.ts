/** Looks at the metrics of several workers, one after another, and what they say together. */
import type { Exposition, Sample } from './exposition.ts';
import { increase, quantile } from './increase.ts';
import * as names from './names.ts';
import type { Flow, TopRoute, TopTopic, TopView } from './view.ts';

export type Look = {
  /** Which worker: the same one has the same endpoint from look to look. Shown. */
  readonly endpoint: string;
  /** Milliseconds of a clock that never goes back. */
  readonly at: number;
} & ({ readonly ok: true; readonly exposition: Exposition } | { readonly ok: false; readonly problem: string });

export type Watch = {
  /**
   * Takes what a round of looks brought.
   *
   * @param looks one for each endpoint; an endpoint that is no longer among them is forgotten.
   * @param now RFC 3339.
   */
  readonly next: (looks: readonly Look[], now: string) => TopView;
};

type Counter = {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  total: number;
  /** What was added since the last look; null: not known. */
  added: number | null;
  perSecond: number | null;
};

type Known = { readonly at: number; readonly counters: ReadonlyMap<string, number> };

/** Reasons, causes and routes are few. Somebody else's /metrics may be anything. */
const MAX_SERIES = 50_000;

export function makeWatch(): Watch {
  let known = new Map<string, Known>();

  const next = (looks: readonly Look[], now: string): TopView => {
    const silent: { endpoint: string; problem: string }[] = [];
    const all = new Map<string, Counter>();
    const gauges: Sample[] = [];
    const after = new Map<string, Known>();
    let answering = 0;
    let malformed = 0;
    for (const look of looks) {
      const { endpoint, at } = look;
      const before = known.get(endpoint) ?? null;
      const problem = problemOf(look);
      if (problem !== null || !look.ok) {
        silent.push({ endpoint, problem: problem ?? 'unknown' });
        // What it did meanwhile counts when it answers again, over all of that time.
        if (before !== null) after.set(endpoint, before);
        continue;
      }
      answering++;
      malformed += look.exposition.malformed;
      const counters = new Map<string, number>();
      for (const sample of look.exposition.samples) {
        if (!names.COUNTERS.has(sample.name)) {
          gauges.push(sample);
          continue;
        }
        if (!Number.isFinite(sample.value)) continue;
        const key = keyOf(sample);
        counters.set(key, sample.value);
        add(all, key, sample, before, at);
      }
      after.set(endpoint, { at, counters });
    }
    known = after;
    const counters = [...all.values()];
    return {
      version: 1,
      at: now,
      workers: { answering, silent, notReady: notReady(gauges) },
      bundles: bundles(gauges),
      consentViewAge: oldest(gauges),
      routes: routes(counters),
      topics: topics(gauges),
      malformed,
    };
  };
  return { next };
}

function problemOf(look: Look): string | null {
  if (!look.ok) return look.problem;
  const { samples } = look.exposition;
  if (!samples.some(({ name }) => name === names.BUILD)) return 'what answers there is not Lethe';
  return samples.length > MAX_SERIES ? `more than ${MAX_SERIES} series` : null;
}

function keyOf({ name, labels }: Sample): string {
  return JSON.stringify([name, ...[...labels].sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function add(all: Map<string, Counter>, key: string, sample: Sample, before: Known | null, at: number): void {
  let counter = all.get(key);
  if (counter === undefined) {
    counter = { name: sample.name, labels: sample.labels, total: 0, added: null, perSecond: null };
    all.set(key, counter);
  }
  counter.total += sample.value;
  const seconds = before === null ? 0 : (at - before.at) / 1000;
  if (before === null || seconds <= 0) return;
  const added = increase(before.counters.get(key) ?? null, sample.value);
  counter.added = (counter.added ?? 0) + added;
  counter.perSecond = (counter.perSecond ?? 0) + added / seconds;
}

function routes(counters: readonly Counter[]): readonly TopRoute[] {
  const byRoute = Map.groupBy(counters, ({ labels }) => labels.get('route') ?? '');
  return [...byRoute]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([route, mine]) => {
      const named = (name: string): Counter[] => mine.filter((counter) => counter.name === name);
      const decided = named(names.DECISIONS);
      const of = (outcome: string): Counter[] => decided.filter(({ labels }) => labels.get('outcome') === outcome);
      const bytes = (direction: string): Counter[] =>
        named(names.BYTES).filter(({ labels }) => labels.get('direction') === direction);
      const [published, withheld, letters] = [of('published'), of('withheld'), named(names.DEAD_LETTERS)];
      // A route that a worker counts has a rate of 0 for what never happened.
      const records = named(names.RECORDS);
      const zero = records.some(({ perSecond }) => perSecond !== null);
      const sum = (some: readonly Counter[]): Flow => flow(some, zero);
      return {
        route,
        records: sum(records),
        bytesIn: sum(bytes('in')),
        bytesOut: sum(bytes('out')),
        published: sum(published),
        withheld: sum(withheld),
        deadLetters: sum(letters),
        withheldBy: by(withheld, 'reason', sum),
        deadLettersBy: by(letters, 'code', sum),
        outputs: [...Map.groupBy(decided, ({ labels }) => labels.get('output') ?? '')]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([topic, some]) => ({
            topic,
            published: sum(some.filter((one) => published.includes(one))),
            withheld: sum(some.filter((one) => withheld.includes(one))),
          })),
        ageP99: ageP99(named(names.AGE_BUCKETS)),
      };
    });
}

function flow(counters: readonly Counter[], zero: boolean): Flow {
  let total = 0;
  let perSecond = zero ? 0 : null;
  for (const counter of counters) {
    total += counter.total;
    if (counter.perSecond !== null) perSecond = (perSecond ?? 0) + counter.perSecond;
  }
  return { total, perSecond };
}

/** The most frequent first: now, then ever. */
function by<K extends string>(
  counters: readonly Counter[],
  label: K,
  sum: (some: readonly Counter[]) => Flow,
): (Flow & { readonly [name in K]: string })[] {
  const groups = Map.groupBy(counters, ({ labels }) => labels.get(label) ?? '');
  const flows = [...groups].map(([name, some]) => Object.assign(sum(some), { [label]: name } as { [n in K]: string }));
  return flows.sort((a, b) => (b.perSecond ?? 0) - (a.perSecond ?? 0) || b.total - a.total);
}

function ageP99(buckets: readonly Counter[]): number | null {
  const byBound = new Map<number, number>();
  for (const { labels, added } of buckets) {
    if (added === null) continue;
    const text = labels.get('le') ?? '';
    const le = text === '+Inf' ? Number.POSITIVE_INFINITY : text === '' ? Number.NaN : Number(text);
    if (!Number.isNaN(le)) byBound.set(le, (byBound.get(le) ?? 0) + added);
  }
  return quantile(
    0.99,
    [...byBound].map(([le, count]) => ({ le, count })),
  );
}

function topics(gauges: readonly Sample[]): readonly TopTopic[] {
  const lags = new Map<string, Map<string, number>>();
  const paused = new Map<string, Map<string, number>>();
  for (const { name, labels, value } of gauges) {
    const topic = labels.get('topic') ?? '';
    if (!Number.isFinite(value)) continue;
    if (name === names.LAG) {
      const partitions = inner(lags, topic);
      const partition = labels.get('partition') ?? '';
      // Of two workers that name one partition, one has just lost it.
      partitions.set(partition, Math.max(partitions.get(partition) ?? 0, value));
    }
    if (name === names.PAUSED && value > 0) {
      const causes = inner(paused, topic);
      const cause = labels.get('cause') ?? '';
      causes.set(cause, (causes.get(cause) ?? 0) + value);
    }
  }
  return [...new Set([...lags.keys(), ...paused.keys()])].sort().map((topic) => {
    const lag = lags.get(topic);
    return {
      topic,
      lag: lag === undefined ? null : [...lag.values()].reduce((sum, one) => sum + one, 0),
      paused: [...(paused.get(topic) ?? [])].map(([cause, partitions]) => ({ cause, partitions })),
    };
  });
}

function inner(map: Map<string, Map<string, number>>, key: string): Map<string, number> {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = new Map()));
  return found;
}

function bundles(gauges: readonly Sample[]): TopView['bundles'] {
  const workers = new Map<string, number>();
  for (const { name, labels, value } of gauges) {
    const digest = labels.get('digest');
    if (name === names.BUNDLE && value === 1 && digest !== undefined) {
      workers.set(digest, (workers.get(digest) ?? 0) + 1);
    }
  }
  return [...workers].map(([digest, count]) => ({ digest, workers: count })).sort((a, b) => b.workers - a.workers);
}

function notReady(gauges: readonly Sample[]): TopView['workers']['notReady'] {
  const workers = new Map<string, number>();
  for (const { name, labels, value } of gauges) {
    const check = labels.get('check');
    if (name === names.READY && value === 0 && check !== undefined) workers.set(check, (workers.get(check) ?? 0) + 1);
  }
  return [...workers].map(([check, count]) => ({ check, workers: count }));
}

function oldest(gauges: readonly Sample[]): number | null {
  const ages = gauges.filter(({ name, value }) => name === names.VIEW_AGE && Number.isFinite(value));
  return ages.length === 0 ? null : Math.max(...ages.map(({ value }) => value));
}

/** The record of processing: counts of an audit, told in the words of the bundles that were in force. */
import {
  type Catalog,
  type CatalogField,
  type CatalogForm,
  type CatalogTopic,
  groundByRegime,
} from '../catalog/catalog.ts';
import type { Effect } from '../decide/variant.ts';
import { durationText } from '../policy/duration.ts';
import type { Basis } from '../policy/plan.ts';
import { compareText } from '../policy/report.ts';
import type {
  Counted,
  Report,
  ReportCounts,
  ReportField,
  ReportPurpose,
  ReportRawTopic,
  Under,
} from './report-shape.ts';
import { add, noCounts, type OutputCounts, type OutputTally, releasedIn, type ReportTally } from './tally.ts';

export type BundleFacts = { readonly from: 'folder' | 'redis'; readonly catalog: Catalog };

export type ReportSources = {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** The present, epoch milliseconds. */
  readonly now: number;
  readonly audit: string;
  readonly tally: ReportTally;
  /** By digest; a bundle that is not in it is not at hand. */
  readonly bundles: ReadonlyMap<string, BundleFacts>;
  readonly unusable: Report['unusable'];
};

export function makeReport({ from, to, now, audit, tally, bundles, unusable }: ReportSources): Report {
  const topicOf = ({ bundle, topic }: OutputTally): CatalogTopic | null =>
    bundles.get(bundle)?.catalog.topics.find((one) => one.topic === topic) ?? null;
  const groups = new Map<string, { readonly about: CatalogTopic | null; readonly outputs: OutputTally[] }>();
  for (const output of tally.outputs) {
    const about = topicOf(output);
    const key = about === null ? '' : JSON.stringify([about.purpose.name, about.purpose.recipient]);
    const group = groups.get(key) ?? { about, outputs: [] };
    groups.set(key, group);
    group.outputs.push(output);
  }
  const purposes = [...groups]
    .sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : compareText(a, b)))
    .map(([, { about, outputs }]) => purposeOf(about, outputs, topicOf, bundles));
  const report = {
    version: 1,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    audit,
    segments: tally.segments,
    records: tally.records,
    purposes,
    rawTopics: rawTopicsOf(tally, topicOf),
    bundles: tally.bundles.map(({ digest, first, last, segments, records }) => ({
      digest,
      from: bundles.get(digest)?.from ?? null,
      firstDecision: new Date(first).toISOString(),
      lastDecision: new Date(last).toISOString(),
      segments,
      records,
    })),
    unusable,
  } as const;
  return { ...report, notes: notesOf(report, to > now) };
}

function purposeOf(
  about: CatalogTopic | null,
  tallies: readonly OutputTally[],
  topicOf: (output: OutputTally) => CatalogTopic | null,
  bundles: ReportSources['bundles'],
): ReportPurpose {
  const bases = new Map<string, Under<{ regime: string; basis: Basis; elsewhere: boolean }>>();
  const retention = new Map<string, ReportPurpose['retention'][number]>();
  const keys = new Map<string, ReportPurpose['recordKeys'][number]>();
  const released = new Map<string, Under<ReportField>>();
  const outputs = new Map<
    string,
    { route: string | null; decided: OutputCounts; replayed: OutputCounts; one: OutputTally }
  >();
  for (const tally of tallies) {
    const topic = topicOf(tally);
    const facts = bundles.get(tally.bundle);
    if (topic !== null && facts !== undefined) {
      for (const { regime, basis, elsewhere } of groundByRegime(topic, facts.catalog.regimes)) {
        under(bases, { regime, basis, elsewhere }, tally.bundle);
      }
      const { retentionMs: maxAgeMs, inTopicMs, key } = topic;
      under(retention, { maxAgeMs, maxAge: durationText(maxAgeMs), inTopicMs }, tally.bundle);
      under(keys, { output: tally.topic, key }, tally.bundle);
    }
    for (const field of fieldsOf(tally, topic)) {
      const { records, ...rest } = field;
      const key = JSON.stringify(rest);
      const known = released.get(key);
      released.set(key, {
        ...field,
        records: (known?.records ?? 0) + records,
        bundles: [...new Set([...(known?.bundles ?? []), tally.bundle])],
      });
    }
    const key = `${tally.topic}/${tally.rawTopic}`;
    const known = outputs.get(key) ?? { route: null, decided: noCounts(), replayed: noCounts(), one: tally };
    merge(known.decided, tally.decided);
    merge(known.replayed, tally.replayed);
    outputs.set(key, { ...known, route: topic?.route ?? known.route });
  }
  return {
    purpose: about?.purpose.name ?? null,
    description: about?.purpose.description ?? null,
    recipient: about?.purpose.recipient ?? null,
    readers: about?.purpose.readers ?? [],
    legalBases: [...bases.values()],
    retention: [...retention.values()],
    recordKeys: [...keys.values()],
    outputs: [...outputs.values()].map(({ route, decided, replayed, one }) => ({
      topic: one.topic,
      rawTopic: one.rawTopic,
      route,
      records: decided.published + sum(decided.withheld) + sum(decided.deadLettered),
      ...countsOf(decided),
      replayed: countsOf(replayed),
    })),
    released: [...released.values()].sort(
      (a, b) =>
        compareText(a.output, b.output) ||
        compareText(a.category ?? '', b.category ?? '') ||
        compareText(a.path, b.path) ||
        compareText(a.form.policy, b.form.policy),
    ),
  };
}

function under<T extends object>(known: Map<string, Under<T>>, fact: T, bundle: string): void {
  const key = JSON.stringify(fact);
  known.set(key, { ...fact, bundles: [...new Set([...(known.get(key)?.bundles ?? []), bundle])] });
}

/** What left of each field under one bundle, in the bundle's words. */
function fieldsOf({ topic, fields }: OutputTally, about: CatalogTopic | null): readonly ReportField[] {
  return [...fields].flatMap(([path, effects]) => {
    const isHeader = path.startsWith('headers.');
    const left = releasedIn(effects);
    const own = (about?.fields ?? []).filter((field) => field.path === path);
    const headers = isHeader ? (about?.headers ?? []).filter((field) => `headers.${field.path}` === path) : [];
    const values = [...own.filter(({ kind }) => kind === 'field'), ...headers];
    const told = left.map(([effect, records]): ReportField => {
      const declared = values.filter(({ form }) => form.action === effect);
      return {
        ...factsOf(declared),
        output: topic,
        path,
        kind: isHeader ? 'header' : 'field',
        records,
        form: declared[0]?.form ?? unknownForm(effect),
      };
    });
    const [name] = own.filter(({ kind }) => kind === 'map_keys');
    if (name === undefined || left.length === 0) return told;
    const records = left.reduce((total, [, count]) => total + count, 0);
    return [...told, { ...factsOf([name]), output: topic, path, kind: 'map_keys', records, form: name.form }];
  });
}

/** Of an Avro route, what a field is may differ between versions of the raw schema. */
function factsOf(declared: readonly CatalogField[]): Pick<ReportField, 'category' | 'maxAgeMs' | 'maxAge'> {
  if (declared.length === 0) return { category: null, maxAgeMs: null, maxAge: null };
  const maxAgeMs = Math.max(...declared.map((field) => field.maxAgeMs));
  return {
    category: [...new Set(declared.map(({ category }) => category))].join(' or '),
    maxAgeMs,
    maxAge: durationText(maxAgeMs),
  };
}

function unknownForm(effect: Effect): CatalogForm {
  return { action: effect, plain: `${effect} (its options are not known)`, policy: effect };
}

function merge(into: OutputCounts, from: OutputCounts): void {
  into.published += from.published;
  into.tombstones += from.tombstones;
  for (const [reason, count] of from.inPart) add(into.inPart, reason, count);
  for (const [reason, count] of from.withheld) add(into.withheld, reason, count);
  for (const [code, count] of from.deadLettered) add(into.deadLettered, code, count);
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

function countsOf({ published, tombstones, inPart, withheld, deadLettered }: OutputCounts): ReportCounts {
  return {
    published,
    inPart: sorted(inPart),
    tombstones,
    withheld: sorted(withheld),
    deadLettered: sorted(deadLettered),
  };
}

function sorted(counts: ReadonlyMap<string, number>): Counted {
  return Object.fromEntries([...counts].sort(([a], [b]) => compareText(a, b)));
}

function rawTopicsOf(
  { chains, outputs }: ReportTally,
  topicOf: (output: OutputTally) => CatalogTopic | null,
): readonly ReportRawTopic[] {
  return [...new Set(chains.map(({ rawTopic }) => rawTopic))].map((topic) => {
    const own = chains.filter((chain) => chain.rawTopic === topic && !chain.replays);
    const deadLettered = new Map<string, number>();
    for (const chain of own) for (const [code, count] of chain.deadLettered) add(deadLettered, code, count);
    const known = outputs.find((output) => output.rawTopic === topic && topicOf(output) !== null);
    return {
      topic,
      route: known === undefined ? null : (topicOf(known)?.route ?? null),
      records: own.reduce((total, { records }) => total + records, 0),
      deadLettered: sorted(deadLettered),
      partitions: own.map(({ partition, firstOffset, lastOffset, records, missing, repeated }) => ({
        ...{ partition, firstOffset, lastOffset, records, missing, repeated },
      })),
      replayed: chains
        .filter((chain) => chain.rawTopic === topic && chain.replays)
        .map(({ partition, firstOffset, lastOffset, records }) => ({ partition, firstOffset, lastOffset, records })),
    };
  });
}

function notesOf(
  {
    segments,
    bundles,
    rawTopics,
    unusable,
    audit,
  }: Pick<Report, 'segments' | 'bundles' | 'rawTopics' | 'unusable' | 'audit'>,
  isOpen: boolean,
): readonly string[] {
  const partitions = rawTopics.flatMap(({ topic, partitions: some }) => some.map((one) => ({ ...one, topic })));
  return [
    ...(segments === 0 ? [`Nothing was decided in this period: ${audit} holds no decision of it.`] : []),
    ...(isOpen ? ['The period is not over: decisions that are yet to come are not in it.'] : []),
    ...bundles
      .filter(({ from }) => from === null)
      .map(({ digest }) => `Bundle ${digest} is not available: its purposes, categories and ages are unknown.`),
    ...partitions
      .filter(({ missing }) => missing > 0)
      .map(
        ({ topic, partition, missing }) =>
          `Offsets of ${topic}/${partition} between its first and last that no decision of the period answers for: ${missing}. "lethe verify" tells more.`,
      ),
    ...partitions
      .filter(({ repeated }) => repeated > 0)
      .map(
        ({ topic, partition, repeated }) =>
          `Offsets of ${topic}/${partition} that were decided about again, and count again: ${repeated}. "lethe verify" tells more.`,
      ),
    ...(unusable.count > 0
      ? [
          `Records of the audit that are altered, cut off or doubled, and were not counted: ${unusable.count}. "lethe verify" tells more.`,
        ]
      : []),
  ];
}

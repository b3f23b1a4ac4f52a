/**
 * The invariants of issue 6, "Fault suite", over what the referee read. Pure; test/unit/faults/checker.test.ts plants a
 * breach of each, since a checker that finds nothing looks like a system that does nothing wrong.
 */
import type { DecisionShape } from '../../services/core/audit/segment.ts';
import { disguises } from '../e2e/canary-scan.ts';
import { fates, walk } from '../stack/trail.ts';
import type { Evidence, OutputKind, RawRecord, SubjectWord } from './evidence.ts';

export const INVARIANTS = ['once', 'order', 'no canary', 'progress', 'no hanging transaction', 'consent'] as const;
export type Invariant = (typeof INVARIANTS)[number];

export type Breach = { readonly invariant: Invariant; readonly what: string };

/** In every raw personal value, and nowhere else. */
export const CANARY = 'zqcanaryxwzjq';
/** Seconds from the end of a fault to the next commit. */
export const PROGRESS_SECONDS = 15;
/** Enough to see what is wrong. */
const SHOWN = 5;

/** All that is broken; empty where every invariant holds. */
export function check(evidence: Evidence): Breach[] {
  return [
    ...named('once', once(evidence)),
    ...named('order', order(evidence)),
    ...named('no canary', canaries(evidence)),
    ...named('progress', progress(evidence)),
    ...named('no hanging transaction', evidence.unreadableSentinels),
    ...named('consent', consents(evidence)),
  ];
}

/** Which invariants are broken. */
export const invariantsOf = (breaches: readonly Breach[]): ReadonlySet<Invariant> =>
  new Set(breaches.map(({ invariant }) => invariant));

function named(invariant: Invariant, found: readonly string[]): Breach[] {
  const shown = found.slice(0, SHOWN).map((what) => ({ invariant, what }));
  return found.length > SHOWN ? [...shown, { invariant, what: `and ${found.length - SHOWN} more` }] : shown;
}

const sourceOf = ({ topic }: Evidence, { partition, offset }: RawRecord): string => `${topic}/${partition}/${offset}`;

/** Each raw coordinate has one decision in an unbroken trail, and outputs and dead letters are what the trail says. */
function once(evidence: Evidence): string[] {
  const found: string[] = [];
  // A range that was deleted unread is one that no segment answers for; what else is wrong with the chain counts.
  const trail = walk(evidence.segments);
  const gaps = evidence.deletedUpTo.flatMap((end, partition) =>
    end > 0 ? [`${evidence.topic}/${partition}/${end}: `] : [],
  );
  found.push(...trail.faults.filter((fault) => !gaps.some((gap) => fault.startsWith(gap))));
  const kept = evidence.raw.filter(({ partition, offset }) => offset >= (evidence.deletedUpTo[partition] ?? 0));
  const known = new Set(kept.map((record) => sourceOf(evidence, record)));
  for (const source of known) if (!trail.decisions.has(source)) found.push(`${source}: no decision`);
  for (const source of trail.decisions.keys()) {
    const [partition = 0, offset = 0] = source.split('/').slice(-2).map(Number);
    const gone = offset < (evidence.deletedUpTo[partition] ?? 0);
    if (!known.has(source) && !gone) found.push(`${source}: decided about, though there is no such record`);
  }
  for (const { topic, records } of evidence.outputs) {
    const { published } = fates(trail, topic);
    found.push(
      ...differing(
        `${topic}: `,
        records.map(({ source }) => source),
        published,
      ),
    );
  }
  const dead = new Set(
    [...trail.decisions].filter(([, { shape }]) => shape.deadLetter !== null).map(([source]) => source),
  );
  found.push(...differing('dead letter of ', evidence.deadLetters, dead));
  return found;
}

function differing(prefix: string, there: readonly string[], wanted: ReadonlySet<string>): string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  for (const source of there) {
    if (seen.has(source)) found.push(`${prefix}${source}: twice`);
    else if (!wanted.has(source)) found.push(`${prefix}${source}: there, against the audit trail`);
    seen.add(source);
  }
  for (const source of wanted) if (!seen.has(source)) found.push(`${prefix}${source}: missing`);
  return found;
}

/** Within an output's partition, records come from one raw partition, in the order of its offsets. */
function order({ outputs }: Evidence): string[] {
  return outputs.flatMap(({ topic, records }) => {
    const last = new Map<number, number>();
    const inPlace = [...records].sort((a, b) => a.partition - b.partition || a.offset - b.offset);
    return inPlace.flatMap(({ partition, offset, source }) => {
      const [from = -1, raw = -1] = source.split('/').slice(-2).map(Number);
      const before = last.get(partition) ?? -1;
      last.set(partition, Math.max(raw, before));
      if (from !== partition) return [`${topic}/${partition}/${offset}: of raw partition ${from}`];
      return raw < before ? [`${topic}/${partition}/${offset}: raw offset ${raw} after ${before}`] : [];
    });
  });
}

function canaries({ sinks }: Evidence): string[] {
  const forms = disguises(CANARY);
  const found: string[] = [];
  for (const { name, bytes } of sinks) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const [form, sought] of forms) if (buffer.includes(sought)) found.push(`${name}: a raw value (${form})`);
  }
  return found;
}

const progress = (evidence: Evidence): string[] =>
  evidence.progress.flatMap((seconds, partition) => {
    if (seconds !== null && seconds <= PROGRESS_SECONDS) return [];
    const took = seconds === null ? 'no commit' : `the next commit ${seconds.toFixed(1)} s`;
    return [`${evidence.topic}/${partition}: ${took} after the fault`];
  });

/** Who may be published is who the consents name, and a consent is never older than the watermark it was read under. */
function consents(evidence: Evidence): string[] {
  const found: string[] = [];
  const { decisions } = walk(evidence.segments);
  const marks = new Map<string, Readonly<Record<string, string>>>();
  const last = new Map<number, Readonly<Record<string, string>>>();
  for (const { partition, firstOffset, lastOffset, watermark } of evidence.segments) {
    if (watermark === null) {
      found.push(`${evidence.topic}/${partition}/${firstOffset}: decided about under no watermark`);
      continue;
    }
    const { offsets } = JSON.parse(watermark) as { offsets: Record<string, string> };
    for (const [feed, before] of Object.entries(last.get(partition) ?? {})) {
      if (Number(offsets[feed] ?? 0) < Number(before)) {
        found.push(
          `${evidence.topic}/${partition}/${firstOffset}: the watermark of feed ${feed} went back from ${before}`,
        );
      }
    }
    last.set(partition, offsets);
    for (let offset = firstOffset; offset <= lastOffset; offset++) {
      marks.set(`${evidence.topic}/${partition}/${offset}`, offsets);
    }
  }
  for (const record of evidence.raw) {
    const source = sourceOf(evidence, record);
    const decided = decisions.get(source);
    if (decided === undefined) continue;
    const { shape, outputs } = decided;
    if (record.maybeDead === true && shape.deadLetter !== null) continue;
    if ((shape.deadLetter !== null) !== (record.subject === null)) {
      found.push(
        `${source}: ${shape.deadLetter === null ? 'no dead letter' : `a dead letter (${shape.deadLetter.code})`}`,
      );
      continue;
    }
    if (record.subject === null) continue;
    const said = evidence.subjects.get(record.subject);
    if (said === undefined) throw new Error(`${source}: nobody knows what its subject said`);
    for (const { topic, kind } of evidence.outputs) {
      const wrong = wrongOutcome(shape, outputs.indexOf(topic), kind, said, record, marks.get(source) ?? {});
      if (wrong !== null) found.push(`${source}, ${topic}: ${wrong}`);
    }
  }
  return found;
}

function wrongOutcome(
  shape: DecisionShape,
  output: number,
  kind: OutputKind,
  said: SubjectWord,
  { partition, offset }: RawRecord,
  mark: Readonly<Record<string, string>>,
): string | null {
  const outcome = shape.outputs[output]?.outcome;
  const { withdrawal } = said;
  const agreed = kind === 'analytics' ? said.analytics === 'granted' : said.fraud !== 'objected';
  if (!agreed) return outcome === 'withheld' ? null : 'published, though nobody agreed';
  if (kind === 'fraud' || withdrawal === undefined)
    return outcome === 'published' ? null : 'withheld, though agreed to';
  const { feed, acknowledgedAt } = withdrawal;
  const seen = Number(mark[feed.partition] ?? 0) > feed.offset;
  const acknowledged = offset >= (acknowledgedAt[partition] ?? Number.POSITIVE_INFINITY);
  if (outcome === 'published') {
    if (seen) return 'published under a watermark that covers the withdrawal';
    if (acknowledged) return 'published, though produced after the withdrawal was acknowledged';
    return null;
  }
  return null;
}

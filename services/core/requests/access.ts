/**
 * What Lethe knows of a subject (GDPR Art. 15, CCPA 1798.110): consents and their history, and what was published, in
 * which form. No values: Lethe keeps none.
 */
import { type AuditSegment, type FieldEffect, shapeAt } from '../audit/segment.ts';
import type { ConsentEvent } from '../consent-event.ts';
import { parseCoordinate } from '../coordinate.ts';
import { consentStateOfTokens } from '../decide/consent-state.ts';
import type { OutputRecord, Tombstone } from './ports.ts';
import type { RequestOutput, SubjectRequest } from './request.ts';
import { keysOf } from './erase.ts';

export type AccessReport = {
  readonly kind: 'lethe.access_report';
  readonly request: string;
  readonly made: string;
  /** The names under which Lethe knows the subject. */
  readonly tokens: readonly string[];
  readonly erased: boolean;
  /** By purpose: the decision that counts now, and until when. */
  readonly consents: Readonly<Record<string, { readonly decision: string | null; readonly since: string | null }>>;
  /** Every consent event, in the order in which they count. */
  readonly history: readonly Readonly<Record<string, unknown>>[];
  readonly published: readonly PublishedTo[];
  /** What was done to fields; records name them by their place here. */
  readonly forms: readonly (readonly FieldEffect[])[];
  readonly limits: readonly string[];
};

export type PublishedTo = {
  readonly topic: string;
  readonly purpose: string;
  readonly records: readonly PublishedRecord[];
};

export type PublishedRecord = {
  /** topic/partition/offset of the output. */
  readonly at: string;
  /** Of the raw record. */
  readonly source: string | null;
  readonly published: string;
  readonly deleted: boolean;
  /** Digest of the bundle that it was decided under, and the form; null where the audit does not say. */
  readonly bundle: string | null;
  readonly form: number | null;
};

export type AccessPorts = {
  readonly events: (tokens: readonly string[]) => Promise<ReadonlyMap<string, readonly ConsentEvent[]>>;
  readonly outputs: (request: SubjectRequest) => Promise<readonly RequestOutput[]>;
  readonly indexed: (tokens: readonly string[]) => Promise<readonly Tombstone[]>;
  /** All that an output holds. */
  readonly records: (topic: string) => AsyncIterable<OutputRecord & { readonly partition: number }>;
  readonly segments: () => AsyncIterable<AuditSegment>;
  /** The raw topic that a chain of the audit is about. */
  readonly rawTopicOf: (segment: AuditSegment) => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

const LIMITS = [
  'Values are not in this report: Lethe keeps none. Raw topics hold them for as long as their retention says.',
  'Records that were withheld are counted nowhere by subject: the audit names no subject.',
  'Published records are found in outputs that are keyed by the subject, and in compacted ones that are keyed by a path, for as long as Kafka holds them; outputs without a key tell nothing of whom a record is about.',
  'Records published with a stripped key, and dead letters, cannot be told apart by subject.',
];

export async function accessReport(request: SubjectRequest, ports: AccessPorts): Promise<AccessReport> {
  const { tokens } = request.received;
  const now = ports.now();
  const events = await ports.events(tokens);
  const state = consentStateOfTokens(tokens, events);
  const all = [...events.values()].flat().sort((a, b) => a.at - b.at || a.version - b.version);
  const consents = Object.create(null) as Record<string, { decision: string | null; since: string | null }>;
  for (const { purpose } of all) {
    const latest = state.latest(purpose, now);
    consents[purpose] ??= { decision: latest?.decision ?? null, since: latest === null ? null : instant(latest.at) };
  }
  const found = await publishedTo(request, ports);
  return {
    kind: 'lethe.access_report',
    request: request.id,
    made: instant(now),
    tokens,
    erased: state.erased(now, now),
    consents,
    history: all.map(({ at, expires, ...event }) => ({
      at: instant(at),
      ...event,
      expires: expires === null ? null : instant(expires),
    })),
    ...(await withForms(found, ports)),
    limits: LIMITS,
  };
}

async function publishedTo(request: SubjectRequest, ports: AccessPorts): Promise<readonly PublishedTo[]> {
  const { received } = request;
  const outputs = await ports.outputs(request);
  const indexed = outputs.some(({ keyedBy }) => keyedBy === 'path') ? await ports.indexed(received.tokens) : [];
  const places = new Set(indexed.map(({ topic, partition, key }) => `${topic}/${partition}/${key}`));
  const result: PublishedTo[] = [];
  for (const { topic, purpose, keyedBy } of outputs) {
    if (keyedBy === 'none') continue;
    const keys = new Set(keysOf(received, purpose));
    const records: PublishedRecord[] = [];
    for await (const { key, partition, offset, tombstone, source, timestamp } of ports.records(topic)) {
      if (key === null) continue;
      if (!(keyedBy === 'subject' ? keys.has(key) : places.has(`${topic}/${partition}/${key}`))) continue;
      const at = `${topic}/${partition}/${offset}`;
      records.push({ at, source, published: instant(timestamp), deleted: tombstone, bundle: null, form: null });
    }
    result.push({ topic, purpose, records });
  }
  return result;
}

/** What the audit says of each record. */
async function withForms(
  published: readonly PublishedTo[],
  { segments, rawTopicOf }: AccessPorts,
): Promise<Pick<AccessReport, 'published' | 'forms'>> {
  type Said = { readonly bundle: string; readonly form: number | null };
  /** By raw partition the offsets asked for, then by output what the latest segment says. */
  const wanted = new Map<string, Map<number, Map<string, Said>>>();
  for (const { records } of published) {
    for (const { source } of records) {
      const at = source === null ? null : parseCoordinate(source);
      if (at === null) continue;
      const place = `${at.topic}/${at.partition}`;
      const offsets = wanted.get(place) ?? new Map<number, Map<string, Said>>();
      offsets.set(at.offset, new Map());
      wanted.set(place, offsets);
    }
  }
  const forms = new Map<string, number>();
  if (wanted.size > 0) {
    for await (const segment of segments()) {
      const offsets = wanted.get(`${rawTopicOf(segment)}/${segment.partition}`);
      for (const [offset, said] of offsets ?? []) {
        if (offset < segment.firstOffset || offset > segment.lastOffset) continue;
        const shape = shapeAt(segment, offset);
        for (const [index, { treatment }] of (shape?.outputs ?? []).entries()) {
          const text = treatment === null ? null : JSON.stringify(segment.treatments[treatment]);
          if (text !== null && !forms.has(text)) forms.set(text, forms.size);
          const form = text === null ? null : (forms.get(text) ?? null);
          said.set(segment.outputs[index] ?? '', { bundle: segment.bundle, form });
        }
      }
    }
  }
  return {
    published: published.map(({ topic, purpose, records }) => ({
      topic,
      purpose,
      records: records.map((record) => {
        const at = record.source === null ? null : parseCoordinate(record.source);
        const said = at === null ? undefined : wanted.get(`${at.topic}/${at.partition}`)?.get(at.offset)?.get(topic);
        return said === undefined ? record : { ...record, ...said };
      }),
    })),
    forms: [...forms.keys()].map((text) => JSON.parse(text) as FieldEffect[]),
  };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

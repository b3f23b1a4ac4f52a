/**
 * A rectification of what was published (GDPR Art. 16; issue 5): a corrected raw record of the subject goes through the
 * stages of a batch, under the request's own coordinate, to where records of the subject lie under its pseudonyms. It is
 * kept nowhere else. That the step is done is written in the same transaction, so that it is done once.
 */
import { correctionChainTopic } from '../core/dead-letter-replay.ts';
import { parseCoordinate } from '../core/coordinate.ts';
import { LetheError } from '../core/errors.ts';
import { PUBLISHED_KEYS_TOPIC, REQUESTS_TOPIC } from '../core/own-topics.ts';
import type { OutputDecision } from '../core/engine.ts';
import type { Poison } from '../core/outcome.ts';
import type { OutputPlan } from '../core/policy/plan.ts';
import { keysOf } from '../core/requests/erase.ts';
import type { RequestOutputs } from '../core/requests/ports.ts';
import { type Received, type RequestEvent, requestEvent, type SubjectRequest } from '../core/requests/request.ts';
import type { Publication, RawBatch } from '../core/transport.ts';

/** Where records of the subject are in force in an output. */
export type Place = {
  readonly topic: string;
  readonly purpose: string;
  readonly compacted: boolean;
  readonly partition: number;
  /** The pseudonyms under which the newest record is no tombstone. */
  readonly keys: readonly string[];
};

/** Reads the outputs that are keyed by the subject. A record's partition is that of its raw record, so it may be any. */
export async function placesOf(
  received: Received,
  outputs: readonly OutputPlan[],
  { cleanup, recordsFrom }: Pick<RequestOutputs, 'cleanup' | 'recordsFrom'>,
): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (const { topic, purpose, key } of outputs) {
    if (key.kind !== 'pseudonym') continue;
    const keys = keysOf(received, purpose.name);
    if (keys === null) {
      throw new LetheError('usage', `Purpose ${purpose.name} came into the configuration after the request`, {
        fix: 'Make a new request.',
      });
    }
    const { partitions, compacted } = await cleanup(topic);
    for (let partition = 0; partition < partitions; partition++) {
      const inForce = new Set<string>();
      for await (const record of recordsFrom(topic, partition, 0)) {
        if (record.key === null || !keys.includes(record.key)) continue;
        if (record.tombstone) inForce.delete(record.key);
        else inForce.add(record.key);
      }
      if (inForce.size > 0) places.push({ topic, purpose: purpose.name, compacted, partition, keys: [...inForce] });
    }
  }
  return places;
}

type DecodedRecord =
  | { readonly kind: 'record'; readonly record: { readonly subject: string } }
  | { readonly kind: 'poison'; readonly poison: Poison }
  | { readonly kind: 'tombstone' };

/** As gateway/replayed-letters.ts wants it. */
export type Played = {
  readonly chainTopic: (rawTopic: string) => string;
  readonly admit: (decoded: readonly DecodedRecord[]) => void;
  readonly takes: (output: OutputPlan, outcome: OutputDecision) => boolean;
};

/** The corrected record under the coordinate of its request. */
export function correctedBatch(rawTopic: string, value: Uint8Array, coordinate: string, now: number): RawBatch {
  const offset = parseCoordinate(coordinate)?.offset;
  if (offset === undefined) throw new LetheError('bug', 'a request without a coordinate');
  return {
    topic: rawTopic,
    partition: 0,
    startOffset: offset,
    nextOffset: offset + 1,
    highWatermark: offset + 1,
    records: [{ offset, timestamp: now, key: null, value, headers: {} }],
  };
}

/**
 * @param tokens of the request's subject.
 * @param places where the record is to go.
 */
export function playedAs(
  tokens: readonly string[],
  subjectTokens: (subject: string) => readonly string[],
  places: readonly Place[],
): Played {
  return {
    chainTopic: correctionChainTopic,
    admit: (decoded) => {
      for (const one of decoded) {
        if (one.kind === 'poison') {
          throw new LetheError('usage', `The record cannot be read: ${one.poison.code}`, { fix: 'Correct the file.' });
        }
        if (one.kind === 'tombstone' || !subjectTokens(one.record.subject).some((token) => tokens.includes(token))) {
          throw new LetheError('usage', 'The record is about another subject than the request', {
            fix: 'Give a record of the subject; nothing was done.',
          });
        }
      }
    },
    // A record stripped of its key replaces nothing.
    takes: ({ topic, purpose }, outcome) =>
      places.some((place) => place.topic === topic && place.purpose === purpose.name) &&
      !(outcome.kind === 'published' && outcome.key === null),
  };
}

/**
 * What is to be committed: the record at every place, the audit, and that the step is done. Where keys were rotated, what
 * lies in a compacted output under an older pseudonym gives way to a tombstone: nothing else would ever replace it.
 */
export function correction(
  request: SubjectRequest,
  played: readonly Publication[],
  places: readonly Place[],
  { encode, auditTopic, now }: { encode: (event: RequestEvent) => Uint8Array; auditTopic: string; now: number },
): { readonly publications: readonly Publication[]; readonly event: RequestEvent } {
  const publications: Publication[] = [];
  let corrected = 0;
  for (const one of played) {
    if (one.topic === auditTopic) publications.push(one);
    if (one.topic === auditTopic || one.topic === PUBLISHED_KEYS_TOPIC || one.key === null) continue;
    for (const { topic, purpose, partition, compacted, keys } of places) {
      if (topic !== one.topic || keysOf(request.received, purpose)?.includes(one.key) !== true) continue;
      const headers = Object.assign(Object.create(null) as Publication['headers'], one.headers, {
        'lethe-source': request.coordinate,
      });
      publications.push({ ...one, partition, headers });
      corrected++;
      for (const key of compacted ? keys.filter((each) => each !== one.key) : []) {
        publications.push({
          ...{ topic, partition, key, value: null, timestamp: now },
          headers: { 'lethe-source': request.coordinate },
        });
      }
    }
  }
  const event = requestEvent({
    ...{ id: request.id, kind: 'step_done', at: now, step: 'correct', code: `${corrected} records` },
  });
  publications.push({
    ...{ topic: REQUESTS_TOPIC, partition: 0, key: request.id, value: encode(event), headers: {}, timestamp: now },
  });
  return { publications, event };
}

/** Reads the final state of a fault: by kcat (librdkafka) and from disks, never by the client library that is judged. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeSegmentCodec } from '../../services/adapters/avro-single-object/audit-segments.ts';
import { makeConsentEventCodec } from '../../services/adapters/avro-single-object/consent-events.ts';
import { makeSubjectTokens } from '../../services/adapters/crypto/keyring.ts';
import { readKeys } from '../../services/adapters/crypto/keys.ts';
import type { AuditSegment } from '../../services/core/audit/segment.ts';
import { until } from '../stack/commands.ts';
import { follow, kcat, topicHolds } from '../stack/kcat.ts';
import type { Published, RawRecord, Sink } from './evidence.ts';
import { FATE_HEADER } from './traffic.ts';

export const AUDIT = 'lethe.audit';
export const DEAD_LETTERS = 'lethe.dead-letters';
const CONSENTS = 'lethe.consent-events';
const SENTINEL = 'test-sentinel';

export type Referee = {
  /** Where the audit topic ends: what comes later is read by `segments`. */
  readonly auditEnd: () => Promise<number>;
  readonly segments: (rawTopic: string, from: number) => Promise<AuditSegment[]>;
  /** Tells of each segment as it is committed, until what it returns is called. */
  readonly follow: (rawTopic: string, from: number, each: (segment: AuditSegment) => void) => () => void;
  readonly raw: (topic: string) => Promise<RawRecord[]>;
  readonly published: (topic: string) => Promise<Published[]>;
  readonly deadLetters: (rawTopic: string) => Promise<string[]>;
  /** Where each subject's withdrawals lie in the feed. */
  readonly withdrawals: (subjects: readonly string[]) => Promise<Map<string, { partition: number; offset: number }>>;
  /** Appends a record to each partition and gives those in which it does not come out within a few seconds. */
  readonly sentinels: (topics: ReadonlyMap<string, number>, name: string) => Promise<string[]>;
};

export function makeReferee(brokers: string, keysFile: string): Referee {
  const segmentCodec = makeSegmentCodec();
  const consentCodec = makeConsentEventCodec();

  const published = async (topic: string): Promise<Published[]> =>
    (await topicHolds(brokers, topic)).filter(({ headers }) => !headers.includes(SENTINEL));

  const segmentIn = (value: Buffer | null): AuditSegment => {
    const read = segmentCodec.decode(value ?? Buffer.alloc(0));
    if (!read.ok) throw new Error(`an audit segment cannot be read: ${read.problem}`);
    return read.value;
  };

  return {
    published,
    auditEnd: async () => {
      const said = (await kcat(['-Q', '-b', brokers, '-t', `${AUDIT}:0:-1`])).toString();
      return Number(/offset (\d+)/.exec(said)?.[1] ?? 0);
    },
    segments: async (rawTopic, from) => {
      const segments: AuditSegment[] = [];
      for (const { value, headers } of await topicHolds(brokers, AUDIT, ['-p', '0', '-o', String(from)])) {
        const segment = headers.includes(SENTINEL) ? null : segmentIn(value);
        if (segment?.topic === rawTopic) segments.push(segment);
      }
      return segments;
    },
    follow: (rawTopic, from, each) =>
      follow(brokers, AUDIT, 0, from, ({ value, headers }) => {
        const segment = headers.includes(SENTINEL) ? null : segmentIn(value);
        if (segment?.topic === rawTopic) each(segment);
      }),
    raw: async (topic) =>
      (await topicHolds(brokers, topic)).map(({ partition, offset, headers }) => {
        const fate = new RegExp(`(?:^|,)${FATE_HEADER}=(dead|live |either )([^,]*)`).exec(headers);
        if (fate === null) throw new Error(`${topic}/${partition}/${offset}: nobody says what is to become of it`);
        if (fate[1] === 'dead') return { partition, offset, subject: null };
        return { partition, offset, subject: fate[2] ?? '', maybeDead: fate[1] === 'either ' };
      }),
    deadLetters: async (rawTopic) =>
      (await published(DEAD_LETTERS)).map(({ source }) => source).filter((source) => source.startsWith(`${rawTopic}/`)),
    withdrawals: async (subjects) => {
      const tokens = makeSubjectTokens(readKeys(keysFile));
      const subjectOf = new Map(
        subjects.flatMap((subject) => tokens(subject).map((token) => [token, subject] as const)),
      );
      const found = new Map<string, { partition: number; offset: number }>();
      for (const { partition, offset, key, value } of await topicHolds(brokers, CONSENTS)) {
        const subject = subjectOf.get(String(key));
        if (subject === undefined || found.has(subject)) continue;
        const read = consentCodec.decode(value ?? Buffer.alloc(0));
        if (!read.ok) throw new Error(`a consent event cannot be read: ${read.problem}`);
        if (read.entry.event.decision === 'withdrawn') found.set(subject, { partition, offset });
      }
      return found;
    },
    sentinels: async (topics, name) => {
      const partitions = [...topics].flatMap(([topic, count]) =>
        Array.from({ length: count }, (_, partition) => ({ topic, partition })),
      );
      await Promise.all(
        partitions.map(({ topic, partition }) =>
          kcat(['-P', '-b', brokers, '-t', topic, '-p', String(partition), '-H', `${SENTINEL}=${name}`], 'sentinel\n'),
        ),
      );
      let unread: string[] = [];
      const look = async (): Promise<boolean> => {
        const read = new Set<string>();
        for (const topic of topics.keys()) {
          for (const { partition, headers } of await topicHolds(brokers, topic)) {
            if (headers.includes(`${SENTINEL}=${name}`)) read.add(`${topic}/${partition}`);
          }
        }
        unread = partitions.map(({ topic, partition }) => `${topic}/${partition}`).filter((one) => !read.has(one));
        return unread.length === 0;
      };
      // A commit's markers are written after it is answered.
      await until('the sentinels are readable', look, 5_000).catch(() => undefined);
      return unread;
    },
  };
}

/** Offsets and positions alone, megabytes of zeros. */
const NUMBERS_ONLY = /\.(index|timeindex|snapshot|checkpoint)$/;

/**
 * Every file of the broker's log directory but the raw topic's own partitions, those of other faults' topics left out.
 *
 * @param route the name after `raw.` and `clean.`
 */
export function* brokerFiles(dataDir: string, route: string): Generator<Sink> {
  for (const file of globSync('**/*', { cwd: dataDir })) {
    const path = join(dataDir, file);
    const topic = basename(dirname(file)).replace(/-\d+$/, '');
    const foreign = topic.startsWith('clean.') && !topic.startsWith(`clean.${route}.`);
    if (topic.startsWith('raw.') || foreign || NUMBERS_ONLY.test(file) || !statSync(path).isFile()) continue;
    yield { name: `broker's ${file}`, bytes: readFileSync(path) };
  }
}

/** Every file under a directory. */
export function* filesUnder(directory: string, what: string): Generator<Sink> {
  for (const file of globSync('**/*', { cwd: directory })) {
    const path = join(directory, file);
    if (statSync(path).isFile()) yield { name: `${what} ${file}`, bytes: readFileSync(path) };
  }
}

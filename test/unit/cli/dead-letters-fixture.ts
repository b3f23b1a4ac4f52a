/** A topic of dead letters that can be replayed into, without a broker: commits land in it, or fail before or after. */
import { makeMemoryTopicReader } from '../../../services/adapters/memory/topic-reader.ts';
import { makeOpenLetter } from '../../../services/cli/dead-letters-open.ts';
import { type LettersReplayOptions, replayLetters } from '../../../services/cli/dead-letters-replay.ts';
import { makeReplayTally, type ReplayTally } from '../../../services/cli/dead-letters-tally.ts';
import { deadLetterText } from '../../../services/core/dead-letter.ts';
import { readMarks } from '../../../services/core/dead-letter-marks.ts';
import type { ReplayRecords } from '../../../services/core/dead-letter-replay.ts';
import { makeSelection, readCoordinates, type SelectionOptions } from '../../../services/core/dead-letter-selection.ts';
import { deadLettered, type RecordDecision } from '../../../services/core/engine.ts';
import { LetheError } from '../../../services/core/errors.ts';
import type { Poison } from '../../../services/core/outcome.ts';
import type { Publication, RawRecord } from '../../../services/core/transport.ts';

export const NOW = Date.UTC(2026, 2, 1);
const HASH = (number: number): string => number.toString(16).padStart(64, '0');

/** Stands in for encryption: what is sealed is bound to its coordinate. */
const sealer = {
  seal: (bytes: Uint8Array, source: string) => Buffer.concat([Buffer.from(`${source}\n`), bytes]),
};
export const openLetter = makeOpenLetter((envelope, source) => {
  const head = Buffer.from(`${source}\n`);
  const bytes = Buffer.from(envelope);
  if (!bytes.subarray(0, head.length).equals(head)) return { ok: false, problem: 'altered', version: 1 };
  return { ok: true, plaintext: bytes.subarray(head.length) };
});

export type World = {
  readonly letters: RawRecord[][];
  /** `lethe-source` of what was published, in order. */
  readonly published: string[];
  /** By raw partition: `previous` and `hash` of each batch that was committed. */
  readonly links: Map<string, { readonly previous: string; readonly hash: string }[]>;
  /** Adds a letter whose raw value is `value`; what starts with `bad` fails again. */
  readonly add: (partition: number, source: string, value: string | null, code?: Poison['code'], at?: number) => void;
  readonly write: (partition: number, value: string, headers?: Record<string, Uint8Array>) => void;
  readonly run: (
    options?: Partial<LettersReplayOptions> & {
      readonly select?: Partial<SelectionOptions>;
      readonly only?: readonly string[];
    },
    commit?: 'works' | 'fails' | 'is lost',
    /** Which commit does not work. */
    at?: number,
  ) => Promise<ReplayTally>;
  readonly reader: () => ReturnType<typeof makeMemoryTopicReader>;
};

export function makeWorld(partitions = 2): World {
  const letters: RawRecord[][] = Array.from({ length: partitions }, () => []);
  const published: string[] = [];
  const links: World['links'] = new Map();
  let hashes = 0;

  const append = (partition: number, record: Omit<RawRecord, 'offset'>): void => {
    const records = letters[partition]!;
    // Transaction markers take offsets too.
    records.push({ ...record, offset: (records.at(-1)?.offset ?? -1) + 2 });
  };
  const write: World['write'] = (partition, value, headers = {}) =>
    append(partition, { timestamp: NOW, key: null, value: Buffer.from(value), headers });

  const replay: ReplayRecords = async (batch, last) => {
    const decisions = batch.records.map(({ value }): RecordDecision => {
      if (
        Buffer.from(value ?? '')
          .toString()
          .startsWith('bad')
      )
        return deadLettered({ code: 'time_invalid', path: 'at' });
      const outputs = [
        { kind: 'published', variant: null, reason: null, value, key: null, headers: [] },
        { kind: 'withheld', reason: 'erased' },
      ] as const;
      return { kind: 'decided', plan: {} as never, outputs };
    });
    const publications = batch.records.flatMap(({ offset }, index): Publication[] => {
      if (decisions[index]!.kind === 'dead_lettered') return [];
      const source = `${batch.topic}/${batch.partition}/${offset}`;
      return [
        { topic: 'clean', partition: 0, key: null, value: null, headers: { 'lethe-source': source }, timestamp: NOW },
      ];
    });
    const outputs = ['clean', 'other'];
    if (publications.length === 0) return { ...last, decisions, outputs, publications };
    const hash = HASH(++hashes);
    const link = {
      topic: 'lethe.audit',
      partition: 0,
      key: `${batch.topic}/${batch.partition}`,
      timestamp: NOW,
      headers: {},
    };
    const value = Buffer.from(`${last.chain}>${hash}`);
    return { decisions, outputs, publications: [...publications, { ...link, value }], chain: hash, watermark: null };
  };

  const land = (publications: readonly Publication[]): void => {
    for (const { topic, partition, key, value, headers } of publications) {
      if (topic === 'clean') published.push(String(headers['lethe-source']));
      if (topic === 'lethe.audit') {
        const [previous = '', hash = ''] = Buffer.from(value ?? '')
          .toString()
          .split('>');
        links.set(key ?? '', [...(links.get(key ?? '') ?? []), { previous, hash }]);
      }
      if (topic === 'lethe.dead-letters') {
        const bytes = Object.entries(headers).map(([name, one]) => [name, Buffer.from(String(one))]);
        append(partition, { timestamp: NOW, key: null, value, headers: Object.fromEntries(bytes) });
      }
    }
  };
  const reader = () =>
    makeMemoryTopicReader({ 'lethe.dead-letters': letters.map((records) => ({ records: [...records] })) });

  return {
    ...{ letters, published, links, write, reader },
    add: (partition, source, value, code = 'time_invalid', at = NOW) => {
      const raw = { offset: 0, timestamp: 5, key: null, value: Buffer.from(value ?? 'x'), headers: {} };
      const text = deadLetterText(raw, source, { code, path: null }, sealer, value === null ? 0 : 100_000);
      append(partition, { timestamp: at, key: null, value: Buffer.from(text), headers: {} });
    },
    run: async ({ select, only = [], ...options } = {}, commit = 'works', at = 1) => {
      const topics = reader();
      const bounds = await topics.bounds('lethe.dead-letters');
      let commits = 0;
      return replayLetters(
        {
          reader: topics,
          bounds,
          marks: await readMarks(topics, bounds),
          selection: makeSelection({
            ...{ code: null, topic: null, since: null, until: null, ...select },
            coordinates: readCoordinates(only).coordinates,
          }),
          openLetter,
          replay,
          refusalOf: async () => null,
          // What a look at the whole audit would find.
          headOf: async (topic, rawPartition) => links.get(`${topic}/${rawPartition}`)?.at(-1)?.hash ?? HASH(0),
          watermarkOf: async () => null,
          commit: async (publications) => {
            const broken = ++commits === at;
            if (broken && commit === 'fails') throw new LetheError('unavailable', 'aborted');
            land(publications);
            if (broken && commit === 'is lost') throw new LetheError('unavailable', 'committed, and nobody was told');
          },
          now: () => NOW,
          ...options,
        },
        makeReplayTally(),
      );
    },
  };
}

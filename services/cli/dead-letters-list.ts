/** `lethe dead-letters list`: what is on the topic, without a key and without a value. */
import type { Marks } from '../core/dead-letter-marks.ts';
import { type DeadLetter, readDeadLetterRecord } from '../core/dead-letter-record.ts';
import type { Selection } from '../core/dead-letter-selection.ts';
import { DEAD_LETTER_TOPIC } from '../core/own-topics.ts';
import type { PartitionBounds, TopicReader } from '../core/topic-reader.ts';
import { Named } from './dead-letters-tally.ts';

export type LettersListOptions = {
  readonly reader: Pick<TopicReader, 'read'>;
  readonly bounds: readonly PartitionBounds[];
  readonly marks: Marks;
  readonly selection: Selection;
  /** Name of the route of a raw topic; null where nobody knows. */
  readonly routeOf: (rawTopic: string) => string | null;
  /** The version of `dead_letter` that an envelope needs, or null. */
  readonly keyVersionOf: (envelope: Uint8Array) => number | null;
  readonly format: 'text' | 'json';
  /** Letters to print; all are counted. */
  readonly limit: number;
  /** Resolves once there is room for more; false where nobody reads any longer. */
  readonly write: (text: string) => Promise<boolean>;
  readonly passed?: (offsets: number) => void;
};

export type ListedLetter = {
  readonly letter: string;
  readonly source: string;
  readonly route: string | null;
  readonly code: string;
  readonly path: string | null;
  readonly time: string;
  readonly status: 'open' | 'replayed';
  /** Bytes of the sealed record; null where there is none. */
  readonly bytes: number | null;
  /** Version of the key that opens it; null where there is no sealed record. */
  readonly key: number | null;
};

type Count = {
  readonly route: string | null;
  readonly topic: string;
  readonly code: string;
  open: number;
  replayed: number;
};

/** Ahead of the base64 of an envelope: its format and key version. */
const HEAD_CHARS = 8;

/** @returns records on the topic that are neither letter nor mark. */
export async function listLetters(options: LettersListOptions): Promise<Named> {
  const { reader, bounds, marks, selection, format, write } = options;
  const counts = new Map<string, Count>();
  const unreadable = new Named();
  for (const mark of marks.unreadable) unreadable.add(mark);
  let printed = 0;
  let matched = 0;

  if (format === 'json' && !(await write('{"letters":['))) return unreadable;
  for (const { partition, low, end } of bounds) {
    for await (const batch of reader.read({ topic: DEAD_LETTER_TOPIC, partition, from: low, to: end })) {
      const lines: string[] = [];
      for (const record of batch.records) {
        const read = readDeadLetterRecord(record);
        if (read.kind === 'unreadable' && !read.mark)
          unreadable.add(`${DEAD_LETTER_TOPIC}/${partition}/${read.offset}`);
        if (read.kind !== 'letter' || !selection.has(partition, read.letter)) continue;
        matched++;
        const listed = describe(partition, read.letter);
        count(read.letter, listed);
        if (printed >= options.limit) continue;
        lines.push(
          format === 'json' ? `${printed === 0 ? '' : ','}\n${JSON.stringify(listed)}` : `${lineOf(listed)}\n`,
        );
        printed++;
      }
      if (lines.length > 0 && !(await write(lines.join('')))) return unreadable;
      options.passed?.(batch.nextOffset - batch.startOffset);
    }
  }
  const all = [...counts.values()].sort((a, b) => (`${a.topic} ${a.code}` < `${b.topic} ${b.code}` ? -1 : 1));
  await write(format === 'json' ? `\n],"counts":${JSON.stringify(all)}}\n` : summary(all, matched, printed));
  return unreadable;

  function describe(partition: number, letter: DeadLetter): ListedLetter {
    const { sealed } = letter;
    return {
      letter: `${DEAD_LETTER_TOPIC}/${partition}/${letter.offset}`,
      source: letter.source,
      route: options.routeOf(letter.raw.topic),
      code: letter.code,
      path: letter.path,
      time: new Date(letter.timestamp).toISOString(),
      status: marks.isReplayed(partition, letter.offset) ? 'replayed' : 'open',
      bytes: sealed === null ? null : Math.floor((sealed.length * 3) / 4),
      key: sealed === null ? null : options.keyVersionOf(Buffer.from(sealed.slice(0, HEAD_CHARS), 'base64')),
    };
  }

  function count({ raw: { topic } }: DeadLetter, { route, code, status }: ListedLetter): void {
    const key = `${topic} ${code}`;
    let known = counts.get(key);
    if (known === undefined) counts.set(key, (known = { route, topic, code, open: 0, replayed: 0 }));
    known[status]++;
  }
}

/** Columns of a width that most values fit; longer ones push the rest to the right. */
function lineOf({ letter, source, route, code, path, time, status, bytes, key }: ListedLetter): string {
  const size = bytes === null ? 'not sealed' : `${bytes} B`;
  const columns = [
    time,
    status.padEnd(8),
    code.padEnd(15),
    size.padStart(10),
    (key === null ? '-' : `key@${key}`).padEnd(6),
    source.padEnd(30),
    (route ?? '-').padEnd(16),
    (path ?? '-').padEnd(20),
    letter,
  ];
  return columns.join('  ');
}

function summary(counts: readonly Count[], matched: number, printed: number): string {
  if (matched === 0) return 'No dead letters.\n';
  const more = matched > printed ? `(${matched - printed} more are not shown: --limit)\n` : '';
  const lines = counts.map(({ route, topic, code, open, replayed }) => {
    const name = route === null ? topic : `${route} (${topic})`;
    return `  ${name}  ${code}: ${open} open, ${replayed} replayed`;
  });
  const open = counts.reduce((sum, one) => sum + one.open, 0);
  return `${more}${matched} dead letter(s), ${open} open:\n${lines.join('\n')}\n`;
}

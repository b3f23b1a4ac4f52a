/** `lethe dead-letters show`: one letter, opened. What it returns is for stdout and for nothing else. */
import type { Coordinate } from '../core/coordinate.ts';
import { readMarks } from '../core/dead-letter-marks.ts';
import { type DeadLetter, readDeadLetterRecord } from '../core/dead-letter-record.ts';
import { LetheError } from '../core/errors.ts';
import { DEAD_LETTER_TOPIC } from '../core/own-topics.ts';
import type { PartitionBounds, TopicReader } from '../core/topic-reader.ts';
import type { RawRecord } from '../core/transport.ts';
import { type Readable, readableBytes } from './dead-letters-value.ts';

export type FoundLetter = {
  readonly letter: DeadLetter;
  readonly partition: number;
  readonly replayed: boolean;
  /** Letters of the same raw record: after a group was reset there may be several. The newest is found. */
  readonly others: readonly string[];
};

/**
 * Finds a letter by its own coordinate or by its raw record's.
 *
 * @throws LetheError `usage` where there is none, `data_lost` where the record is no letter.
 */
export async function findLetter(
  reader: TopicReader,
  wanted: Coordinate,
  passed: (offsets: number) => void = () => undefined,
): Promise<FoundLetter> {
  const bounds = await reader.bounds(DEAD_LETTER_TOPIC);
  const found =
    wanted.topic === DEAD_LETTER_TOPIC ? await at(reader, bounds, wanted) : await of(reader, bounds, wanted, passed);
  if (found === null) {
    throw new LetheError('usage', `${nameOf(wanted)}: there is no such dead letter`, {
      fix: '"lethe dead-letters list" lists those that there are; retention may have deleted it.',
    });
  }
  const { partition, letter } = found;
  const behind = bounds.filter((one) => one.partition === partition).map((one) => ({ ...one, low: letter.offset }));
  const marks = await readMarks(reader, behind, passed);
  return { ...found, replayed: marks.isReplayed(partition, letter.offset) };
}

type Located = Omit<FoundLetter, 'replayed'>;

async function at(
  reader: TopicReader,
  bounds: readonly PartitionBounds[],
  wanted: Coordinate,
): Promise<Located | null> {
  const { partition, offset } = wanted;
  const held = bounds.find((one) => one.partition === partition);
  if (held === undefined || offset < held.low || offset >= held.end) return null;
  for await (const { records } of reader.read({ topic: DEAD_LETTER_TOPIC, partition, from: offset, to: offset + 1 })) {
    const [record] = records;
    if (record === undefined) continue;
    const read = readDeadLetterRecord(record);
    if (read.kind === 'letter') return { letter: read.letter, partition, others: [] };
    const what =
      read.kind === 'mark' ? 'a mark of a replay, no dead letter' : 'no dead letter of Lethe, or not a whole one';
    throw new LetheError('data_lost', `${nameOf(wanted)} is ${what}`, {
      fix: '"lethe dead-letters list" lists the letters that there are.',
    });
  }
  return null;
}

/** All partitions are looked through: the topic may have been given more of them since. */
async function of(
  reader: TopicReader,
  bounds: readonly PartitionBounds[],
  wanted: Coordinate,
  passed: (offsets: number) => void,
): Promise<Located | null> {
  const source = nameOf(wanted);
  let newest: { letter: DeadLetter; partition: number } | null = null;
  const others: string[] = [];
  for (const { partition, low, end } of bounds) {
    for await (const batch of reader.read({ topic: DEAD_LETTER_TOPIC, partition, from: low, to: end })) {
      for (const record of batch.records) {
        const read = isOf(record, source) ? readDeadLetterRecord(record) : null;
        if (read?.kind !== 'letter' || read.letter.source !== source) continue;
        const one = { letter: read.letter, partition };
        const older: typeof one | null =
          newest !== null && newest.letter.timestamp > one.letter.timestamp ? one : newest;
        if (older !== one) newest = one;
        if (older !== null) others.push(`${DEAD_LETTER_TOPIC}/${older.partition}/${older.letter.offset}`);
      }
      passed(batch.nextOffset - batch.startOffset);
    }
  }
  return newest === null ? null : { ...newest, others };
}

const encoder = new TextEncoder();

/** Looks for the coordinate's bytes before anything is parsed. */
function isOf({ value }: RawRecord, source: string): boolean {
  return (
    value !== null && Buffer.from(value.buffer, value.byteOffset, Math.min(value.byteLength, 1024)).includes(source)
  );
}

function nameOf({ topic, partition, offset }: Coordinate): string {
  return `${topic}/${partition}/${offset}`;
}

/** All that is known of a letter, with its value, for a person. */
export function letterReport(
  { letter, partition, replayed }: FoundLetter,
  record: RawRecord,
  keyVersion: number | null,
  value: Readable,
): string {
  const headers = Object.entries((record.headers ?? {}) as Readonly<Record<string, readonly Uint8Array[]>>);
  const lines = [
    ['letter', `${DEAD_LETTER_TOPIC}/${partition}/${letter.offset}`],
    ['source', letter.source],
    ['code', letter.code],
    ['path', letter.path ?? '-'],
    ['dead since', new Date(letter.timestamp).toISOString()],
    ['status', replayed ? 'replayed' : 'open'],
    ['sealed under', `dead_letter@${keyVersion ?? '?'}`],
    ['timestamp', `${record.timestamp} (${timeText(record.timestamp)})`],
    ['key', record.key === null ? 'none' : readableBytes(record.key)],
    ...headers.flatMap(([name, values]) =>
      values.map((one): [string, string] => [
        'header',
        `${readableBytes(encoder.encode(name))}: ${readableBytes(one)}`,
      ]),
    ),
    ['value', record.value === null ? value.kind : `${value.kind}, ${record.value.length} bytes`],
  ];
  const head = lines.map(([name = '', text = '']) => `${name.padEnd(14)}${text}`).join('\n');
  return value.text === '' ? `${head}\n` : `${head}\n\n${value.text}\n`;
}

function timeText(timestamp: number): string {
  return Math.abs(timestamp) <= 8.64e15 ? new Date(timestamp).toISOString() : 'no time';
}

/** Records of a file for `lethe init`: JSON lines, one JSON array, or objects spread over lines. */
import { type Datum, jsonDatum } from '../core/propose/datum.ts';
import { rawLines } from './byte-lines.ts';

/** `datum` is undefined where something stands that is no JSON, is cut off or too long. */
export type FileRecord = { readonly datum: Datum | undefined; readonly bytes: number };

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const BRACKET = 0x5b;
/** White space, commas and the brackets of the array around all objects. */
const BETWEEN: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0x2c, BRACKET, 0x5d]);

/**
 * Reads records in constant memory, and no further than they are asked for.
 *
 * @param input opens the file from its beginning.
 * @param maxBytes the longest record that is kept.
 */
export async function* fileRecords(
  input: () => AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<FileRecord> {
  if (await isSpread(input(), maxBytes)) {
    let some = false;
    for await (const record of spreadObjects(input(), maxBytes)) {
      // A broken first line looks like an object that goes on: read the lines after all.
      if (!some && record.datum === undefined) break;
      some = true;
      yield record;
    }
    if (some) return;
  }
  for await (const { bytes } of rawLines(input(), maxBytes)) {
    if (bytes === null) yield { datum: undefined, bytes: maxBytes };
    else if (!isBlank(bytes)) yield { datum: parsed(bytes), bytes: bytes.length + 1 };
  }
}

/** Whether the first thing in a file is an array, or an object that goes on over the end of its line. */
async function isSpread(input: AsyncIterable<Uint8Array>, maxBytes: number): Promise<boolean> {
  let start: Uint8Array = new Uint8Array(0);
  for await (const chunk of input) {
    start = Buffer.concat([start, chunk]);
    const first = start.findIndex((byte) => !isSpace(byte));
    if (first < 0) continue;
    if (start[first] !== OPEN) return start[first] === BRACKET;
    const end = start.indexOf(LINE_FEED, first);
    if (end >= 0) return parsed(start.subarray(first, end)) === undefined;
    if (start.length > maxBytes) return false;
  }
  return false;
}

async function* spreadObjects(input: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<FileRecord> {
  let parts: Uint8Array[] = [];
  let held = 0;
  let depth = 0;
  let inText = false;
  let escaped = false;
  let stray = false;

  const keep = (part: Uint8Array): void => {
    held += part.length;
    if (held <= maxBytes) parts.push(part.slice());
    else parts = [];
  };
  for await (const chunk of input) {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (depth === 0) {
        if (byte === OPEN) {
          depth = 1;
          from = at;
          stray = false;
        } else if (!BETWEEN.has(byte) && !stray) {
          stray = true;
          yield { datum: undefined, bytes: 1 };
        }
      } else if (inText) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inText = false;
      } else if (byte === QUOTE) {
        inText = true;
      } else if (byte === OPEN) {
        depth++;
      } else if (byte === CLOSE && --depth === 0) {
        keep(chunk.subarray(from, at + 1));
        yield { datum: held > maxBytes ? undefined : parsed(Buffer.concat(parts)), bytes: held };
        parts = [];
        held = 0;
      }
    }
    if (depth > 0) keep(chunk.subarray(from));
  }
  if (depth > 0) yield { datum: undefined, bytes: held };
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The JSON value in bytes; undefined where there is none. */
export function parsed(bytes: Uint8Array): Datum | undefined {
  try {
    return jsonDatum(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every(isSpace);
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === LINE_FEED;
}

/** A line of a file: `text` is null where it is no UTF-8 or longer than allowed. Blank lines are lines too. */
export type FileLine = { readonly number: number; readonly text: string | null };

/** A line as bytes; null where it is longer than allowed. */
export type ByteLine = { readonly number: number; readonly bytes: Uint8Array | null };

const LINE_FEED = 0x0a;

/**
 * Splits bytes into lines in constant memory. Lines are numbered from 1; a line feed at the very end begins no further
 * line. Bytes are decoded strictly: a replacement character in a subject id would be another subject.
 *
 * @param maxBytes the longest line that is kept.
 */
export async function* byteLines(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<FileLine> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for await (const { number, bytes } of rawLines(chunks, maxBytes)) {
    let text: string | null = null;
    try {
      text = bytes === null ? null : decoder.decode(bytes);
    } catch {
      // No UTF-8.
    }
    yield { number, text };
  }
}

/** Like `byteLines`, undecoded. */
export async function* rawLines(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<ByteLine> {
  let number = 0;
  let parts: Uint8Array[] = [];
  let held = 0;

  function finish(last: Uint8Array): ByteLine {
    const bytes = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    const tooLong = held + last.length > maxBytes;
    parts = [];
    held = 0;
    return { number: ++number, bytes: tooLong ? null : bytes };
  }

  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      yield finish(chunk.subarray(from, at));
      from = at + 1;
    }
    const rest = chunk.length - from;
    if (rest > 0) {
      // What is too long is counted but not kept.
      if (held + rest <= maxBytes) parts.push(chunk.slice(from));
      held += rest;
    }
  }
  if (held > 0) yield finish(new Uint8Array(0));
}

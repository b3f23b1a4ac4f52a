/**
 * Dead letters (DESIGN sections 6 and 12): code and coordinates in clear, the record itself sealed. Sealed is not only
 * the value but all that a later replay needs: key, headers and timestamp.
 */
import type { Poison } from './outcome.ts';
import type { Sealer } from './ports.ts';
import type { RawRecord } from './transport.ts';

/** `topic/partition/offset`: the value of the `lethe-source` header, and what a dead letter is bound to. */
export function sourceOf(topic: string, partition: number, offset: number): string {
  return `${topic}/${partition}/${offset}`;
}

const FRAME_VERSION = 1;
/** Bytes are base64. */
type FrameDescription = {
  readonly key: string | null;
  readonly timestamp: number;
  readonly headers: readonly (readonly [name: string, values: readonly string[]])[];
  readonly tombstone: boolean;
};
/** Version byte and length of the description. */
const FRAME_HEAD_BYTES = 5;

/**
 * The plaintext of a dead letter: a version byte, the length of a JSON description (32 bits, big-endian), the
 * description `{key, timestamp, headers, tombstone}` with base64 bytes, and the raw value as it was.
 */
export function frameRecord(record: RawRecord): Uint8Array {
  const described: FrameDescription = {
    key: record.key === null ? null : base64(record.key),
    timestamp: record.timestamp,
    headers: headersAsBase64(record.headers),
    tombstone: record.value === null,
  };
  const description = new TextEncoder().encode(JSON.stringify(described));
  const value = record.value ?? new Uint8Array(0);
  const frame = new Uint8Array(FRAME_HEAD_BYTES + description.length + value.length);
  frame[0] = FRAME_VERSION;
  new DataView(frame.buffer).setUint32(1, description.length);
  frame.set(description, FRAME_HEAD_BYTES);
  frame.set(value, FRAME_HEAD_BYTES + description.length);
  return frame;
}

/** A raw record as it was sealed; its offset is in the letter's source. */
export type FramedRecord = Pick<RawRecord, 'key' | 'timestamp' | 'value'> & {
  /** By name, without a prototype: a header may have any name. */
  readonly headers: Readonly<Record<string, readonly Uint8Array[]>>;
};

/** Takes `frameRecord` apart; null where this is no frame, or one of a later version. The value is a view of it. */
export function unframeRecord(frame: Uint8Array): FramedRecord | null {
  if (frame.length < FRAME_HEAD_BYTES || frame[0] !== FRAME_VERSION) return null;
  const length = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(1);
  const valueFrom = FRAME_HEAD_BYTES + length;
  if (valueFrom > frame.length) return null;
  try {
    const description = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(frame.subarray(FRAME_HEAD_BYTES, valueFrom)),
    ) as Partial<FrameDescription>;
    const { key, timestamp, headers, tombstone } = description;
    if (!Number.isSafeInteger(timestamp) || !Array.isArray(headers)) return null;
    if (key !== null && typeof key !== 'string') return null;
    const named = Object.create(null) as Record<string, readonly Uint8Array[]>;
    for (const [name, values] of headers) named[name] = values.map(fromBase64);
    return {
      key: key === null ? null : fromBase64(key),
      timestamp: timestamp as number,
      value: tombstone === true ? null : frame.subarray(valueFrom),
      headers: named,
    };
  } catch {
    return null;
  }
}

/** The JSON text of a dead letter. `value` is null where the sealed record would not fit into `maxBytes`. */
export function deadLetterText(
  record: RawRecord,
  source: string,
  poison: Poison,
  sealer: Sealer,
  maxBytes: number,
): string {
  const size = (record.value?.length ?? 0) + (record.key?.length ?? 0);
  // Base64 takes four bytes for three; the headers come on top, and 1 KiB is ample for the rest.
  const fits = (size * 4) / 3 + 1024 < maxBytes;
  const text = fits ? letter(source, poison, base64(sealer.seal(frameRecord(record), source))) : null;
  return text !== null && text.length < maxBytes ? text : letter(source, poison, null);
}

function letter(source: string, poison: Poison, value: string | null): string {
  return JSON.stringify({
    code: poison.code,
    source,
    ...(poison.path === null ? {} : { path: poison.path }),
    value,
  });
}

/** Header names and values as the client library gave them; anything that is not bytes is left out. */
function headersAsBase64(headers: unknown): [string, string[]][] {
  if (typeof headers !== 'object' || headers === null) return [];
  return Object.keys(headers).map((name) => [
    name,
    (Array.isArray((headers as Record<string, unknown>)[name])
      ? ((headers as Record<string, unknown>)[name] as unknown[])
      : [(headers as Record<string, unknown>)[name]]
    )
      .filter((value) => value instanceof Uint8Array)
      .map(base64),
  ]);
}

function base64(bytes: Uint8Array): string {
  // Uint8Array.prototype.toBase64 is not in every engine yet; btoa takes one character per byte.
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}

/** Throws where the text is no base64. */
function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

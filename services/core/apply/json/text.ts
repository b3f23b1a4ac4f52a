/** Text out of validated JSON bytes. */
import { HAS_ESCAPE, HAS_WIDE, STRING_FLAGS } from './scan.ts';

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
/** Above this many bytes the decoder's fixed cost is repaid. */
const SHORT = 32;
/** By length: arguments of one call, used again and again. */
const units: readonly number[][] = Array.from({ length: SHORT + 1 }, (_, length) => new Array<number>(length).fill(0));

/** ASCII bytes as text. Measured: below `SHORT` bytes a call with all units takes half of what the decoder takes. */
function asciiText(src: Uint8Array, from: number, to: number): string {
  const call = units[to - from];
  if (call === undefined) return utf8.decode(src.subarray(from, to));
  for (let i = 0; i < call.length; i++) call[i] = src[from + i] as number;
  return String.fromCharCode.apply(null, call);
}

/** What a scalar on the tape says: a string's characters, a number's or boolean's literal. */
export function scalarText(src: Uint8Array, kind: number, from: number, to: number): string {
  if (kind > STRING_FLAGS) return asciiText(src, from, to);
  if ((kind & HAS_ESCAPE) !== 0) return unescapedText(src, from, to);
  return kind === HAS_WIDE ? wideText(src, from + 1, to - 1) : asciiText(src, from + 1, to - 1);
}

/** UTF-8 bytes as text. */
export function wideText(src: Uint8Array, from: number, to: number): string {
  return utf8.decode(src.subarray(from, to));
}

/** Text of a string with escapes, from its opening quote to behind the closing one. */
export function unescapedText(src: Uint8Array, from: number, to: number): string {
  return JSON.parse(wideText(src, from, to)) as string;
}

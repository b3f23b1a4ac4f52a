/**
 * Scanning of single JSON tokens in bytes: RFC 8259 grammar, UTF-8 (RFC 3629). The buffer must hold a zero byte behind
 * the text, as no token holds one and so no loop runs past the end and none has to check for it; and `MARGIN` bytes
 * altogether, as text is read a word at a time. `view` shows the same buffer as `src`.
 */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const LETTER_F = 0x66;
export const LETTER_N = 0x6e;
export const LETTER_T = 0x74;
export const LETTER_U = 0x75;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

/** Flags in the low bits of what `scanString` returns. */
export const HAS_ESCAPE = 1;
export const HAS_WIDE = 2;
export const STRING_FLAGS = 3;
/** Position = result >> FLAG_BITS. */
export const FLAG_BITS = 2;

/** Bytes to leave behind a text. */
export const MARGIN = 128;

/** 1 for the bytes that may stand in a string without a closer look: printable ASCII but `"` and `\`. */
const PLAIN = new Uint8Array(256);
for (let byte = 0x20; byte < 0x80; byte++) PLAIN[byte] = byte === QUOTE || byte === BACKSLASH ? 0 : 1;

/** Position of the first byte from `at` that is no white space. */
export function skipSpace(src: Uint8Array, at: number): number {
  let i = at;
  for (;;) {
    const byte = src[i] as number;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return i;
    i++;
  }
}

/**
 * Scans a string whose opening quote stands before `at`. Returns the position behind the closing quote, shifted left by
 * `FLAG_BITS`, with `HAS_ESCAPE` and `HAS_WIDE` (bytes beyond ASCII) below; −1 where it is no valid string. Escapes of
 * a lone surrogate are refused: no Unicode text can hold them (RFC 8259 section 8.2), and readers differ.
 */
export function scanString(src: Uint8Array, view: DataView, at: number): number {
  let i = at;
  for (;;) {
    // Four bytes at once: a byte's high bit is set in `stops` where it is a quote, a backslash, a control character or
    // beyond ASCII. A borrow can only spoil bytes behind such a one, so the lowest is right.
    const four = view.getInt32(i, true);
    const stops =
      (((four ^ 0x22222222) - 0x01010101) | ((four ^ 0x5c5c5c5c) - 0x01010101) | (four - 0x20202020) | four) &
      0x80808080;
    if (stops !== 0) {
      i += (31 - Math.clz32(stops & -stops)) >> 3;
      return src[i] === QUOTE ? (i + 1) << FLAG_BITS : scanRareString(src, i);
    }
    i += 4;
  }
}

/** The rest of a string from its first byte that is not plain. */
function scanRareString(src: Uint8Array, at: number): number {
  let i = at;
  let flags = 0;
  for (;;) {
    const byte = src[i] as number;
    if (PLAIN[byte] === 1) {
      i++;
    } else if (byte === QUOTE) {
      return ((i + 1) << FLAG_BITS) | flags;
    } else if (byte === BACKSLASH) {
      flags |= HAS_ESCAPE;
      i = scanEscape(src, i + 1);
      if (i < 0) return -1;
    } else {
      flags |= HAS_WIDE;
      i = scanWide(src, i);
      if (i < 0) return -1;
    }
  }
}

/** Scans an escape whose backslash stands before `at`; the position behind it, or −1. */
function scanEscape(src: Uint8Array, at: number): number {
  switch (src[at]) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
    case 0x62:
    case LETTER_F:
    case LETTER_N:
    case 0x72:
    case LETTER_T:
      return at + 1;
    case LETTER_U:
      break;
    default:
      return -1;
  }
  const unit = hexUnit(src, at + 1);
  if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff)) return -1;
  if (unit < 0xd800 || unit > 0xdbff) return at + 5;
  if (src[at + 5] !== BACKSLASH || src[at + 6] !== LETTER_U) return -1;
  const low = hexUnit(src, at + 7);
  return low >= 0xdc00 && low <= 0xdfff ? at + 11 : -1;
}

/** Value of the four hexadecimal digits at `at`, or −1. */
function hexUnit(src: Uint8Array, at: number): number {
  let unit = 0;
  for (let i = at; i < at + 4; i++) {
    const byte = src[i] as number;
    const letter = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) unit = unit * 16 + byte - 0x30;
    else if (letter >= 0x61 && letter <= 0x66) unit = unit * 16 + letter - 0x57;
    else return -1;
  }
  return unit;
}

/** Scans one character of two to four bytes (RFC 3629 section 4); the position behind it, or −1. */
function scanWide(src: Uint8Array, at: number): number {
  const lead = src[at] as number;
  const next = src[at + 1] as number;
  if (lead < 0xc2 || lead > 0xf4 || (next & 0xc0) !== 0x80) return -1;
  if (lead < 0xe0) return at + 2;
  // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
  if (lead === 0xe0 ? next < 0xa0 : lead === 0xed && next > 0x9f) return -1;
  if (((src[at + 2] as number) & 0xc0) !== 0x80) return -1;
  if (lead < 0xf0) return at + 3;
  if (lead === 0xf0 ? next < 0x90 : lead === 0xf4 && next > 0x8f) return -1;
  return ((src[at + 3] as number) & 0xc0) === 0x80 ? at + 4 : -1;
}

/** Position of the first byte from `at` that is no digit; −1 where there is no digit at all. */
function scanDigits(src: Uint8Array, at: number): number {
  let i = at;
  while (((src[i] as number) ^ 0x30) <= 9) i++;
  return i === at ? -1 : i;
}

/** Scans a number that begins at `at`; the position behind it, or −1. */
export function scanNumber(src: Uint8Array, at: number): number {
  let i = src[at] === MINUS ? at + 1 : at;
  i = src[i] === 0x30 ? i + 1 : scanDigits(src, i);
  if (i < 0) return -1;
  if (src[i] === 0x2e) {
    i = scanDigits(src, i + 1);
    if (i < 0) return -1;
  }
  if (((src[i] as number) | 0x20) === 0x65) {
    const sign = src[i + 1];
    i = scanDigits(src, sign === 0x2b || sign === MINUS ? i + 2 : i + 1);
  }
  return i;
}

/** Scans `true`, `false` or `null` at `at`; the position behind it, or −1. */
export function scanWord(src: Uint8Array, at: number): number {
  switch (src[at]) {
    case LETTER_T:
      return src[at + 1] === 0x72 && src[at + 2] === LETTER_U && src[at + 3] === 0x65 ? at + 4 : -1;
    case LETTER_F:
      return src[at + 1] === 0x61 && src[at + 2] === 0x6c && src[at + 3] === 0x73 && src[at + 4] === 0x65 ? at + 5 : -1;
    case LETTER_N:
      return src[at + 1] === LETTER_U && src[at + 2] === 0x6c && src[at + 3] === 0x6c ? at + 4 : -1;
    default:
      return -1;
  }
}

/** Scans an object's key at `at`, its colon and the space around it; the position of the value, or −1. */
function scanKey(src: Uint8Array, view: DataView, at: number): number {
  if (src[at] !== QUOTE) return -1;
  const scanned = scanString(src, view, at + 1);
  if (scanned < 0) return -1;
  const i = skipSpace(src, scanned >> FLAG_BITS);
  return src[i] === COLON ? skipSpace(src, i + 1) : -1;
}

/**
 * Scans any value at `at`; the position behind it, or −1 where it is invalid or nests deeper than `room` containers.
 *
 * @param open scratch: one byte per open container, at least `room` long.
 */
export function scanValue(src: Uint8Array, view: DataView, at: number, room: number, open: Uint8Array): number {
  let i = at;
  let depth = 0;
  for (;;) {
    const byte = src[i] as number;
    if (byte === QUOTE) {
      const scanned = scanString(src, view, i + 1);
      if (scanned < 0) return -1;
      i = scanned >> FLAG_BITS;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (depth === room) return -1;
      i = skipSpace(src, i + 1);
      // In ASCII each closing bracket stands two behind its opening one.
      if (src[i] === byte + 2) {
        i++;
      } else {
        open[depth++] = byte;
        if (byte === OPEN_BRACE) i = scanKey(src, view, i);
        if (i < 0) return -1;
        continue;
      }
    } else {
      i = byte === MINUS || (byte ^ 0x30) <= 9 ? scanNumber(src, i) : scanWord(src, i);
      if (i < 0) return -1;
    }
    for (;;) {
      if (depth === 0) return i;
      i = skipSpace(src, i);
      const top = open[depth - 1] as number;
      if (src[i] === COMMA) {
        i = skipSpace(src, i + 1);
        if (top === OPEN_BRACE) i = scanKey(src, view, i);
        if (i < 0) return -1;
        break;
      }
      if (src[i] !== top + 2) return -1;
      depth--;
      i++;
    }
  }
}

/** IP addresses as text: strict reading, canonical writing. */

/** Four bytes of a dotted quad (RFC 3986 `IPv4address`: no leading zeros, which some read as octal); null otherwise. */
export function parseIpv4(text: string): Uint8Array | null {
  const bytes = new Uint8Array(4);
  return readQuad(text, 0, bytes, 0) ? bytes : null;
}

/** Reads a dotted quad that fills `text` from `start`, into four bytes from `to`. */
function readQuad(text: string, start: number, bytes: Uint8Array, to: number): boolean {
  let at = start;
  for (let part = 0; part < 4; part++) {
    const begin = at;
    let octet = 0;
    for (; at - begin < 3; at++) {
      const digit = text.charCodeAt(at) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      octet = octet * 10 + digit;
    }
    const length = at - begin;
    if (length === 0 || octet > 255 || (length > 1 && text.charCodeAt(begin) === 0x30)) return false;
    bytes[to + part] = octet;
    if (part < 3 && text.charCodeAt(at++) !== 0x2e) return false;
  }
  return at === text.length;
}

function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Sixteen bytes of an IPv6 address (RFC 4291 section 2.2, all three forms); null otherwise, zone ids included. */
export function parseIpv6(text: string): Uint8Array | null {
  const bytes = new Uint8Array(16);
  let filled = 0;
  /** Bytes filled when `::` was met, or −1. */
  let gap = -1;
  let at = 0;
  if (text.charCodeAt(0) === 0x3a) {
    if (text.charCodeAt(1) !== 0x3a) return null;
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    if (filled === 16) return null;
    const begin = at;
    let group = 0;
    for (; at - begin < 4; at++) {
      const digit = hexValue(text.charCodeAt(at));
      if (digit < 0) break;
      group = group * 16 + digit;
    }
    if (at === begin) return null;
    if (text.charCodeAt(at) === 0x2e) {
      if (filled > 12 || !readQuad(text, begin, bytes, filled)) return null;
      filled += 4;
      break;
    }
    bytes[filled++] = group >> 8;
    bytes[filled++] = group & 0xff;
    if (at === text.length) break;
    if (text.charCodeAt(at++) !== 0x3a) return null;
    if (text.charCodeAt(at) === 0x3a) {
      if (gap >= 0) return null;
      gap = filled;
      at++;
    } else if (at === text.length) {
      return null;
    }
  }
  if (gap < 0) return filled === 16 ? bytes : null;
  // `::` stands for at least one group.
  if (filled > 14) return null;
  bytes.copyWithin(16 - (filled - gap), gap, filled);
  bytes.fill(0, gap, 16 - (filled - gap));
  return bytes;
}

/** Whether an IPv6 address is an IPv4-mapped one (`::ffff:0:0/96`, RFC 4291 section 2.5.5.2). */
export function isIpv4Mapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

/** Keeps the first `bits` of an address and zeroes the rest, in place. */
export function zeroAfter(bytes: Uint8Array, bits: number): void {
  for (let i = 0; i < bytes.length; i++) {
    const kept = Math.min(8, Math.max(0, bits - i * 8));
    bytes[i] = (bytes[i] ?? 0) & (0xff00 >> kept);
  }
}

/** Dotted quad of four bytes. */
export function printIpv4(bytes: Uint8Array): string {
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
}

/** Sixteen bytes as RFC 5952 wants them: lower case, the first longest run of two or more zero groups as `::`. */
export function printIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
    if (end > i) i = end;
  }
  const hex = groups.map((group) => group.toString(16));
  if (start < 0) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

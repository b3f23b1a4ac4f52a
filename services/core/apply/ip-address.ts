/** IP addresses as text: strict reading, canonical writing. */

/**
 * A dotted quad that fills `text` from `start`, as a 32-bit number, its highest byte first (RFC 3986 `IPv4address`: no
 * leading zeros, which some read as octal). Null where there is none.
 */
export function parseIpv4(text: string, start = 0): number | null {
  let at = start;
  let address = 0;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(at++) !== 0x2e) return null;
    const begin = at;
    let octet = 0;
    for (; at - begin < 3; at++) {
      const digit = text.charCodeAt(at) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      octet = octet * 10 + digit;
    }
    const length = at - begin;
    if (length === 0 || octet > 255 || (length > 1 && text.charCodeAt(begin) === 0x30)) return null;
    address = (address << 8) | octet;
  }
  return at === text.length ? address : null;
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
      const quad = parseIpv4(text, begin);
      if (filled > 12 || quad === null) return null;
      for (let shift = 24; shift >= 0; shift -= 8) bytes[filled++] = quad >> shift;
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

/** The IPv4 address that an IPv4-mapped one holds (`::ffff:0:0/96`, RFC 4291 section 2.5.5.2); null for any other. */
export function mappedIpv4(bytes: Uint8Array): number | null {
  for (let i = 0; i < 12; i++) if (bytes[i] !== (i < 10 ? 0 : 0xff)) return null;
  return bytes.subarray(12).reduce((address, byte) => (address << 8) | byte, 0);
}

/** Keeps the first `bits` of an IPv4 address. */
export function cutIpv4(address: number, bits: number): number {
  return bits === 0 ? 0 : address & (-1 << (32 - bits));
}

/** Keeps the first `bits` of an IPv6 address, in place. */
export function cutIpv6(bytes: Uint8Array, bits: number): void {
  for (let i = 0; i < bytes.length; i++) {
    const kept = Math.min(8, Math.max(0, bits - i * 8));
    bytes[i] = (bytes[i] as number) & (0xff00 >> kept);
  }
}

/** An IPv4 address as a dotted quad. */
export function printIpv4(address: number): string {
  return `${address >>> 24}.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`;
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

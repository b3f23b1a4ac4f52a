import type { Transform } from './action.ts';
import { isIpv4Mapped, parseIpv4, parseIpv6, printIpv4, printIpv6, zeroAfter } from './ip-address.ts';

/**
 * Keeps the first `ipv4` or `ipv6` bits of an address and zeroes the rest. An IPv4-mapped IPv6 address is cut and
 * written as the IPv4 address it is. Null for everything that is no bare address: a zone, a port, a prefix length.
 */
export function truncateIp(text: string, ipv4: number, ipv6: number): string | null {
  const quad = parseIpv4(text);
  if (quad !== null) return cutIpv4(quad, ipv4);
  const bytes = parseIpv6(text);
  if (bytes === null) return null;
  if (isIpv4Mapped(bytes)) return cutIpv4(bytes.slice(12), ipv4);
  zeroAfter(bytes, ipv6);
  return printIpv6(bytes);
}

function cutIpv4(quad: Uint8Array, bits: number): string {
  zeroAfter(quad, bits);
  return printIpv4(quad);
}

/** Makes the transformer of a `truncate_ip` rule. */
export function makeTruncateIp(ipv4: number, ipv6: number): Transform {
  return (value) => {
    const text = value.kind === 'string' ? truncateIp(value.text, ipv4, ipv6) : null;
    return text === null ? null : { kind: 'string', text };
  };
}

import type { Transform } from './action.ts';
import { cutIpv4, cutIpv6, mappedIpv4, parseIpv4, parseIpv6, printIpv4, printIpv6 } from './ip-address.ts';

/**
 * Keeps the first `ipv4` or `ipv6` bits of an address and zeroes the rest. An IPv4-mapped IPv6 address is cut and
 * written as the IPv4 address it is. Null for everything that is no bare address: a zone, a port, a prefix length.
 */
export function truncateIp(text: string, ipv4: number, ipv6: number): string | null {
  const quad = parseIpv4(text);
  if (quad !== null) return printIpv4(cutIpv4(quad, ipv4));
  const bytes = parseIpv6(text);
  if (bytes === null) return null;
  const mapped = mappedIpv4(bytes);
  if (mapped !== null) return printIpv4(cutIpv4(mapped, ipv4));
  cutIpv6(bytes, ipv6);
  return printIpv6(bytes);
}

/** Makes the transformer of a `truncate_ip` rule. */
export function makeTruncateIp(ipv4: number, ipv6: number): Transform {
  return (value) => {
    const text = value.kind === 'string' ? truncateIp(value.text, ipv4, ipv6) : null;
    return text === null ? null : { kind: 'string', text };
  };
}

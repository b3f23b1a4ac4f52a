import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIpv4, parseIpv6, printIpv6 } from '../../../../services/core/apply/ip-address.ts';
import { makeTruncateIp, truncateIp } from '../../../../services/core/apply/truncate-ip.ts';

describe('truncateIp', () => {
  it.each([
    ['203.0.113.77', 24, 48, '203.0.113.0'],
    ['203.0.113.77', 0, 48, '0.0.0.0'],
    ['203.0.113.77', 32, 48, '203.0.113.77'],
    ['203.0.113.77', 1, 48, '128.0.0.0'],
    ['203.0.113.255', 30, 48, '203.0.113.252'],
    ['2001:DB8:1:2:3:4:5:6', 24, 48, '2001:db8:1::'],
    ['2001:db8:1:2:3:4:5:6', 24, 128, '2001:db8:1:2:3:4:5:6'],
    ['2001:db8:1:2:3:4:5:6', 24, 0, '::'],
    ['2001:db8:ffff::', 24, 45, '2001:db8:fff8::'],
    ['::1', 24, 128, '::1'],
    ['1:0:0:2:0:0:0:3', 24, 128, '1:0:0:2::3'],
    ['1:0:0:2:3:0:0:4', 24, 128, '1::2:3:0:0:4'],
    ['1:0:2:3:4:5:6:7', 24, 128, '1:0:2:3:4:5:6:7'],
    ['64:ff9b::192.0.2.33', 24, 128, '64:ff9b::c000:221'],
    ['::192.0.2.33', 24, 128, '::c000:221'],
    // IPv4-mapped, in any spelling.
    ['::ffff:192.0.2.77', 24, 48, '192.0.2.0'],
    ['::FFFF:c000:24d', 24, 48, '192.0.2.0'],
    ['0:0:0:0:0:ffff:192.0.2.77', 16, 48, '192.0.0.0'],
  ] as const)('%s with %d and %d', (text, ipv4, ipv6, cut) => {
    expect(truncateIp(text, ipv4, ipv6)).toBe(cut);
  });

  it.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4:80',
    '1.2.3.4/24',
    ' 1.2.3.4',
    '1.2.3.4\n',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '0x1.2.3.4',
    '3405803853',
    '１.2.3.4',
    'fe80::1%eth0',
    'fe80::1%25eth0',
    '[::1]',
    '[::1]:443',
    '::1/64',
    ':::',
    ':',
    '1:',
    ':1',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    '::1.2.3',
    '::1.2.3.4.5',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1.2.3.4::',
    '::ffff:1.2.3.4%lo',
    '::ffff:01.2.3.4',
  ])('refuses %j', (text) => {
    expect(truncateIp(text, 24, 48)).toBeNull();
  });

  it('takes text alone', () => {
    const truncate = makeTruncateIp(24, 48);
    expect(truncate({ kind: 'number', text: '3405803853' })).toBeNull();
    expect(truncate({ kind: 'string', text: '1.2.3.4' })).toEqual({ kind: 'string', text: '1.2.3.0' });
  });
});

describe('reading and writing, held against the platform', () => {
  const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  });

  it('prints as RFC 5952 wants it, which is how URLs print hosts', () => {
    fc.assert(
      fc.property(groups, (address) => {
        const text = address.map((group) => group.toString(16)).join(':');
        const bytes = parseIpv6(text);
        expect(bytes).not.toBeNull();
        expect(`[${printIpv6(bytes as Uint8Array)}]`).toBe(new URL(`http://[${text}]/`).hostname);
      }),
    );
  });

  it('accepts what node:net accepts, zones aside', () => {
    const part = fc.oneof(
      fc.constantFrom(':', '::', '.', '0', 'ffff', '1.2.3.4', 'g', '00001', '255', '256', '01', '%'),
      fc.integer({ min: 0, max: 0xffff }).map((group) => group.toString(16)),
    );
    const soup = fc.array(part, { maxLength: 17 }).map((parts) => parts.join(''));
    const near = fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(40), fc.constantFrom('', ':', '.', '0', '1', '::'));
    const spoiled = near.map(([text, at, more]) => text.slice(0, at) + more + text.slice(at + 1));
    fc.assert(
      fc.property(fc.oneof(soup, spoiled, fc.ipV4(), fc.ipV6()), (text) => {
        expect(parseIpv4(text) !== null).toBe(isIPv4(text));
        expect(parseIpv6(text) !== null).toBe(isIPv6(text) && !text.includes('%'));
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps exactly the first bits', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(32), groups, fc.nat(128), (quad, ipv4, address, ipv6) => {
        const bits = (text: string): string => ((parseIpv4(text) as number) >>> 0).toString(2).padStart(32, '0');
        const cut = bits(truncateIp(quad, ipv4, 0) as string);
        expect(cut).toBe(bits(quad).slice(0, ipv4).padEnd(32, '0'));

        // A first group of its own keeps it from being IPv4-mapped.
        const text = ['2001', ...address.slice(1).map((group) => group.toString(16))].join(':');
        const long = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(2).padStart(8, '0')).join('');
        const kept = long(parseIpv6(truncateIp(text, 0, ipv6) as string) as Uint8Array);
        expect(kept).toBe(
          long(parseIpv6(text) as Uint8Array)
            .slice(0, ipv6)
            .padEnd(128, '0'),
        );
      }),
    );
  });
});

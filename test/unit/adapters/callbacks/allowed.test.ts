import { describe, expect, it } from 'vitest';
import {
  checkCallbackUrl,
  isAllowedAddress,
  parseCallbackHosts,
} from '../../../../services/adapters/callbacks/allowed.ts';

const HOSTS = parseCallbackHosts([
  'hooks.example.com',
  'hooks.example.com:8443',
  '127.0.0.1:9000',
  '10.1.2.3',
  '[::1]:9000',
]);
const NAMES = parseCallbackHosts(['hooks.example.com']);

describe('a callback URL', () => {
  it.each([
    ['https://hooks.example.com/a?token=1', 'https://hooks.example.com/a?token=1'],
    ['https://HOOKS.example.com:443', 'https://hooks.example.com/'],
    ['https://hooks.ex%61mple.com/', 'https://hooks.example.com/'],
    ['https://hooks.example.com:8443/', 'https://hooks.example.com:8443/'],
    ['https://10.1.2.3/', 'https://10.1.2.3/'],
    ['http://127.0.0.1:9000/', 'http://127.0.0.1:9000/'],
    ['http://2130706433:9000/', 'http://127.0.0.1:9000/'],
    ['http://[::1]:9000/', 'http://[::1]:9000/'],
  ])('%s may be called', (text, url) => {
    expect(checkCallbackUrl(text, HOSTS)).toEqual({ ok: true, url });
  });

  it.each([
    ['http://hooks.example.com/', 'https'],
    ['http://hooks.example.com:443/', 'https'],
    ['http://10.1.2.3:443/', 'https'],
    ['ftp://hooks.example.com/', 'https'],
    ['javascript:alert(1)', 'https'],
    ['file:///etc/passwd', 'https'],
    ['https://other.example.com/', 'LETHE_CALLBACK_HOSTS'],
    ['https://hooks.example.com.evil.example/', 'LETHE_CALLBACK_HOSTS'],
    ['https://hooks.example.com./', 'LETHE_CALLBACK_HOSTS'],
    ['https://hooks.example.com:22/', 'LETHE_CALLBACK_HOSTS'],
    ['http://127.0.0.1/', 'LETHE_CALLBACK_HOSTS'],
    ['https://127.0.0.1/', 'LETHE_CALLBACK_HOSTS'],
    ['http://127.0.0.1:6379/', 'LETHE_CALLBACK_HOSTS'],
    ['https://[::ffff:10.1.2.3]/', 'LETHE_CALLBACK_HOSTS'],
    ['https://169.254.169.254/', 'LETHE_CALLBACK_HOSTS'],
    ['https://user:secret@hooks.example.com/', 'password'],
    ['https://user@hooks.example.com/', 'user'],
    ['https://other.example.com\\@hooks.example.com/', 'LETHE_CALLBACK_HOSTS'],
    ['https://hooks.example.com/#a', 'fragment'],
    ['https://hooks.example.com/#', 'fragment'],
    ['/relative', 'URL'],
    ['', 'URL'],
    [`https://hooks.example.com/${'a'.repeat(2048)}`, '2048'],
  ])('%s may not', (text, problem) => {
    const checked = checkCallbackUrl(text, HOSTS);
    expect(checked).toEqual({ ok: false, problem: expect.stringContaining(problem) });
    expect(JSON.stringify(checked)).not.toMatch(/example|secret/);
  });

  it('may be none at all without the setting', () => {
    expect(checkCallbackUrl('https://hooks.example.com/', new Set())).toEqual({
      ok: false,
      problem: expect.stringContaining('LETHE_CALLBACK_HOSTS'),
    });
  });

  it('may not be of a link-local address, whatever the setting names', () => {
    const hosts = parseCallbackHosts(['169.254.169.254', '[fe80::1]', '0.0.0.0', '[::]', '[::ffff:169.254.169.254]']);
    for (const host of hosts) expect(checkCallbackUrl(`https://${host}/`, hosts).ok, host).toBe(false);
  });
});

describe('an address', () => {
  it.each(['8.8.8.8', '203.0.112.1', '2606:4700::1111', '::ffff:8.8.8.8'])('%s may be connected to', (address) => {
    expect(isAllowedAddress(address, '443', NAMES)).toBe(true);
  });

  it.each([
    ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ...['169.254.169.254', '169.254.170.2', '100.64.0.1', '100.100.100.200', '192.0.0.192', '198.18.0.1'],
    ...['224.0.0.1', '240.0.0.1', '255.255.255.255', '192.0.2.1', '203.0.113.1', '192.88.99.1'],
    ...['::1', '::', 'fe80::1', 'fc00::1', 'fd00:ec2::254', 'fec0::1', 'ff02::1', '2001:db8::1', '100::1'],
    ...['::ffff:127.0.0.1', '::ffff:a9fe:a9fe', '::ffff:10.0.0.1', '::7f00:1', '::10.0.0.1', '64:ff9b::a9fe:a9fe'],
    ...['64:ff9b:1::a00:1', '2002:7f00:1::', '2001::1', '4000::1', 'hooks.example.com', ''],
  ])('%s may not', (address) => {
    expect(isAllowedAddress(address, '443', NAMES)).toBe(false);
  });

  it('that is private or loopback may be, where the setting names it as an address, with that port', () => {
    expect(isAllowedAddress('10.1.2.3', '443', HOSTS)).toBe(true);
    expect(isAllowedAddress('::ffff:10.1.2.3', '443', HOSTS)).toBe(true);
    expect(isAllowedAddress('127.0.0.1', '9000', HOSTS)).toBe(true);
    expect(isAllowedAddress('0:0:0:0:0:0:0:1', '9000', HOSTS)).toBe(true);
    expect(isAllowedAddress('10.1.2.4', '443', HOSTS)).toBe(false);
    expect(isAllowedAddress('127.0.0.2', '9000', HOSTS)).toBe(false);
    // hooks.example.com:443 that resolves to it: the setting names it for another receiver.
    expect(isAllowedAddress('127.0.0.1', '443', HOSTS)).toBe(false);
    expect(isAllowedAddress('10.1.2.3', '8443', HOSTS)).toBe(false);
  });
});

it.each(['https://a', 'a/b', 'u@a', 'a?b', 'a#b', 'a b', '', 'a:99999', '256.1.1.1', '*.example.com/'])(
  'the entry "%s" is refused',
  (entry) => {
    expect(() => parseCallbackHosts([entry])).toThrow('LETHE_CALLBACK_HOSTS');
  },
);

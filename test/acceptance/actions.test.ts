/** DESIGN section 4, the table of actions, and section 12, "Applying": each action on each kind of value. */
import { beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, type Replayed, replayed } from './replayed.ts';

const TAXONOMY = 'categories:\n  system: {}\n  user: {}\n';
const PURPOSES = `
purposes:
  ops: { basis: { default: contract }, retention: { default: P36500D } }
  other: { basis: { default: contract }, retention: { default: P36500D } }
`;

/** Field → its rule. */
const RULES: Record<string, string> = {
  keep: 'action: keep',
  drop: 'action: drop',
  nullify: 'action: nullify',
  redact: 'action: redact',
  redact_x: 'action: redact, with: "x\\"y"',
  redact_0: 'action: redact, with: 0',
  redact_f: 'action: redact, with: false',
  email: 'action: mask, mask: email',
  phone: 'action: mask, mask: phone',
  card: 'action: mask, mask: card',
  ends: 'action: mask, mask: { first: 2, last: 2 }',
  ends_char: 'action: mask, mask: { first: 1, last: 1, char: "#" }',
  first: 'action: mask, mask: { first: 2 }',
  last: 'action: mask, mask: { last: 2 }',
  pseudonym: 'action: pseudonymize',
  ip: 'action: truncate_ip, ipv4: 24, ipv6: 48',
  ip_all: 'action: truncate_ip, ipv4: 32, ipv6: 128',
  ip_none: 'action: truncate_ip, ipv4: 0, ipv6: 0',
  ip_odd: 'action: truncate_ip, ipv4: 20, ipv6: 45',
  year: 'action: generalize, to: year',
  month: 'action: generalize, to: month',
  day: 'action: generalize, to: day',
  hour: 'action: generalize, to: hour',
  step: 'action: generalize, step: 10',
  step_small: 'action: generalize, step: 0.1',
  decimals: 'action: generalize, decimals: 1',
  decimals_0: 'action: generalize, decimals: 0',
  bands: 'action: generalize, bands: [18, 25, 65]',
};

const FAILS = Symbol('action_failed with the path');
const ABSENT = Symbol('absent');

/** Field, raw JSON, what is left of it: JSON to compare by value, or a text to compare by letter. */
const CASES: [string, string, unknown][] = [
  ['keep', '"canary"', 'canary'],
  ['keep', 'null', null],
  ['drop', '"hiddenvalue"', ABSENT],
  ['drop', 'null', ABSENT],
  ['nullify', '"hiddenvalue"', null],
  ['nullify', '5', null],
  ['nullify', 'null', null],
  ['redact', '"hiddenvalue"', '[redacted]'],
  ['redact', '5', '[redacted]'],
  ['redact', 'true', '[redacted]'],
  ['redact', '""', '[redacted]'],
  ['redact', 'null', null],
  ['redact_x', '"hiddenvalue"', 'x"y'],
  ['redact_0', '"hiddenvalue"', 0],
  ['redact_f', '"hiddenvalue"', false],

  ['email', '"joe@canary.example.com"', 'j***@canary.example.com'],
  ['email', '"j@canary.example.com"', '***@canary.example.com'],
  ['email', '"😀x@example.com"', '😀***@example.com'],
  ['email', '"😀@example.com"', '***@example.com'],
  ['email', String.raw`"\ud83d\ude00hiddenvalue@example.com"`, '😀***@example.com'],
  ['email', String.raw`"\u006aoe\u0040EXAMPLE.com"`, 'j***@EXAMPLE.com'],
  ['email', '"hiddenvalue@part@example.com"', 'h***@example.com'],
  ['email', '"hiddenvalue"', FAILS],
  ['email', '""', FAILS],
  ['email', '5', FAILS],
  ['email', 'true', FAILS],
  ['email', '{"x":"hiddenvalue@example.com"}', FAILS],
  ['email', '["hiddenvalue@example.com"]', FAILS],
  ['email', 'null', null],

  ['phone', '"+49 170 1234567"', '+** *** ***4567'],
  ['phone', '"(555) 010-9999 x12"', '(***) ***-**99 x12'],
  ['phone', '"1234"', '1234'],
  ['phone', '"12345"', '*2345'],
  ['phone', '"no digits"', 'no digits'],
  ['phone', '15550109999', FAILS],
  ['phone', 'null', null],
  ['card', '"4111 1111 1111 1234"', '**** **** **** 1234'],
  ['card', '"4111-1111-1111-1234"', '****-****-****-1234'],
  ['card', '4111111111111234', FAILS],
  ['card', 'false', FAILS],

  ['ends', '"abcdef"', 'ab**ef'],
  ['ends', '"abcde"', 'ab*de'],
  ['ends', '"abcd"', '****'],
  ['ends', '"a"', '*'],
  ['ends', '""', ''],
  ['ends', '"😀😁😂😃😄"', '😀😁*😃😄'],
  ['ends', '"😀😁😂😃"', '****'],
  ['ends', '123456', FAILS],
  ['ends', 'true', FAILS],
  ['ends', 'null', null],
  ['ends_char', '"abcd"', 'a##d'],
  ['ends_char', '"ab"', '##'],
  ['first', '"abcd"', 'ab**'],
  ['first', '"ab"', '**'],
  ['last', '"abcd"', '**cd'],

  ['ip', '"192.0.2.55"', '192.0.2.0'],
  ['ip', '"255.255.255.255"', '255.255.255.0'],
  ['ip', '"2001:db8:1:2:3:4:5:6"', '2001:db8:1::'],
  ['ip', '"2001:DB8:0:0:1::1"', '2001:db8::'],
  ['ip', '"::1"', '::'],
  ['ip', '"::ffff:192.0.2.55"', '192.0.2.0'],
  ['ip', '"::FFFF:c000:0237"', '192.0.2.0'],
  ['ip', '"0:0:0:0:0:ffff:192.0.2.55"', '192.0.2.0'],
  ['ip', '"fe80::1%eth0"', FAILS],
  ['ip', '"192.0.2.55:443"', FAILS],
  ['ip', '"[2001:db8::1]:443"', FAILS],
  ['ip', '"[2001:db8::1]"', FAILS],
  ['ip', '"192.0.2"', FAILS],
  ['ip', '"192.0.2.256"', FAILS],
  ['ip', '"192.0.2.055"', FAILS],
  ['ip', '"192.0.2.55/24"', FAILS],
  ['ip', '" 192.0.2.55"', FAILS],
  ['ip', '"1::2::3"', FAILS],
  ['ip', '"1:2:3:4:5:6:7:8:9"', FAILS],
  ['ip', '"12345::"', FAILS],
  ['ip', '"hiddenvalue"', FAILS],
  ['ip', '""', FAILS],
  ['ip', '3221225985', FAILS],
  ['ip', 'null', null],
  // RFC 5952
  ['ip_all', '"192.0.2.55"', '192.0.2.55'],
  ['ip_all', '"2001:0DB8:0000:0000:0001:0000:0000:0001"', '2001:db8::1:0:0:1'],
  ['ip_all', '"2001:db8:0:1:1:1:1:1"', '2001:db8:0:1:1:1:1:1'],
  ['ip_all', '"2001:0:0:1:0:0:0:1"', '2001:0:0:1::1'],
  ['ip_all', '"::"', '::'],
  ['ip_all', '"2001:db8::0001"', '2001:db8::1'],
  ['ip_none', '"192.0.2.55"', '0.0.0.0'],
  ['ip_none', '"2001:db8::1"', '::'],
  ['ip_odd', '"10.11.255.1"', '10.11.240.0'],
  ['ip_odd', '"2001:db8:ffff::"', '2001:db8:fff8::'],

  ['year', '"1984-05-17"', '1984'],
  ['year', '"1984-05-17T10:20:30Z"', '1984'],
  ['year', '"1984-01-01T00:30:00+02:00"', '1983'],
  ['year', '"1983-12-31T23:30:00-02:00"', '1984'],
  ['year', '0', '1970'],
  ['year', '-1', '1969'],
  ['year', '453600000000', '1984'],
  ['year', '"1984-02-30"', FAILS],
  ['year', '"1984-13-01"', FAILS],
  ['year', '"hiddenvalue"', FAILS],
  ['year', '"453600000000"', FAILS],
  ['year', '1.5', FAILS],
  ['year', 'true', FAILS],
  ['year', '""', FAILS],
  ['year', 'null', null],
  ['month', '"1984-05-17"', '1984-05'],
  ['month', '"1984-06-01T00:30:00+02:00"', '1984-05'],
  ['month', '0', '1970-01'],
  ['day', '"1984-05-17T23:30:00-02:00"', '1984-05-18'],
  ['day', '"1984-05-17"', '1984-05-17'],
  ['day', '0', '1970-01-01'],
  ['hour', '"1984-05-17T10:59:59.999+05:30"', '1984-05-17T05'],
  ['hour', '7199999', '1970-01-01T01'],

  ['step', '47', 40],
  ['step', '40', 40],
  ['step', '-1', -10],
  ['step', '47.9', 40],
  ['step', '9007199254740993', '9007199254740990'],
  ['step', '"47"', FAILS],
  ['step', 'true', FAILS],
  ['step', 'null', null],
  ['step_small', '0.3', 0.3],
  ['step_small', '0.39', 0.3],
  ['step_small', '-0.31', -0.4],
  ['decimals', '12.39', 12.3],
  ['decimals', '-12.39', -12.3],
  ['decimals', '12', 12],
  ['decimals', '0.29', 0.2],
  ['decimals', '1.15e1', 11.5],
  ['decimals', '5e-10', 0],
  ['decimals', '"12.39"', FAILS],
  ['decimals_0', '12.99', 12],
  ['decimals_0', '-12.99', -12],
  ['bands', '17', '<18'],
  ['bands', '17.999', '<18'],
  ['bands', '-3', '<18'],
  ['bands', '18', '18-25'],
  ['bands', '24.999', '18-25'],
  ['bands', '25', '25-65'],
  ['bands', '65', '65+'],
  ['bands', '1e9', '65+'],
  ['bands', '"30"', FAILS],
  ['bands', 'false', FAILS],
  ['bands', 'null', null],

  ['pseudonym', 'null', null],
  ['pseudonym', '{"x":"hiddenvalue"}', FAILS],
];

const PSEUDONYM = /^[A-Za-z0-9_-]{43}$/;

const POLICY = `
route: acts
from: { topic: raw.acts, format: json }
subject: id
fields:
  id: user
  same: user
  third: user
${Object.keys(RULES)
  .map((field) => `  ${field}: user\n  "in[].${field}": user`)
  .join('\n')}
outputs:
  - topic: clean
    purpose: ops
    rules:
${Object.entries(RULES)
  .map(([field, rule]) => `      - { select: ${field}, ${rule} }\n      - { select: "in[].${field}", ${rule} }`)
  .join('\n')}
  - topic: joined
    purpose: ops
    rules:
      - { select: id, action: pseudonymize }
      - { select: same, action: pseudonymize }
      - { select: third, action: pseudonymize, domain: other }
  - topic: elsewhere
    purpose: other
    rules:
      - { select: id, action: pseudonymize }
      - { select: third, action: pseudonymize, domain: other }
`;

const JOINS = [
  '{"id":"canary-1","same":"canary-1","third":"canary-1"}',
  '{"id":"canary-2","same":"canary-1"}',
  '{"id":42,"same":"42","third":42}',
  String.raw`{"id":"canary-é","same":"canary-\u00e9"}`,
  '{"id":"canary-1","same":"canary-1 "}',
  '{"id":"canary-e\u0301"}',
];

describe('actions', () => {
  let run: Replayed;
  beforeAll(async () => {
    run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { acts: POLICY } },
      lines: [
        ...CASES.map(([field, raw]) => `{"id":"canary","${field}":${raw}}`),
        ...CASES.map(([field, raw]) => `{"id":"canary","in":[{"${field}":${raw}}]}`),
        ...JOINS,
        '{"id":"canary"}',
      ],
    });
  });

  it.each(CASES.map((one, line) => [...one, line] as const))('%s of %s', (field, _, expected, line) => {
    const outcome = outcomeOf(run.fate(line), 'clean');
    const inArray = outcomeOf(run.fate(line + CASES.length), 'clean');
    if (expected === FAILS) {
      expect(outcome).toBe(`action_failed ${field}`);
      expect(inArray).toBe(`action_failed in[].${field}`);
    } else if (expected === ABSENT) {
      expect([outcome, inArray]).toEqual(['{}', '{}']);
    } else if (typeof expected === 'string' && /^\d{16,}$/.test(expected)) {
      expect([outcome, inArray]).toEqual([`{"${field}":${expected}}`, `{"in":[{"${field}":${expected}}]}`]);
    } else {
      expect(JSON.parse(outcome)).toEqual({ [field]: expected });
      expect(JSON.parse(inArray)).toEqual({ in: [{ [field]: expected }] });
    }
  });

  it('absent values stay absent', () => {
    expect(outcomeOf(run.fate(2 * CASES.length + JOINS.length), 'clean')).toBe('{}');
  });

  const joined = (line: number, topic = 'joined') => {
    const published = run.fate(2 * CASES.length + line).published[topic];
    if (published === undefined) throw new Error(`line ${line} is not in ${topic}`);
    return { key: published.key, ...(published.value as { id: string; same?: string; third?: string }) };
  };

  it('pseudonyms are HMAC-SHA-256 in base64url, and the record key is the one of the subject', () => {
    for (const [line] of JOINS.entries()) {
      const { key, id } = joined(line);
      expect(id).toMatch(PSEUDONYM);
      expect(key).toBe(id);
    }
  });

  it('pseudonyms join by value within a domain: another field, another record, an integer and its text, an escape', () => {
    expect(joined(0).same).toBe(joined(0).id);
    expect(joined(1).same).toBe(joined(0).id);
    expect(joined(2).same).toBe(joined(2).id);
    expect(joined(3).same).toBe(joined(3).id);
  });

  it('pseudonyms of other values differ: no trimming, no normalisation', () => {
    expect(joined(4).same).not.toBe(joined(4).id);
    expect(joined(5).id).not.toBe(joined(3).id);
  });

  it('pseudonyms of another domain are unlinkable, and a domain named is the same for every purpose', () => {
    expect(joined(0).third).toMatch(PSEUDONYM);
    expect(joined(0).third).not.toBe(joined(0).id);
    const elsewhere = joined(0, 'elsewhere');
    expect(elsewhere.id).not.toBe(joined(0).id);
    expect(elsewhere.key).toBe(elsewhere.id);
    expect(elsewhere.third).toBe(joined(0).third);
    expect(elsewhere.third).toBe(elsewhere.id);
  });
});

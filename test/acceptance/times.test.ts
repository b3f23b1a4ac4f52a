/** DESIGN sections 4 and 12: event time, and what retention makes of it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { NOW, outcomeOf, type Replayed, replayed } from './replayed.ts';

const TAXONOMY = `
categories:
  system: {}
  user: {}
  user.location: {}
  user.location.precise: {}
  user.location.precise.gps: {}
  user.device: {}
`;
const PURPOSES = `
purposes:
  ops: { basis: { default: contract }, retention: { default: P36500D } }
  short:
    basis: { default: contract }
    retention: { default: P30D, user.location: P10D, user.location.precise: PT12H, user.device: P365D }
  ask: { basis: { default: consent }, retention: { default: P30D } }
`;
const FIELDS = `
  e: system
  country: user.location
  point: user.location.precise
  gps: user.location.precise.gps
  device: user.device
`;
const OUTPUTS = `
outputs:
  - topic: clean
    purpose: ops
    rules: [{ select: e, action: keep }]
  - topic: short
    purpose: short
    rules: [{ select: system, action: keep }, { select: user, action: keep }]
  - topic: short.strip
    purpose: short
    unconsented: strip
    rules: [{ select: system, action: keep }, { select: user, action: keep }]
  - topic: precise
    purpose: short
    rules: [{ select: user.location.precise, action: keep }]
  - topic: ask
    purpose: ask
    rules: [{ select: system, action: keep }]
  - topic: ask.strip
    purpose: ask
    unconsented: strip
    rules: [{ select: system, action: keep }]
`;
const policy = (time: string, fields = FIELDS) => `
route: times
from: { topic: raw.times, format: json }
subject: id
${time}
fields:${fields}${OUTPUTS}
`;

const now = Date.parse(NOW);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Members of the record, and whether the time is good. */
const TIMES: [string, boolean][] = [
  [`"at":${now}`, true],
  ['"at":0', true],
  ['"at":-1', true],
  [`"at":${now + DAY}`, true],
  [`"at":${now + DAY + 1}`, false],
  ['"at":"2026-02-28T23:00:00Z"', true],
  ['"at":"2026-02-28T23:00:00.123Z"', true],
  ['"at":"2026-02-28T23:00:00.123456789Z"', true],
  ['"at":"2026-02-28T23:00:00+05:30"', true],
  ['"at":"2026-02-28T23:00:00-00:00"', true],
  ['"at":"2026-03-02T00:00:00Z"', true],
  ['"at":"2026-03-02T01:00:00+01:00"', true],
  ['"at":"2026-03-02T00:00:00.001Z"', false],
  ['"at":"2026-03-02T00:00:00-00:01"', false],
  ['"at":"9999-12-31T23:59:59Z"', false],
  [String.raw`"at":"2026-02-28\u005423:00:00Z"`, true],
  ['"at":"2026-02-28T23:00:00"', false],
  ['"at":"2026-02-28"', false],
  ['"at":"2026-02-28T23:00Z"', false],
  ['"at":"2026-02-30T00:00:00Z"', false],
  ['"at":"2026-13-01T00:00:00Z"', false],
  ['"at":"2026-02-28T25:00:00Z"', false],
  ['"at":"2026-02-28T23:60:00Z"', false],
  ['"at":"2025-02-29T00:00:00Z"', false],
  ['"at":"2026-02-28T23:00:00+24:00"', false],
  ['"at":"2026-02-28T23:00:00+0100"', false],
  ['"at":"2026-02-28T23:00:00Z "', false],
  ['"at":"Sat, 28 Feb 2026 23:00:00 GMT"', false],
  [`"at":"${now}"`, false],
  ['"at":"0"', false],
  ['"at":""', false],
  ['"at":"hiddenvalue"', false],
  ['"at":1772236800000.5', false],
  ['"at":1e400', false],
  ['"at":99999999999999999999', false],
  ['"at":true', false],
  ['"at":null', false],
  ['"e2":1', false],
  ['"at":{"x":"hiddenvalue"}', false],
  ['"at":["2026-02-28T23:00:00Z"]', false],
];

/** Age, and what the output `short` holds of a record with every field. */
const ALL = '{"e":1,"country":"canary","point":2,"gps":3,"device":4}';
const AGES: [string, number, string][] = [
  ['of the future', -DAY, ALL],
  ['new', 0, ALL],
  ['as old as precise location may be', 12 * HOUR, ALL],
  ['older than precise location may be', 12 * HOUR + 1, '{"e":1,"country":"canary","device":4}'],
  ['as old as location may be', 10 * DAY, '{"e":1,"country":"canary","device":4}'],
  ['older than location may be', 10 * DAY + 1, '{"e":1,"device":4}'],
  ['as old as a record may be', 30 * DAY, '{"e":1,"device":4}'],
  ['older than a record may be, whatever a category allows', 30 * DAY + 1, 'withheld retention_expired'],
];

describe('event times', () => {
  let run: Replayed;
  const line = (members: string) => `{"id":"canary-1","e":1,${members}}`;
  beforeAll(async () => {
    const aged = AGES.map(([, age]) => line(`"at":${now - age},"country":"canary","point":2,"gps":3,"device":4`));
    run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { times: policy('time: at') } },
      lines: [...TIMES.map(([members]) => line(members)), ...aged],
    });
  });

  it.each(TIMES.map((one, i) => [...one, i] as const))('%s: %s', (_, good, i) => {
    expect(outcomeOf(run.fate(i), 'clean').split(' ')[0]).toBe(good ? '{"e":1}' : 'time_invalid');
  });

  it.each(AGES.map((one, i) => [...one, i] as const))('retention: %s', (_, _age, expected, i) => {
    expect(outcomeOf(run.fate(TIMES.length + i), 'short')).toBe(expected);
  });

  it('retention: what is too old is never stripped, and what is young enough is not stripped without need', () => {
    for (const [i, [, , expected]] of AGES.entries()) {
      expect(outcomeOf(run.fate(TIMES.length + i), 'short.strip')).toBe(expected);
    }
  });

  it('retention is the reason where it leaves nothing', () => {
    expect(outcomeOf(run.fate(TIMES.length + 2), 'precise')).toBe('{"point":2,"gps":3}');
    expect(outcomeOf(run.fate(TIMES.length + 3), 'precise')).toBe('withheld retention_expired');
  });

  it('consent comes before retention among reasons, but nothing too old is stripped', () => {
    const old = run.fate(TIMES.length + AGES.length - 1);
    expect(outcomeOf(old, 'ask')).toBe('withheld consent_missing');
    expect(outcomeOf(old, 'ask.strip')).toBe('withheld retention_expired');
    expect(outcomeOf(run.fate(TIMES.length + 1), 'ask.strip')).toBe('{"e":1}');
  });
});

describe('event times that are declared, not declared, or not named', () => {
  it('no time in the policy is the Kafka timestamp: a record of a replay is of now', async () => {
    const run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { times: policy('') } },
      lines: ['{"id":"1","e":1,"at":"hiddenvalue"}', '{"id":"1","e":1}'],
    });
    expect([0, 1].map((i) => outcomeOf(run.fate(i), 'short'))).toEqual(['{"e":1}', '{"e":1}']);
  });

  it('a time that is declared is copied to the letter, and one in a branch is found there', async () => {
    const fields = `${FIELDS}  meta.at: system\n`;
    const run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { times: policy('time: meta.at', fields) } },
      lines: [
        String.raw`{"id":"1","meta":{"at":"2026-02-28\u005423:00:00Z"}}`,
        '{"id":"1","meta":"2026-02-28T23:00:00Z"}',
        '{"id":"1","meta":null}',
        '{"id":"1","meta":{"at":null}}',
        '{"id":"1"}',
        '{"meta":{"at":"hiddenvalue"}}',
        '{"id":"1","meta":{"at":"2026-02-28T23:00:00Z","at":"2026-02-28T23:00:00Z"}}',
      ],
    });
    expect([0, 1, 2, 3, 4, 5, 6].map((i) => outcomeOf(run.fate(i), 'short').split(' ')[0])).toEqual([
      String.raw`{"meta":{"at":"2026-02-28\u005423:00:00Z"}}`,
      'time_invalid',
      'time_invalid',
      'time_invalid',
      'time_invalid',
      'subject_missing', // the subject is checked before the time
      'undecodable',
    ]);
  });
});

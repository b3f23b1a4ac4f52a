/** `lethe tap` where no server is: help, flags that cannot be, a broker and a Redis that are not there. */
import { expect, it } from 'vitest';
import { lethe } from './command.ts';

const NOWHERE = { KAFKA_BROKERS: '127.0.0.1:1', REDIS_URL: 'redis://127.0.0.1:1' };
const TOPIC = ['--topic', 'raw.orders'];

it.each<[string, string[], Record<string, string>, number, RegExp]>([
  ['no broker', TOPIC, NOWHERE, 69, /127\.0\.0\.1:1/],
  ['no Redis to look a route up in', ['--route', 'orders'], NOWHERE, 69, /Redis/],
  ['no settings', ['--route', 'orders'], {}, 78, /KAFKA_BROKERS[\s\S]*REDIS_URL/],
  ['a route and a topic', [...TOPIC, '--route', 'orders'], NOWHERE, 64, /cannot be used with/],
  ['an unknown reason', [...TOPIC, '--reason', 'whim'], NOWHERE, 64, /Allowed choices are erased, /],
  ['a sample of nothing', [...TOPIC, '--sample', '0'], NOWHERE, 64, /whole number from 1/],
  ['a dead letter of an output', [...TOPIC, '--output', 'x', '--outcome', 'dead_lettered'], NOWHERE, 64, /--output: /],
  ['a code and another outcome', [...TOPIC, '--reason', 'too_large', '--outcome', 'withheld'], NOWHERE, 64, /--reason/],
  ['a reason of no dead letter', [...TOPIC, '--reason', 'erased', '--outcome', 'dead_lettered'], NOWHERE, 64, /--reas/],
  ['values of what was withheld', [...TOPIC, '--values', '--outcome', 'withheld'], NOWHERE, 64, /only what was publ/],
])('%s', async (_, flags, env, exitCode, told) => {
  const started = Date.now();
  const { code, stdout, stderr } = await lethe(['tap', ...flags], { env });
  expect([code, stdout]).toEqual([exitCode, '']);
  expect(stderr).toMatch(told);
  expect(stderr).not.toMatch(/bug in Lethe|at .*\.ts:/);
  expect(Date.now() - started).toBeLessThan(20_000);
});

it('says in its help what is shown, and what never is', async () => {
  const { code, stdout } = await lethe(['tap', '--help']);
  expect(code).toBe(0);
  for (const word of ['--sample N', 'left', 'A raw value is never read', 'Ctrl-C', 'version 1', 'consent_missing']) {
    expect(stdout).toContain(word);
  }
});

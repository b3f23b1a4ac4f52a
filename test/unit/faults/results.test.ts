import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../faults/fault.ts';
import { writeResults } from '../../faults/results.ts';
import type { Outcome } from '../../faults/run-fault.ts';
import { seeded } from '../../faults/random.ts';
import { FAULTS } from '../../faults/table.ts';

const dir = mkdtempSync(join(tmpdir(), 'lethe-results-'));
const file = join(dir, 'README.md');
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeEach(() => {
  writeFileSync(file, 'before\n<!-- results: written by npm run test:faults -->\n<!-- end of results -->\nafter\n');
});

const fault = (name: string): Fault => ({
  name,
  what: `what of ${name}`,
  expected: 'goes on',
  happen: async () => undefined,
});
const outcome = (name: string, more: Partial<Outcome> = {}): Outcome => ({
  ...{
    fault: name,
    seed: 1,
    breaches: [],
    error: null,
    progressSeconds: 1.2,
    records: 9,
    notes: [],
    load: 3,
    seconds: 4,
  },
  ...more,
});
const rows = (): string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));

describe('the table of results', () => {
  it('has a row for each fault, run or not, and leaves the rest of the page alone', () => {
    writeResults([fault('one'), fault('two')], [outcome('two')], file);
    expect(rows()).toEqual([
      '| `one` | what of one | goes on | not run |  |  |',
      '| `two` | what of two | goes on | all held | ≤ 2 s | 1 |',
    ]);
    expect(readFileSync(file, 'utf8')).toMatch(/^before\n[^]*\nafter\n$/);
  });

  it('keeps what an earlier run found of faults that were not run now, and forgets faults that are no more', () => {
    writeResults([fault('one'), fault('two')], [outcome('one'), outcome('two')], file);
    const before = readFileSync(file, 'utf8');
    writeResults([fault('one'), fault('two')], [outcome('one', { load: 20, seconds: 9, progressSeconds: 0.3 })], file);
    expect(readFileSync(file, 'utf8')).toBe(before);
    writeResults([fault('two')], [], file);
    expect(rows()).toHaveLength(1);
  });

  it('says what is broken', () => {
    const breaches = [
      { invariant: 'order', what: 'x' },
      { invariant: 'order', what: 'y' },
    ] as const;
    writeResults([fault('one'), fault('two')], [outcome('one', { breaches }), outcome('two', { error: 'no' })], file);
    expect(rows()[0]).toContain('BROKEN: order; held: once, no canary, progress, no hanging transaction, consent');
    expect(rows()[1]).toContain('not checked: it failed');
  });
});

it('every fault has a name of its own that fits topics and groups, and says what happens', () => {
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
  expect(FAULTS.filter(({ name }) => !/^[a-z0-9-]{3,40}$/.test(name))).toEqual([]);
  // A bar would end a cell of the table.
  expect(
    FAULTS.filter(({ what, expected }) => what === '' || expected === '' || /[|\n]/.test(what + expected)),
  ).toEqual([]);
});

it('a seed gives the same course again; another seed, or another fault, another course', () => {
  const course = (seed: number, name: string): number[] => {
    const random = seeded(seed, name);
    return Array.from({ length: 20 }, () => random.between(0, 1_000));
  };
  expect(course(1, 'zombie')).toEqual(course(1, 'zombie'));
  expect(course(1, 'zombie')).not.toEqual(course(2, 'zombie'));
  expect(course(1, 'zombie')).not.toEqual(course(1, 'broker-down'));
  expect(Math.max(...course(3, 'x'))).toBeLessThan(1_000);
  expect(new Set(course(3, 'x')).size).toBeGreaterThan(10);
});

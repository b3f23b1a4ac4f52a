import { describe, expect, it } from 'vitest';
import {
  callsOf,
  cpuTicks,
  median,
  ratioOfRounds,
  statusMegabytes,
  steadyRate,
  verdictOf,
} from '../../bench/figures.ts';

describe('verdicts', () => {
  const figure = { name: 'x', unit: '×', spread: null } as const;

  it.each([
    ['at least', 0.5, 0.5, 'reached'],
    ['at least', 0.5, 0.49, 'missed'],
    ['at most', 400, 400, 'reached'],
    ['at most', 400, 401, 'missed'],
    ['at most', null, 401, 'shown'],
    ['at least', 0.5, Number.NaN, 'missed'],
    ['at most', 3, Number.NaN, 'missed'],
  ] as const)('%s %s with %s measured is %s', (sense, goal, measured, verdict) => {
    expect(verdictOf({ ...figure, sense, goal, measured })).toBe(verdict);
  });
});

it('takes the middle of any order', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([10, 4, 1, 2])).toBe(3);
  expect(median([])).toBeNaN();
});

describe('ratios of rounds', () => {
  it('pairs what ran after one another', () => {
    // The machine was twice as slow in the second round: each pair says the same.
    expect(ratioOfRounds([60, 30, 66], [100, 50, 100])).toEqual({ ratio: 0.6, spread: [0.6, 0.66] });
  });

  it('refuses rounds without a partner', () => {
    expect(() => ratioOfRounds([1], [1, 2])).toThrow(RangeError);
    expect(() => ratioOfRounds([], [])).toThrow(RangeError);
  });
});

describe('the steady rate', () => {
  it('leaves the first quarter out', () => {
    const progress = [
      { at: 0, records: 0 },
      { at: 5_000, records: 20 },
      { at: 10_000, records: 30 },
      { at: 11_000, records: 60 },
      { at: 12_000, records: 100 },
    ];
    expect(steadyRate(progress, 100)).toBe(35);
  });

  it('is no number where nothing was followed to the end, or all came at once', () => {
    expect(steadyRate([{ at: 0, records: 50 }], 100)).toBeNaN();
    expect(steadyRate([{ at: 0, records: 100 }], 100)).toBeNaN();
  });
});

describe('what servers and Linux tell', () => {
  it('reads the calls of one command', () => {
    const info =
      '# Commandstats\r\ncmdstat_mget:calls=42,usec=9\r\ncmdstat_get:calls=7,usec=1,rejected_calls=0,failed_calls=0\r\n';
    expect(callsOf(info, 'mget')).toBe(42);
    expect(callsOf(info, 'get')).toBe(7);
    expect(callsOf(info, 'set')).toBe(0);
  });

  it('reads memory in MB', () => {
    expect(statusMegabytes('VmPeak:\t  900 kB\nVmHWM:\t  390625 kB\n', 'VmHWM')).toBe(400);
    expect(statusMegabytes('', 'VmHWM')).toBeNaN();
  });

  it('adds user and system time, whatever the process is called', () => {
    expect(cpuTicks('1 (a) b) c) S 1 1 1 0 -1 0 10 0 0 0 150 25 0 0 20 0 1 0')).toBe(175);
  });
});

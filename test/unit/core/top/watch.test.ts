import { describe, expect, it } from 'vitest';
import { parseExposition } from '../../../../services/core/top/exposition.ts';
import { increase, quantile } from '../../../../services/core/top/increase.ts';
import { type Look, makeWatch } from '../../../../services/core/top/watch.ts';

const NOW = '2026-03-01T12:00:00.000Z';
const look = (endpoint: string, at: number, text: string): Look => ({
  ...{ endpoint, at, ok: true },
  exposition: parseExposition(`lethe_build_info{version="1"} 1\n${text}`, () => true),
});
const silent = (endpoint: string, at: number): Look => ({ endpoint, at, ok: false, problem: 'refuses the connection' });
const consumed = (count: number, route = 'r'): string => `lethe_records_consumed_total{route="${route}"} ${count}`;

describe('a counter between two looks', () => {
  it.each([
    [10, 15, 5],
    [10, 10, 0],
    [null, 7, 7],
    // Restarted: what it shows now came since.
    [10, 3, 3],
    [10, 0, 0],
    [10, Number.NaN, 0],
    [10, -5, 0],
    [Number.NaN, 4, 4],
  ])('from %s to %s: %s', (before, now, expected) => {
    expect(increase(before, now)).toBe(expected);
  });
});

describe('a quantile of a histogram, as PromQL has it', () => {
  const buckets = (...counts: number[]) =>
    [1, 2, 4, Number.POSITIVE_INFINITY].map((le, index) => ({ le, count: counts[index]! }));
  it.each([
    [0.5, buckets(10, 10, 10, 10), 0.5],
    [0.5, buckets(0, 10, 10, 10), 1.5],
    [0.99, buckets(0, 0, 100, 100), 3.98],
    // Above the last bound: that bound.
    [0.99, buckets(0, 0, 0, 5), 4],
    [0.99, buckets(98, 98, 98, 100), 4],
    [0.99, buckets(0, 0, 0, 0), null],
    [0.99, [{ le: 1, count: 3 }], null],
    [0.99, [], null],
  ])('%s of %j', (q, given, expected) => {
    const found = quantile(q, given);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(expected, 6);
  });
});

describe('looks at several workers', () => {
  it('sums totals at first sight, and has no rate yet', () => {
    const view = makeWatch().next([look('a', 0, consumed(10)), look('b', 0, consumed(5))], NOW);
    expect(view.routes[0]).toMatchObject({ route: 'r', records: { total: 15, perSecond: null }, ageP99: null });
    expect(view.routes[0]?.deadLetters).toEqual({ total: 0, perSecond: null });
    expect(view.workers).toEqual({ answering: 2, silent: [], notReady: [] });
  });

  it('has rates over each worker’s own time, and none that is negative where one was restarted', () => {
    const watch = makeWatch();
    watch.next([look('a', 0, consumed(100)), look('b', 100, consumed(50))], NOW);
    const view = watch.next([look('a', 2000, consumed(120)), look('b', 1100, consumed(4))], NOW);
    // 20 in 2 s; and 4 since it began anew, in 1 s.
    expect(view.routes[0]?.records).toEqual({ total: 124, perSecond: 14 });
    expect(view.routes[0]?.deadLetters).toEqual({ total: 0, perSecond: 0 });
  });

  it('counts a series that appears as grown from 0, and a worker that appears not at all yet', () => {
    const watch = makeWatch();
    watch.next([look('a', 0, consumed(1))], NOW);
    const letters = 'lethe_dead_letters_total{route="r",code="undecodable"} 3';
    const view = watch.next([look('a', 1000, `${consumed(4)}\n${letters}`), look('b', 1000, consumed(1e6))], NOW);
    expect(view.routes[0]?.records).toEqual({ total: 1_000_004, perSecond: 3 });
    expect(view.routes[0]?.deadLettersBy).toEqual([{ code: 'undecodable', total: 3, perSecond: 3 }]);
  });

  it('takes up a worker where it fell silent, and forgets one that is no longer named', () => {
    const watch = makeWatch();
    watch.next([look('a', 0, consumed(10)), look('b', 0, consumed(10))], NOW);
    const gone = watch.next([silent('a', 1000), look('b', 1000, consumed(11))], NOW);
    expect(gone.workers).toMatchObject({
      answering: 1,
      silent: [{ endpoint: 'a', problem: 'refuses the connection' }],
    });
    expect(gone.routes[0]?.records).toEqual({ total: 11, perSecond: 1 });
    const back = watch.next([look('a', 4000, consumed(18))], NOW);
    expect(back.routes[0]?.records).toEqual({ total: 18, perSecond: 2 });
    const again = watch.next([look('b', 5000, consumed(11))], NOW);
    expect(again.routes[0]?.records.perSecond).toBeNull();
  });

  it('sorts reasons by what happens now, and splits outputs', () => {
    const watch = makeWatch();
    const decided = (output: string, outcome: string, reason: string, count: number): string =>
      `lethe_decisions_total{route="r",output="${output}",outcome="${outcome}",reason="${reason}"} ${count}`;
    const at = (n: number): string =>
      [
        consumed(10 * n),
        decided('x', 'published', '', 7 * n),
        decided('x', 'withheld', 'opted_out', 1000),
        decided('x', 'withheld', 'consent_missing', 3 * n),
        decided('y', 'published', 'consent_not_explicit', 10 * n),
        `lethe_bytes_total{route="r",direction="in"} ${500 * n}`,
        `lethe_bytes_total{route="r",direction="out"} ${100 * n}`,
      ].join('\n');
    watch.next([look('a', 0, at(1))], NOW);
    const [route] = watch.next([look('a', 1000, at(2))], NOW).routes;
    expect(route?.withheldBy).toEqual([
      { reason: 'consent_missing', total: 6, perSecond: 3 },
      { reason: 'opted_out', total: 1000, perSecond: 0 },
    ]);
    expect(route).toMatchObject({
      published: { total: 34, perSecond: 17 },
      withheld: { total: 1006, perSecond: 3 },
      bytesIn: { total: 1000, perSecond: 500 },
      bytesOut: { total: 200, perSecond: 100 },
      outputs: [
        { topic: 'x', published: { total: 14, perSecond: 7 }, withheld: { total: 1006, perSecond: 3 } },
        { topic: 'y', published: { total: 20, perSecond: 10 }, withheld: { total: 0, perSecond: 0 } },
      ],
    });
  });

  it('has the age of what was decided since the last look, not of ever', () => {
    const watch = makeWatch();
    const ages = (young: number, old: number): string =>
      `${consumed(1)}
lethe_record_age_seconds_bucket{route="r",le="1"} ${young}
lethe_record_age_seconds_bucket{route="r",le="60"} ${young + old}
lethe_record_age_seconds_bucket{route="r",le="+Inf"} ${young + old}`;
    watch.next([look('a', 0, ages(0, 1000))], NOW);
    expect(watch.next([look('a', 1000, ages(100, 1000))], NOW).routes[0]?.ageP99).toBeCloseTo(0.99, 6);
    expect(watch.next([look('a', 2000, ages(100, 1000))], NOW).routes[0]?.ageP99).toBeNull();
  });

  it('tells lag and pauses by topic, counting a partition once, and the oldest consent view', () => {
    const lag = (partition: number, records: number): string =>
      `lethe_consumer_lag_records{topic="raw.r",partition="${partition}"} ${records}`;
    const paused = (cause: string, count: number): string =>
      `lethe_paused_partitions{topic="raw.r",cause="${cause}"} ${count}`;
    const view = makeWatch().next(
      [
        look('a', 0, `${lag(0, 5)}\n${lag(1, 7)}\n${paused('redis', 2)}\nlethe_consent_view_age_seconds 0.5`),
        look('b', 0, `${lag(1, 9)}\n${paused('redis', 1)}\n${paused('kafka', 0)}\nlethe_consent_view_age_seconds 3`),
      ],
      NOW,
    );
    expect(view.topics).toEqual([{ topic: 'raw.r', lag: 14, paused: [{ cause: 'redis', partitions: 3 }] }]);
    expect(view.consentViewAge).toBe(3);
  });

  it('tells bundles apart, and what is not ready', () => {
    const view = makeWatch().next(
      [
        look('a', 0, 'lethe_bundle_info{digest="aa"} 1\nlethe_ready{check="redis"} 0\nlethe_ready{check="kafka"} 1'),
        look('b', 0, 'lethe_bundle_info{digest="bb"} 1\nlethe_ready{check="redis"} 0'),
        look('c', 0, 'lethe_bundle_info{digest="bb"} 1'),
      ],
      NOW,
    );
    expect(view.bundles).toEqual([
      { digest: 'bb', workers: 2 },
      { digest: 'aa', workers: 1 },
    ]);
    expect(view.workers.notReady).toEqual([{ check: 'redis', workers: 2 }]);
    expect(view.consentViewAge).toBeNull();
  });

  it('takes no other program’s metrics for a worker’s', () => {
    const other: Look = { ...look('a', 0, ''), ok: true, exposition: parseExposition('up 1\n', () => true) };
    const view = makeWatch().next([other], NOW);
    expect(view.workers).toMatchObject({ answering: 0, silent: [{ problem: 'what answers there is not Lethe' }] });
  });
});

import { describe, expect, it } from 'vitest';
import { layoutTop } from '../../../../services/core/top/layout.ts';
import { bytesText, countText, secondsText } from '../../../../services/core/top/quantities.ts';
import type { Flow, TopRoute, TopView } from '../../../../services/core/top/view.ts';

const plain = (_look: string, text: string): string => text;
const flow = (total: number, perSecond: number | null): Flow => ({ total, perSecond });

function route(name: string, rate: number | null): TopRoute {
  const of = (share: number): Flow => flow(1000 * share, rate === null ? null : rate * share);
  return {
    route: name,
    records: of(1),
    bytesIn: of(700),
    bytesOut: of(300),
    published: of(1.5),
    withheld: of(0.5),
    deadLetters: of(0.001),
    withheldBy: [
      { reason: 'consent_missing', ...of(0.4) },
      { reason: 'objected', ...of(0.1) },
      { reason: 'erased', ...flow(12, rate === null ? null : 0) },
    ],
    deadLettersBy: [{ code: 'action_failed', ...of(0.001) }],
    outputs: [],
    ageP99: rate === null ? null : 1.25,
  };
}

const view = (more: Partial<TopView> = {}): TopView => ({
  ...{ version: 1, at: '2026-03-01T12:34:56.789Z', malformed: 0, consentViewAge: 0.8 },
  workers: { answering: 2, silent: [], notReady: [] },
  bundles: [{ digest: 'ab12cd34ef56'.repeat(5), workers: 2 }],
  routes: [route('customer-events', 1234.5), route('orders', 3.21)],
  topics: [
    { topic: 'raw.customer-events', lag: 12_345, paused: [] },
    { topic: 'raw.orders', lag: 4, paused: [{ cause: 'consent_view', partitions: 3 }] },
  ],
  ...more,
});
const shown = (one: TopView, columns: number, rows: number | null = null): readonly string[] =>
  layoutTop(one, { columns, rows }, plain);

describe('by width', () => {
  it('200 columns: everything, in words', () => {
    expect(shown(view(), 200)).toEqual([
      'lethe top  12:34:56Z  2 workers  bundle ab12cd34ef  consent view 800 ms old',
      '',
      'route            records/s      in/s     out/s  published/s  withheld/s  dead letters/s  age p99',
      'customer-events       1235  864.1 kB  370.4 kB         1852         617             1.2    1.3 s',
      '  withheld/s: consent_missing 494, objected 123',
      '  dead letters/s: action_failed 1.2',
      'orders                 3.2    2.2 kB     963 B          4.8         1.6            <0.1    1.3 s',
      '  withheld/s: consent_missing 1.3, objected 0.3',
      '  dead letters/s: action_failed <0.1',
      '',
      'raw topic              lag  paused',
      'raw.orders               4  3 × consent_view',
      'raw.customer-events  12.3k',
    ]);
  });

  it('80 columns: short headings', () => {
    const lines = shown(view(), 80);
    expect(lines[2]).toMatch(/^route +rec\/s +in\/s +out\/s +publ\/s +withh\/s +dead\/s +age$/);
    expect(lines[3]).toContain('customer-events');
  });

  it('60 columns: what matters least is left out', () => {
    const lines = shown(view(), 60);
    expect(lines[2]).toMatch(/rec\/s.*publ\/s.*withh\/s.*dead\/s.*age/);
    expect(lines[2]).not.toMatch(/ in\/s| out\/s/);
  });

  it.each([1, 5, 20, 40, 60, 80, 120, 200])('no line is wider than %s', (columns) => {
    const wide = view({
      routes: [route('a-route-with-quite-a-long-name-'.repeat(5), 1e12)],
      workers: { answering: 0, silent: [{ endpoint: `http://${'x'.repeat(300)}`, problem: 'y' }], notReady: [] },
      topics: [{ topic: 't'.repeat(249), lag: 1e15, paused: [{ cause: 'c'.repeat(50), partitions: 9 }] }],
    });
    for (const one of [view(), wide]) {
      for (const line of shown(one, columns)) expect([...line].length).toBeLessThanOrEqual(columns);
    }
  });
});

describe('by height', () => {
  const many = view({
    routes: Array.from({ length: 30 }, (_, index) => route(`route-${index}`, index)),
    topics: Array.from({ length: 30 }, (_, index) => ({
      topic: `raw.${index}`,
      lag: index,
      paused: index === 29 ? [{ cause: 'redis', partitions: 1 }] : [],
    })),
  });

  it.each([1, 2, 3, 5, 8, 10, 24, 50, 100])('no more than %s lines', (rows) => {
    const silent = Array.from({ length: 9 }, (_, index) => ({ endpoint: `http://${index}`, problem: 'x' }));
    const troubled = { ...many, workers: { answering: 1, silent, notReady: [] } };
    for (const one of [view(), many, troubled]) expect(shown(one, 100, rows).length).toBeLessThanOrEqual(rows);
  });

  it('leaves out reasons first, then blank lines', () => {
    expect(shown(view(), 100, 13)).toHaveLength(13);
    expect(shown(view(), 100, 12).join('\n')).not.toContain('withheld/s: ');
    expect(shown(view(), 100, 9)).toContain('');
    expect(shown(view(), 100, 8)).not.toContain('');
    expect(shown(view(), 100, 7)).toHaveLength(7);
  });

  it('says how much more there is, and shows what is paused', () => {
    const text = shown(many, 100, 20).join('\n');
    expect(text).toMatch(/… and \d+ more routes/);
    expect(text).toMatch(/… and \d+ more topics/);
    expect(text).toContain('1 × redis');
    expect(text).toContain('route-0 ');
  });
});

describe('what is told', () => {
  it('totals at first sight, and a dash for what needs two', () => {
    const lines = shown(view({ routes: [route('orders', null)], topics: [] }), 120);
    expect(lines[0]).toContain('totals: rates need a second look');
    expect(lines[2]).toMatch(/records +in +out +published +withheld +dead letters +age p99/);
    expect(lines[3]).toMatch(/^orders +1000 +700\.0 kB +300\.0 kB +1500 +500 +1 +-$/);
    expect(lines[4]).toContain('withheld: consent_missing 400, objected 100, erased 12');
  });

  it('a dash for a route that has no rate beside one that has', () => {
    const lines = shown(view({ routes: [route('a', 1), route('b', null)] }), 120);
    expect(lines.find((line) => line.startsWith('b '))).toMatch(/^b +- +- +- +- +- +- +-$/);
  });

  it('nobody answering, bundles that differ, checks that fail', () => {
    const silent = [{ endpoint: 'http://127.0.0.1:1/metrics', problem: 'refuses the connection' }];
    const none = shown(
      view({
        workers: { answering: 0, silent, notReady: [] },
        routes: [],
        topics: [],
        bundles: [],
        consentViewAge: null,
      }),
      100,
    );
    expect(none).toEqual([
      'lethe top  12:34:56Z  0 workers, 1 not answering',
      'No worker answers. Name their /metrics with --metrics URL.',
      'http://127.0.0.1:1/metrics: refuses the connection',
    ]);
    const differ = view({
      bundles: [
        { digest: 'a'.repeat(64), workers: 2 },
        { digest: 'b'.repeat(64), workers: 1 },
      ],
      workers: { answering: 3, silent: [], notReady: [{ check: 'redis', workers: 2 }] },
    });
    expect(shown(differ, 100).slice(1, 3)).toEqual([
      'Bundles differ: aaaaaaaaaa on 2, bbbbbbbbbb on 1.',
      'Not ready: redis, on 2.',
    ]);
  });

  it('nothing that a terminal would obey', () => {
    const bad = '\u001b]0;x\u0007\n';
    const text = shown(
      view({
        routes: [{ ...route(bad, 1), withheldBy: [{ reason: bad, total: 1, perSecond: 1 }] }],
        topics: [{ topic: bad, lag: 1, paused: [{ cause: bad, partitions: 1 }] }],
        bundles: [
          { digest: bad, workers: 1 },
          { digest: 'x', workers: 1 },
        ],
        workers: {
          answering: 1,
          silent: [{ endpoint: bad, problem: bad }],
          notReady: [{ check: bad, workers: 1 }],
        },
      }),
      120,
    ).join('');
    // oxlint-disable-next-line no-control-regex -- that is the point
    expect(text).not.toMatch(/[\u0000-\u001f]/);
  });
});

it.each([
  [countText(0), '0'],
  [countText(0.04), '<0.1'],
  [countText(3), '3'],
  [countText(9.94), '9.9'],
  [countText(9_999), '9999'],
  [countText(12_345), '12.3k'],
  [countText(3.2e6), '3.2M'],
  [countText(3.2e9), '3.2G'],
  [bytesText(999), '999 B'],
  [bytesText(1.5e9), '1.5 GB'],
  [secondsText(-0.25), '-250 ms'],
  [secondsText(119), '119.0 s'],
  [secondsText(600), '10.0 min'],
  [secondsText(86_400), '24.0 h'],
  [secondsText(259_200), '3.0 d'],
])('%s', (text, expected) => {
  expect(text).toBe(expected);
});

/** Issue 6: alerts, recording rules, dashboards and the runbook fit each other and the metrics that there are. */
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DASHBOARDS, dashboardFile } from '../../../deploy/grafana/dashboards.ts';
import { makeControlMetrics } from '../../../services/adapters/metrics/control-metrics.ts';
import { makeMetrics } from '../../../services/adapters/metrics/metrics.ts';
import { type Rule, rules, ruleFiles, spokenOf } from '../../stack/rules.ts';

const ROOT = new URL('../../../', import.meta.url).pathname;
const RUNBOOK = readFileSync(`${ROOT}deploy/RUNBOOK.md`, 'utf8');

type Metric = { name: string; type: string; labelNames?: string[] };
const registries = [makeMetrics('1').registry, makeControlMetrics('1').registry];

/** Every series that Prometheus can have of Lethe, with its labels. */
const series = new Map<string, Set<string>>([
  ['up', new Set()],
  ['ALERTS', new Set(['alertname', 'alertstate'])],
]);
for (const metric of registries.flatMap((registry) => registry.getMetricsAsArray() as unknown as Metric[])) {
  const names = metric.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  for (const suffix of names) {
    const labels = series.get(metric.name + suffix) ?? new Set(['job', 'instance']);
    for (const label of metric.labelNames ?? []) labels.add(label);
    if (suffix === '_bucket') labels.add('le');
    series.set(metric.name + suffix, labels);
  }
}
for (const labels of series.values()) for (const label of ['job', 'instance']) labels.add(label);
/** A recorded series is named LEVEL:METRIC:OPERATION, and its level is its labels. */
for (const { record } of rules()) {
  if (record === undefined) continue;
  const level = record.split(':')[0] ?? '';
  series.set(record, new Set(level === 'lethe' ? [] : level.split('_')));
}

/** What is wrong with an expression: metrics that are not, labels that they have not. */
function faults(expression: string): string[] {
  const { metrics, grouped } = spokenOf(expression);
  const all = new Set(metrics.flatMap(({ name }) => [...(series.get(name) ?? [])]));
  return [
    ...metrics.flatMap(({ name, labels }) => {
      const has = series.get(name);
      if (has === undefined) return [`no metric ${name}`];
      return labels.filter((label) => !has.has(label)).map((label) => `${name} has no label ${label}`);
    }),
    ...grouped.filter((label) => !all.has(label)).map((label) => `nothing has the label ${label}`),
    ...(metrics.length === 0 ? ['no metric at all'] : []),
  ];
}

const alerts = rules().filter((rule): rule is Rule & { alert: string } => rule.alert !== undefined);
const sections = new Map(
  RUNBOOK.split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
);

describe('what finds faults', () => {
  it.each([
    ['rate(lethe_nothing_total[5m])', ['no metric lethe_nothing_total']],
    ['lethe_paused_partitions{partition="1"}', ['lethe_paused_partitions has no label partition']],
    ['sum by (topic, city) (lethe_paused_partitions{cause="a}b"} > 0.5 * 86400)', ['nothing has the label city']],
    ['vector(1)', ['no metric at all']],
    ['lethe:nothing:ratio', ['no metric lethe:nothing:ratio']],
    ['sum by (topic) (topic_cause:lethe_paused_partitions:max1m{cause="redis"}) > 3', []],
    ['histogram_quantile(0.99, sum by (stage, le) (rate(lethe_batch_duration_seconds_bucket{le=~"1|1[.]0"}[5m])))', []],
    ['lethe_batch_duration_seconds', ['no metric lethe_batch_duration_seconds']],
  ])('%s', (expression, expected) => expect(faults(expression)).toEqual(expected));
});

describe('rules', () => {
  it.each(rules().map((rule) => [rule.alert ?? rule.record ?? '', rule.expr]))(
    '%s speaks of what there is',
    (_, expr) => expect(faults(expr)).toEqual([]),
  );

  it('a promise is recorded over all windows alike', () => {
    const windows = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'];
    for (const name of ['lethe-slo-freshness', 'lethe-slo-availability', 'lethe-slo-withdrawal']) {
      const group = ruleFiles()
        .flatMap(({ parsed }) => parsed.groups)
        .find((one) => one.name === name);
      const [first] = group?.rules ?? [];
      const over = (window: string) => ({
        record: first?.record?.replace(/5m$/, window),
        expr: first?.expr.replaceAll('[5m]', `[${window}]`),
      });
      expect(group?.rules.map(({ record, expr }) => ({ record, expr }))).toEqual(windows.map(over));
    }
  });
});

describe('alerts', () => {
  it('are many, and each is there once', () => {
    expect(alerts.length).toBeGreaterThan(30);
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  });

  it.each(alerts.map((rule) => [rule.alert, rule] as const))('%s says all that is to be said', (name, rule) => {
    expect(['critical', 'warning']).toContain(rule.labels?.['severity']);
    expect(Object.keys(rule.annotations ?? {})).toEqual(['summary', 'description', 'runbook_url']);
    expect(rule.annotations?.['runbook_url']).toBe(`deploy/RUNBOOK.md#${name.toLowerCase()}`);
    const spoken = spokenOf(rule.expr);
    const labels = new Set([...spoken.grouped, ...spoken.metrics.flatMap((one) => [...(series.get(one.name) ?? [])])]);
    const used = Object.values(rule.annotations ?? {}).flatMap((text) =>
      [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label),
    );
    expect(used.filter((label) => !labels.has(label))).toEqual([]);
    // What is summed over has no labels left but those it is summed by.
    if (/^\(?\s*(sum|max|min|count)\b/.test(rule.expr)) {
      expect(used.filter((label) => !spoken.grouped.includes(label))).toEqual([]);
    }
  });

  it('have a section of the runbook each, in the same order, and no section is without an alert', () => {
    expect([...sections.keys()]).toEqual(alerts.map(({ alert }) => alert));
  });

  it.each([...sections])('%s: what it means, what to look at, what to do', (_, section) => {
    const parts = [...section.matchAll(/^\*\*(.+?)\.\*\* (.+)/gm)];
    expect(parts.map(([, part]) => part)).toEqual(['Means', 'Look at', 'Do']);
    for (const [, , text = ''] of parts) expect(text.length).toBeGreaterThan(10);
  });

  it('are each tried by promtool, firing and quiet', () => {
    type Case = { expr: string; exp_samples: unknown[] };
    type File = { tests: { promql_expr_test: Case[] }[] };
    const cases = globSync(`${ROOT}deploy/prometheus/tests/*.yml`).flatMap((path) =>
      (parse(readFileSync(path, 'utf8')) as File).tests.flatMap((test) => test.promql_expr_test),
    );
    const tried = (name: string): string[] =>
      cases
        .filter(({ expr }) => expr.includes(`ALERTS{alertname="${name}", alertstate="firing"}`))
        .map((one) => (one.exp_samples.length > 0 ? 'firing' : 'quiet'));
    const missing = alerts.filter(({ alert }) => new Set(tried(alert)).size < 2).map(({ alert }) => alert);
    expect(missing).toEqual([]);
  });
});

describe('the runbook', () => {
  it('names settings and commands that there are, and sections of its own', () => {
    const settings = globSync(`${ROOT}services/adapters/config/settings*.ts`)
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n')
      .match(/LETHE_[A-Z_]+/g);
    const missing = [...RUNBOOK.matchAll(/LETHE_[A-Z_]+/g)].filter(([name]) => settings?.includes(name) !== true);
    expect(missing.map(([name]) => name)).toEqual([]);
    const commands = globSync(`${ROOT}services/cli/commands/*.ts`).map((path) =>
      path.slice(path.lastIndexOf('/') + 1, -3),
    );
    expect([...RUNBOOK.matchAll(/`lethe ([a-z-]+)/g)].filter(([, name = '']) => !commands.includes(name))).toEqual([]);
    const targets = [...RUNBOOK.matchAll(/\]\(#(\w+)\)/g)].map(([, target = '']) => target);
    const anchors = [...sections.keys()].map((name) => name.toLowerCase());
    expect(targets.filter((target) => !anchors.includes(target))).toEqual([]);
  });
});

type Panel = {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { uid: string };
  fieldConfig?: { defaults: { unit?: string } };
  targets?: { expr: string; legendFormat?: string; refId: string; datasource?: { uid: string } }[];
  links?: { url?: string }[];
};
type Board = { uid: string; title: string; panels: Panel[]; templating: { list: { name: string; type: string }[] } };

describe.each(Object.entries(DASHBOARDS))('dashboard %s', (name, make) => {
  const text = readFileSync(`${ROOT}deploy/grafana/dashboards/${name}.json`, 'utf8');
  const board = JSON.parse(text) as Board;
  const panels = board.panels.filter(({ type }) => type !== 'row');

  it('is what its source makes (else: node_modules/.bin/node deploy/grafana/main.ts)', () => {
    expect(text === dashboardFile(make())).toBe(true);
  });

  it('has panels with ids of their own that lie side by side', () => {
    expect(panels.length).toBeGreaterThan(10);
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    const cells = board.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)}/${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(cells.every((cell) => Number(cell.split('/')[0]) < 24)).toBe(true);
  });

  it.each(panels.map((panel) => [panel.title, panel] as const))(
    '%s: complete, and of metrics that there are',
    (_, panel) => {
      expect(panel.description?.length).toBeGreaterThan(15);
      expect(panel.fieldConfig?.defaults.unit).toBeTruthy();
      expect(panel.datasource?.uid).toBe('${datasource}');
      expect(panel.targets?.length).toBeGreaterThan(0);
      for (const target of panel.targets ?? []) {
        expect(target.datasource?.uid).toBe('${datasource}');
        expect(target.legendFormat).toBeTruthy();
        const legend = [...(target.legendFormat ?? '').matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
        const { grouped, metrics } = spokenOf(target.expr);
        const labels = new Set([...grouped, ...metrics.flatMap((one) => [...(series.get(one.name) ?? [])])]);
        expect(legend.filter((label) => !labels.has(label))).toEqual([]);
        expect(faults(target.expr)).toEqual([]);
        const variables = [...target.expr.matchAll(/\$(\w+)/g)].map(([, variable = '']) => variable);
        const known = ['__rate_interval', ...board.templating.list.map((variable) => variable.name)];
        expect(variables.filter((variable) => !known.includes(variable))).toEqual([]);
      }
      const anchors = (panel.links ?? []).map(({ url = '' }) => /^\$\{runbook\}#(\w+)$/.exec(url)?.[1]);
      expect(anchors.filter((anchor) => ![...sections.keys()].some((one) => one.toLowerCase() === anchor))).toEqual([]);
    },
  );

  it('lets its data source be chosen', () => {
    expect(board.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' });
    expect(board.uid).toBe(`lethe-${name}`);
  });
});

/** What the dashboards are made of: a panel is a title, what it says, where to read on, and expressions with legends. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  ConstantVariableBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Dashboard,
  DatasourceVariableBuilder,
  type Panel as BuiltPanel,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as SeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** Where the links to the runbook go; whoever serves it elsewhere changes it here and generates anew. */
const RUNBOOK = 'https://example.com/lethe/deploy/RUNBOOK.md';
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
/** Grafana's grid has so many columns. */
const COLUMNS = 24;

export type Panel = {
  readonly title: string;
  /** What it shows and how to read it. */
  readonly description: string;
  /** A unit of Grafana's: `s`, `percentunit`, `bytes`, `cps` (a second), `short`. */
  readonly unit: string;
  /** PromQL and the legend of its series. */
  readonly targets: readonly (readonly [expression: string, legend: string])[];
  /** Section of the runbook. */
  readonly runbook?: string;
  /** From where on it is yellow, and red; where falling is bad, `below`. */
  readonly warn?: { readonly yellow: number; readonly red: number; readonly below?: true };
  readonly max?: number;
  /** A figure instead of lines. */
  readonly stat?: true;
  /** Of 24 columns; default 8, of a figure 4. */
  readonly width?: number;
};

export type Row = { readonly title: string; readonly panels: readonly Panel[] };

/** Selects what the variables at the top say. */
export const ROUTE = 'route=~"$route"';
export const INSTANCE = 'instance=~"$instance"';
export const WORKERS = `job="lethe-gateway", ${INSTANCE}`;
export const CONTROL = `job="lethe-control", ${INSTANCE}`;
export const BOTH = `job=~"lethe-(gateway|control)", ${INSTANCE}`;

/** The rate of a counter, summed by labels. */
export const rate = (metric: string, selector: string, by: string): string =>
  `sum by (${by}) (rate(${metric}{${selector}}[$__rate_interval]))`;

/** A quantile of a histogram, by labels besides its buckets. */
export const quantile = (q: number, metric: string, selector: string, by = ''): string =>
  `histogram_quantile(${q}, sum by (${by === '' ? 'le' : `${by}, le`}) (rate(${metric}_bucket{${selector}}[$__rate_interval])))`;

function thresholds({ warn }: Panel): ThresholdsConfigBuilder {
  const step = (value: number | null, color: string) => ({ value, color });
  const steps =
    warn === undefined
      ? [step(null, 'green')]
      : warn.below === true
        ? [step(null, 'red'), step(warn.red, 'yellow'), step(warn.yellow, 'green')]
        : [step(null, 'green'), step(warn.yellow, 'yellow'), step(warn.red, 'red')];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

function built(panel: Panel): Builder<BuiltPanel> {
  const builder = panel.stat === true ? statOf() : seriesOf(panel);
  builder
    .title(panel.title)
    .description(panel.description)
    .unit(panel.unit)
    .min(0)
    .datasource(DATASOURCE)
    .thresholds(thresholds(panel))
    .span(panel.width ?? (panel.stat === true ? 4 : 8))
    .height(panel.stat === true ? 4 : 8);
  if (panel.max !== undefined) builder.max(panel.max);
  panel.targets.forEach(([expression, legend], index) => {
    const query = new DataqueryBuilder()
      .expr(expression)
      .legendFormat(legend)
      .refId(String.fromCodePoint(65 + index))
      .datasource(DATASOURCE);
    builder.withTarget(panel.stat === true ? query.instant() : query.range());
  });
  if (panel.runbook !== undefined) {
    builder.links([
      new DashboardLinkBuilder(`Runbook: ${panel.runbook}`)
        .type(DashboardLinkType.Link)
        .url(`\${runbook}#${panel.runbook.toLowerCase()}`)
        .targetBlank(true),
    ]);
  }
  return builder;
}

const statOf = (): StatBuilder =>
  new StatBuilder()
    .colorMode(BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));

const seriesOf = ({ warn }: Panel): SeriesBuilder =>
  new SeriesBuilder()
    .fillOpacity(8)
    .showPoints(VisibilityMode.Never)
    .thresholdsStyle(
      new GraphThresholdsStyleConfigBuilder().mode(
        warn === undefined ? GraphThresholdsStyleMode.Off : GraphThresholdsStyleMode.Dashed,
      ),
    )
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));

/** Puts rows of panels on the grid, from left to right, and gives each an id. */
export function dashboard(options: {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** The labels to choose from at the top. */
  readonly variables: readonly ('route' | 'instance')[];
  readonly rows: readonly Row[];
}): Dashboard {
  const builder = new DashboardBuilder(options.title)
    .uid(options.uid)
    .description(options.description)
    .tags(['lethe'])
    .time({ from: 'now-3h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(new ConstantVariableBuilder('runbook').label('Runbook').value(RUNBOOK))
    .link(
      new DashboardLinkBuilder('Lethe')
        .type(DashboardLinkType.Dashboards)
        .tags(['lethe'])
        .asDropdown(false)
        .keepTime(true)
        .includeVars(true),
    )
    .link(new DashboardLinkBuilder('Runbook').type(DashboardLinkType.Link).url(RUNBOOK).targetBlank(true));
  for (const name of options.variables) {
    const from = name === 'route' ? 'lethe_records_consumed_total' : 'up{job=~"lethe-(gateway|control)"}';
    builder.withVariable(
      new QueryVariableBuilder(name)
        .label(name === 'route' ? 'Route' : 'Instance')
        .datasource(DATASOURCE)
        .query(`label_values(${from}, ${name})`)
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc)
        .multi(true)
        .includeAll(true)
        .allValue('.*')
        .current({ text: 'All', value: '$__all' }),
    );
  }
  let id = 0;
  let y = 0;
  for (const { title, panels } of options.rows) {
    builder.withRow(new RowBuilder(title).id(++id).gridPos({ x: 0, y, w: COLUMNS, h: 1 }));
    y++;
    let x = 0;
    let height = 0;
    for (const panel of panels) {
      const one = built(panel).build();
      const { w = 0, h = 0 } = one.gridPos ?? {};
      if (x + w > COLUMNS) {
        y += height;
        x = 0;
        height = 0;
      }
      const placed = { ...one, id: ++id, gridPos: { x, y, w, h } };
      builder.withPanel({ build: () => placed });
      x += w;
      height = Math.max(height, h);
    }
    y += height;
  }
  return builder.build();
}

/** `lethe top` on a terminal: as much of a view as fits, the most important first. */
import { oneLine } from '../terminal-text.ts';
import { cut, type Line, type Paint, type Row } from './lines.ts';
import { countText, secondsText } from './quantities.ts';
import { routeTable } from './route-table.ts';
import type { TopTopic, TopView } from './view.ts';

/** In characters and lines. Null: as many as it takes. */
export type Size = { readonly columns: number; readonly rows: number | null };

const BLANK: Line = { text: '' };
/** Digits of a digest: enough to tell two of them apart. */
const DIGEST = 10;
const MOST_WARNINGS = 3;

/** Lines without line feeds, none wider than `columns`, no more than `rows`. */
export function layoutTop(view: TopView, { columns, rows }: Size, paint: Paint): readonly string[] {
  const lines = fit(blocksOf(view, columns), rows ?? Number.POSITIVE_INFINITY);
  return lines.map(({ text, look }) => {
    const short = cut(text, columns);
    return look === undefined ? short : paint(look, short);
  });
}

type Blocks = {
  readonly head: Line;
  readonly warnings: readonly Line[];
  readonly tables: readonly { readonly heading: Line; readonly rows: readonly Row[]; readonly what: string }[];
};

function blocksOf(view: TopView, columns: number): Blocks {
  const { heading, rows } = routeTable(view.routes, columns);
  const routes = { heading: { text: heading, look: 'strong' as const }, rows, what: 'routes' };
  const tables = [...(view.routes.length === 0 ? [] : [routes]), ...topicTable(view.topics, columns)];
  return { head: headOf(view), warnings: warningsOf(view), tables };
}

function headOf(view: TopView): Line {
  const { answering, silent } = view.workers;
  const parts = [`lethe top  ${view.at.slice(11, 19)}Z`, workersText(answering, silent.length)];
  const [bundle] = view.bundles;
  if (bundle !== undefined) parts.push(`bundle ${digestText(bundle.digest)}`);
  if (view.consentViewAge !== null) parts.push(`consent view ${secondsText(view.consentViewAge)} old`);
  if (!hasRates(view) && view.routes.length > 0) parts.push('totals: rates need a second look');
  return { text: parts.join('  '), look: 'strong' };
}

function workersText(answering: number, silent: number): string {
  const workers = answering === 1 ? '1 worker' : `${answering} workers`;
  return silent === 0 ? workers : `${workers}, ${silent} not answering`;
}

/** Whether anything was seen twice. */
export function hasRates({ routes }: Pick<TopView, 'routes'>): boolean {
  return routes.some(({ records }) => records.perSecond !== null);
}

function warningsOf({ workers, bundles, malformed }: TopView): readonly Line[] {
  const lines: Line[] = [];
  if (workers.answering === 0) {
    lines.push({ text: 'No worker answers. Name their /metrics with --metrics URL.', look: 'bad' });
  }
  if (bundles.length > 1) {
    const each = bundles.map((one) => `${digestText(one.digest)} on ${one.workers}`).join(', ');
    lines.push({ text: `Bundles differ: ${each}.`, look: 'warn' });
  }
  for (const { check, workers: count } of workers.notReady) {
    lines.push({ text: `Not ready: ${oneLine(check)}, on ${count}.`, look: 'bad' });
  }
  for (const { endpoint, problem } of workers.silent) {
    lines.push({ text: `${oneLine(endpoint)}: ${oneLine(problem)}`, look: 'bad' });
  }
  if (malformed > 0) lines.push({ text: `${malformed} lines of metrics could not be read.`, look: 'warn' });
  return lines;
}

function digestText(digest: string): string {
  return oneLine(digest).slice(0, DIGEST);
}

function topicTable(topics: readonly TopTopic[], columns: number): Blocks['tables'] {
  if (topics.length === 0) return [];
  // Paused ones first: they are what somebody looks for.
  const sorted = [...topics].sort((a, b) => Number(b.paused.length > 0) - Number(a.paused.length > 0));
  const names = sorted.map(({ topic }) => oneLine(topic));
  const width = Math.max(9, Math.min(Math.max(...names.map((name) => name.length)), Math.floor(columns / 2)));
  const lags = sorted.map(({ lag }) => (lag === null ? '-' : countText(lag)));
  const lagWidth = Math.max('lag'.length, ...lags.map((lag) => lag.length));
  const row = (name: string, lag: string, paused: string): string =>
    `${cut(name, width).padEnd(width)}  ${lag.padStart(lagWidth)}  ${paused}`.trimEnd();
  const rows = sorted.map(({ paused }, index): Row => {
    const why = paused.map((one) => `${one.partitions} × ${oneLine(one.cause)}`).join(', ');
    const text = row(names[index] ?? '', lags[index] ?? '', why);
    return { line: why === '' ? { text } : { text, look: 'bad' }, details: [] };
  });
  return [{ heading: { text: row('raw topic', 'lag', 'paused'), look: 'strong' }, rows, what: 'topics' }];
}

/** Leaves out details, then blank lines, then rows. */
function fit({ head, warnings, tables }: Blocks, room: number): readonly Line[] {
  for (const [details, blanks] of [
    [true, true],
    [false, true],
    [false, false],
  ]) {
    const lines = [head, ...warnings];
    for (const table of tables) {
      if (blanks) lines.push(BLANK);
      lines.push(table.heading);
      for (const row of table.rows) lines.push(row.line, ...(details ? row.details : []));
    }
    if (lines.length <= room) return lines;
  }
  const lines = [head, ...shortened(warnings, MOST_WARNINGS, 'warnings')];
  let left = room - lines.length;
  tables.forEach((table, index) => {
    // What a table does not need, the next one has.
    const after = tables.slice(index + 1).reduce((sum, { rows }) => sum + rows.length + 1, 0);
    const mine = Math.min(table.rows.length + 1, Math.max(left - after, Math.ceil(left / (tables.length - index))));
    if (mine < 2) return;
    const rows = table.rows.map(({ line }) => line);
    lines.push(table.heading, ...shortened(rows, mine - 1, table.what));
    left -= mine;
  });
  return lines.slice(0, room);
}

function shortened(lines: readonly Line[], most: number, what: string): readonly Line[] {
  if (lines.length <= most) return lines;
  const kept = lines.slice(0, most - 1);
  return [...kept, { text: `… and ${lines.length - kept.length} more ${what}`, look: 'dim' }];
}

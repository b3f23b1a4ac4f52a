/** The routes of a view as rows of a table, in the columns that there is room for. */
import { oneLine } from '../terminal-text.ts';
import { cut, type Line, type Row } from './lines.ts';
import { bytesText, countText, secondsText } from './quantities.ts';
import type { Flow, TopRoute } from './view.ts';

type Column = {
  readonly long: string;
  readonly short: string;
  readonly cell: (route: TopRoute, rates: boolean) => string;
};

const NONE = '-';
const SHORTEST_NAME = 12;
const GAP = 2;
/** Of reasons and codes. */
const MOST_REASONS = 4;

function cellOf(pick: (route: TopRoute) => Flow, text: (quantity: number) => string): Column['cell'] {
  return (route, rates) => flowText(pick(route), rates, text);
}

function flowText({ total, perSecond }: Flow, rates: boolean, text: (quantity: number) => string): string {
  if (!rates) return text(total);
  return perSecond === null ? NONE : text(perSecond);
}

/** As they are shown. */
const COLUMNS: readonly Column[] = [
  { long: 'records', short: 'rec', cell: cellOf(({ records }) => records, countText) },
  { long: 'in', short: 'in', cell: cellOf(({ bytesIn }) => bytesIn, bytesText) },
  { long: 'out', short: 'out', cell: cellOf(({ bytesOut }) => bytesOut, bytesText) },
  { long: 'published', short: 'publ', cell: cellOf(({ published }) => published, countText) },
  { long: 'withheld', short: 'withh', cell: cellOf(({ withheld }) => withheld, countText) },
  { long: 'dead letters', short: 'dead', cell: cellOf(({ deadLetters }) => deadLetters, countText) },
  { long: 'age p99', short: 'age', cell: ({ ageP99 }) => (ageP99 === null ? NONE : secondsText(ageP99)) },
];
/** Which go first where there is no room: places in `COLUMNS`. */
const LEAST = [2, 1, 6, 5, 4, 3];

/** @param columns characters. */
export function routeTable(
  routes: readonly TopRoute[],
  columns: number,
): { readonly heading: string; readonly rows: readonly Row[] } {
  const rates = routes.some(({ records }) => records.perSecond !== null);
  const names = routes.map(({ route }) => oneLine(route));
  const { shown, heading, name } = chosen(routes, names, rates, columns);
  const line = (first: string, cells: readonly string[]): string =>
    [cut(first, name).padEnd(name), ...cells.map((cell, index) => cell.padStart(shown[index]!.width))].join(
      ' '.repeat(GAP),
    );
  return {
    heading: line('route', heading),
    rows: routes.map((route, index) => ({
      line: {
        text: line(
          names[index] ?? '',
          shown.map(({ column }) => column.cell(route, rates)),
        ),
      },
      details: detailsOf(route, rates),
    })),
  };
}

function chosen(routes: readonly TopRoute[], names: readonly string[], rates: boolean, columns: number) {
  const wanted = Math.max(SHORTEST_NAME, ...names.map((name) => name.length));
  const laid = (places: readonly number[], heads: 'long' | 'short', name: number) => {
    const shown = places.map((place) => {
      const column = COLUMNS[place]!;
      // An age is of now, whatever the others are.
      const head = rates && place < 6 ? `${column[heads]}/s` : column[heads];
      const width = Math.max(head.length, ...routes.map((route) => column.cell(route, rates).length));
      return { column, head, width };
    });
    const taken = shown.reduce((sum, { width }) => sum + GAP + width, 0);
    return { shown, heading: shown.map(({ head }) => head), name, width: name + taken };
  };
  const all = COLUMNS.map((_, place) => place);
  for (const [heads, name] of [
    ['long', wanted],
    ['short', wanted],
    ['short', SHORTEST_NAME],
  ] as const) {
    const tried = laid(all, heads, name);
    if (tried.width <= columns) return { ...tried, name: Math.min(wanted, tried.name + columns - tried.width) };
  }
  for (let gone = 1; gone <= LEAST.length; gone++) {
    const left = all.filter((place) => !LEAST.slice(0, gone).includes(place));
    const tried = laid(left, 'short', SHORTEST_NAME);
    if (tried.width <= columns) return { ...tried, name: Math.min(wanted, tried.name + columns - tried.width) };
  }
  return laid([0], 'short', SHORTEST_NAME);
}

function detailsOf({ withheldBy, deadLettersBy }: TopRoute, rates: boolean): readonly Line[] {
  const listed = (title: string, all: readonly (Flow & { readonly name: string })[]): readonly Line[] => {
    // Reasons of days ago would hide those of now.
    const some = rates ? all.filter(({ perSecond }) => (perSecond ?? 0) > 0) : all;
    if (some.length === 0) return [];
    const each = some.slice(0, MOST_REASONS).map((one) => `${oneLine(one.name)} ${flowText(one, rates, countText)}`);
    const more = some.length > MOST_REASONS ? ` … and ${some.length - MOST_REASONS} more` : '';
    return [{ text: `  ${title}${rates ? '/s' : ''}: ${each.join(', ')}${more}`, look: 'dim' }];
  };
  return [
    ...listed(
      'withheld',
      withheldBy.map((one) => ({ ...one, name: one.reason })),
    ),
    ...listed(
      'dead letters',
      deadLettersBy.map((one) => ({ ...one, name: one.code })),
    ),
  ];
}

import { InvalidArgumentError, Option } from 'commander';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export type TopOptions = {
  readonly metrics?: readonly string[];
  /** Milliseconds. */
  readonly interval: number;
  readonly once?: true;
  readonly count?: number;
  readonly format?: 'text' | 'json';
  readonly config?: string;
};

const ABOUT = `
Reads /metrics of the workers and sums them: records, bytes, published and withheld decisions (by reason), dead letters
(by code) a second and the 99th percentile of records' age, per route; what waits, and which partitions are paused and
why, per raw topic; workers that do not answer; bundles in use. A look before which there was none shows totals. A
counter that starts anew with its worker counts from 0, as Prometheus has it.

A host name that has several addresses (a headless Service of Kubernetes) stands for all of them, asked for anew with
every look; of two families of addresses the one of IPv4 is taken. On a terminal it refreshes in place: q or Ctrl-C ends
it. In a pipe it prints one JSON object a look (version 1: services/core/top/view.ts). --once exits 69 where no worker
answers.`;

export const addTop: AddCommand = (parent, finish) => {
  parent
    .command('top')
    .description('what the workers are doing now: rates, lag, reasons, what is paused and why')
    .option(
      '--metrics <url...>',
      'of workers, also HOST:PORT, also several with commas; default: http://127.0.0.1:LETHE_HTTP_PORT/metrics',
    )
    .addOption(new Option('--interval <time>', 'between looks: 500ms, 2s, 1m').default(2_000, '2s').argParser(interval))
    .addOption(new Option('--once', 'one look, without rates').conflicts('count'))
    .option('--count <count>', 'so many looks', wholeNumber)
    .addOption(new Option('--format <format>', 'default: text on a terminal, json in a pipe').choices(['text', 'json']))
    .option(...CONFIG_FLAG)
    .action(finish(async (options: TopOptions) => (await import('../top.main.ts')).top(options)))
    .addHelpText(
      'after',
      `${ABOUT}\n${examples([
        'lethe top',
        'lethe top --metrics http://lethe-gateway.lethe.svc:9464/metrics',
        'lethe top --metrics 10.0.0.1:9464,10.0.0.2:9464 --interval 5s',
        'lethe top --count 2 | tail -1 | jq .routes',
      ])}`,
    );
};

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };
const SHORTEST_MS = 200;
const LONGEST_MS = 3_600_000;

function interval(text: string): number {
  const [, count, unit] = /^([0-9]{1,7})(ms|s|m)$/.exec(text) ?? [];
  const time = count === undefined ? Number.NaN : Number(count) * UNIT_MS[unit!]!;
  if (time >= SHORTEST_MS && time <= LONGEST_MS) return time;
  throw new InvalidArgumentError('Write it like 500ms, 2s or 1m; from 200ms to 60m.');
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1.');
  return Number(text);
}

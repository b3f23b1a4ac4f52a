import { lookup } from 'node:dns/promises';
import { LetheError } from '../core/errors.ts';
import { layoutTop } from '../core/top/layout.ts';
import type { TopView } from '../core/top/view.ts';
import type { TopOptions } from './commands/top.ts';
import { EXIT } from './exit.ts';
import { makeOutput } from './output.ts';
import { painter } from './painter.ts';
import { openScreen, type Screen } from './screen.ts';
import { commandSettings } from './settings.main.ts';
import { makeStop } from './stop.ts';
import { nobodyAnswers, runTop, topText } from './top.ts';
import { type Endpoint, parseEndpoints } from './top-endpoints.ts';
import { scrape } from './top-scrape.ts';

/** Columns of text that goes into a file or a pipe. */
const WIDE = 160;

/** `lethe top`: on a terminal until q, Ctrl-C or a signal; exit 69 with `--once` where no worker answers. */
export async function top(options: TopOptions): Promise<number> {
  const { stdin, stdout } = process;
  const endpoints = endpointsOf(options);
  const onTerminal = stdout.isTTY === true;
  const format = options.format ?? (onTerminal ? 'text' : 'json');
  const inPlace = onTerminal && format === 'text' && options.once !== true;
  const paint = painter();
  const output = makeOutput(stdout);
  const stop = makeStop(inPlace ? stdin : null);
  let screen: Screen | null = null;
  let last: TopView | null = null;
  let views = 0;
  const draw = (): void => {
    if (screen === null || last === null) return;
    screen.draw(layoutTop(last, screen.size(), paint));
  };
  const show = async (view: TopView): Promise<boolean> => {
    last = view;
    if (options.once === true && view.workers.answering === 0) return true;
    if (inPlace) {
      screen ??= openScreen(stdout, draw);
      draw();
      return true;
    }
    const blank = format === 'text' && views++ > 0 ? '\n' : '';
    const columns = onTerminal ? stdout.columns || 80 : WIDE;
    return output.write(blank + (format === 'json' ? `${JSON.stringify(view)}\n` : topText(view, columns, paint)));
  };
  let view: TopView;
  try {
    view = await runTop({
      ...{ endpoints, scrape, show, wait: stop.wait, interval: options.interval },
      lookup: (host) => lookup(host, { all: true }),
      count: options.once === true ? 1 : (options.count ?? null),
      now: Date.now,
    });
  } finally {
    stop.close();
    (screen as Screen | null)?.close();
  }
  // What was counted to its end stays to be read.
  if (inPlace && options.count !== undefined) stdout.write(topText(view, stdout.columns || 80, paint));
  if (options.once === true && view.workers.answering === 0) throw nobodyAnswers(view);
  return EXIT.ok;
}

function endpointsOf(options: TopOptions): readonly Endpoint[] {
  if (options.metrics !== undefined) return parseEndpoints(options.metrics);
  const { http } = commandSettings(options, []);
  if (http.port === 0) {
    throw new LetheError('usage', 'LETHE_HTTP_PORT is 0: nobody knows which port the worker took', {
      fix: 'Name it with --metrics http://HOST:PORT/metrics.',
    });
  }
  return parseEndpoints([`http://127.0.0.1:${http.port}/metrics`]);
}

/** `lethe top`: look, show, wait, and again. */
import { LetheError } from '../core/errors.ts';
import { layoutTop } from '../core/top/layout.ts';
import type { Paint } from '../core/top/lines.ts';
import type { TopView } from '../core/top/view.ts';
import { type Look, makeWatch } from '../core/top/watch.ts';
import { type Endpoint, type Lookup, resolve, type Target } from './top-endpoints.ts';

export type TopRun = {
  readonly endpoints: readonly Endpoint[];
  readonly lookup: Lookup;
  readonly scrape: (target: Target) => Promise<Look>;
  /** Milliseconds from the start of a look to that of the next. */
  readonly interval: number;
  /** How many looks; null: until it is stopped. */
  readonly count: number | null;
  /** False: nobody looks at it any longer. */
  readonly show: (view: TopView) => Promise<boolean>;
  /** Resolves after so many milliseconds, and at once when stopped: false then. */
  readonly wait: (milliseconds: number) => Promise<boolean>;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

/** Resolves to the last view. */
export async function runTop(run: TopRun): Promise<TopView> {
  const watch = makeWatch();
  for (let looks = 1; ; looks++) {
    const started = run.now();
    const view = watch.next(await lookAll(run), new Date(run.now()).toISOString());
    const seen = await run.show(view);
    if (!seen || looks === run.count) return view;
    const spent = Math.max(0, run.now() - started);
    if (!(await run.wait(Math.max(0, run.interval - spent)))) return view;
  }
}

async function lookAll({ endpoints, lookup, scrape }: TopRun): Promise<readonly Look[]> {
  const resolved = await Promise.all(endpoints.map((endpoint) => resolve(endpoint, lookup)));
  // Two names may stand for one worker.
  const targets = new Map<string, Target>();
  const unknown: Look[] = [];
  for (const one of resolved) {
    if (one.ok) for (const target of one.targets) targets.set(target.shown, target);
    else unknown.push({ endpoint: one.shown, at: 0, ok: false, problem: 'the host name has no address' });
  }
  return [...(await Promise.all([...targets.values()].map((target) => scrape(target)))), ...unknown];
}

/** The error of a single look that nobody answered. */
export function nobodyAnswers({ workers: { silent } }: TopView): LetheError {
  const [first] = silent;
  const more = silent.length > 1 ? `, and ${silent.length - 1} more` : '';
  return new LetheError('unavailable', `no worker answers: ${first?.endpoint ?? ''} ${first?.problem ?? ''}${more}`, {
    fix: 'Name their /metrics with --metrics URL; a worker serves them on LETHE_HTTP_PORT (9464).',
  });
}

/** A view as text that follows the one before it. */
export function topText(view: TopView, columns: number, paint: Paint): string {
  return `${layoutTop(view, { columns, rows: null }, paint).join('\n')}\n`;
}

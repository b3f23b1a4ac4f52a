/** What the flags of `lethe diff` come to. */
import { LetheError } from '../core/errors.ts';
import type { CompiledBundle, CompiledRoute } from '../core/policy/plan.ts';
import type { DiffOptions } from './commands/diff.ts';
import { sinceTime } from './diff-input.ts';
import { timeOption } from './time-option.ts';

export type ReadDiffOptions = {
  readonly measures: boolean;
  /** Epoch milliseconds, or null: each record as of when it arrived. */
  readonly now: number | null;
  /** Epoch milliseconds. */
  readonly present: number;
  /** Epoch milliseconds, or null: from the beginning. */
  readonly since: number | null;
  readonly examples: number;
  /** File or topic, for people. */
  readonly source: string;
};

const MOST_EXAMPLES = 1_000;

/**
 * Checks flags against each other.
 *
 * @param present epoch milliseconds.
 * @throws LetheError `usage`.
 */
export function readOptions(given: DiffOptions, present: number): ReadDiffOptions {
  const { in: file, fromTopic, since, consents, now, route, keys } = given;
  if (file !== undefined && fromTopic !== undefined) {
    throw new LetheError('usage', '--in and --from-topic exclude each other', { fix: 'Give one of them.' });
  }
  if (since !== undefined && fromTopic === undefined) throw only('--since', '--from-topic');
  if (route !== undefined && file === undefined) throw only('--route', '--in');
  const measures = file !== undefined || fromTopic !== undefined;
  for (const [flag, value] of Object.entries({ '--consents': consents, '--now': now, '--keys': keys })) {
    if (value !== undefined && !measures) throw only(flag, '--in or --from-topic');
  }
  const examples = /^[0-9]{1,4}$/.test(given.examples) ? Number(given.examples) : MOST_EXAMPLES + 1;
  if (examples > MOST_EXAMPLES) {
    throw new LetheError('usage', `--examples is no number from 0 to ${MOST_EXAMPLES}`, { fix: 'Correct it.' });
  }
  return {
    measures,
    now: now === undefined ? null : timeOption(now, '--now'),
    present,
    since: since === undefined ? null : sinceTime(since, present),
    examples,
    source: file ?? fromTopic ?? '',
  };
}

function only(flag: string, beside: string): LetheError {
  return new LetheError('usage', `${flag} is of use only with ${beside}`, { fix: `Add ${beside}, or leave it out.` });
}

/** The route of either bundle that reads the records to measure; one of the two may have none. */
export type RoutePair = { readonly before: CompiledRoute | null; readonly after: CompiledRoute | null };

/**
 * The routes to measure: those of the topic, or of `--route`, which may be left out where there is only one.
 *
 * @throws LetheError `usage` where there is none, or more than one.
 */
export function chooseRoutes(
  { before, after }: { readonly before: CompiledBundle; readonly after: CompiledBundle },
  { fromTopic, route }: Pick<DiffOptions, 'fromTopic' | 'route'>,
): RoutePair {
  const all = [...after.routes, ...before.routes];
  const topics = [...new Set(all.map(({ topic }) => topic))];
  const names = [...new Set(all.map(({ name }) => name))];
  const topic =
    fromTopic ?? (route === undefined ? onlyTopic(topics, names) : all.find((one) => one.name === route)?.topic);
  if (topic === undefined || !topics.includes(topic)) {
    throw fromTopic === undefined
      ? new LetheError('usage', `there is no route ${route}`, { fix: `Give --route with one of: ${names.join(', ')}.` })
      : new LetheError('usage', `no route reads ${fromTopic}`, { fix: `Give one of: ${topics.join(', ')}.` });
  }
  const reading = ({ routes }: CompiledBundle): CompiledRoute | null =>
    routes.find((one) => one.topic === topic) ?? null;
  return { before: reading(before), after: reading(after) };
}

function onlyTopic(topics: readonly string[], names: readonly string[]): string {
  const [topic] = topics;
  if (topics.length === 1 && topic !== undefined) return topic;
  throw new LetheError('usage', 'several routes: which one is to be measured?', {
    fix: `Give --route with one of: ${names.join(', ')}.`,
  });
}

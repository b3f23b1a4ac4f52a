/** Names that `lethe init` makes of what it reads, or takes from flags. */
import { LetheError } from '../core/errors.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const TOPIC = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/;

export type InitNames = { readonly route: string; readonly topic: string };

/** Where the records come from, as far as names go. */
export type NamedSource =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'topic'; readonly topic: string }
  | { readonly kind: 'subject'; readonly subject: string };

/** The name of the route and the raw topic; flags win. Throws `usage`. */
export function initNames(source: NamedSource, flags: { readonly route?: string; readonly topic?: string }): InitNames {
  if (flags.route !== undefined && !NAME.test(flags.route)) {
    throw new LetheError('usage', '--route is no name', { fix: 'Use letters, digits, `.`, `_` and `-`.' });
  }
  if (flags.topic !== undefined && !TOPIC.test(flags.topic)) {
    throw new LetheError('usage', '--topic is no name that Kafka takes for a topic', {
      fix: 'Use up to 249 letters, digits, `.`, `_` and `-`.',
    });
  }
  if (source.kind === 'topic' && flags.topic !== undefined && flags.topic !== source.topic) {
    throw new LetheError('usage', '--topic and --from-topic name different topics', { fix: 'Leave out --topic.' });
  }
  const known = source.kind === 'topic' ? source.topic : source.kind === 'subject' ? topicOf(source.subject) : null;
  const route =
    flags.route ?? routeOf(flags.topic ?? known ?? (source.kind === 'file' ? baseOf(source.file) : 'events'));
  return { route, topic: flags.topic ?? known ?? `raw.${route}` };
}

/** The topic of a subject by the usual strategy (`TOPIC-value`); null where it is named otherwise. */
function topicOf(subject: string): string | null {
  const topic = subject.endsWith('-value') ? subject.slice(0, -'-value'.length) : '';
  return TOPIC.test(topic) ? topic : null;
}

function baseOf(file: string): string {
  const name = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
  return name.replace(/\.(?:jsonl|ndjson|json|txt|log)$/i, '');
}

function routeOf(text: string): string {
  const name = text
    .replace(/^raw[._-]/, '')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|-+$/g, '');
  return name === '' ? 'events' : name.slice(0, 200);
}

import type { Located, PolicyDocument } from './document.ts';
import type { SourcePosition } from './plan.ts';
import { LETHE_TOPICS } from '../own-topics.ts';
import { formatPosition, type Report } from './report.ts';

/** Kafka's rule (org.apache.kafka.common.internals.Topic). */
const TOPIC_NAME = /^[A-Za-z0-9._-]{1,249}$/;

type Use = { readonly what: string; readonly topic: string; readonly position: SourcePosition };

/**
 * Checks the names of routes and topics across all policies: a raw topic has one route, an output topic one output, and
 * no output is read again. Else records would go round, or two purposes meet in one topic.
 */
export function checkTopics(policies: readonly Located<PolicyDocument>[], report: Report): void {
  const routes = new Map<string, SourcePosition>();
  const uses = new Map<string, Use>();
  for (const doc of policies) {
    const { route, from, outputs } = doc.value;
    const position = doc.at(['route']);
    const other = routes.get(route);
    if (other === undefined) {
      routes.set(route, position);
    } else {
      report.error(
        'route-duplicate',
        position,
        `the route \`${route}\` is defined twice, first at ${formatPosition(other)}`,
        'Give each route a name of its own.',
      );
    }
    use(uses, { what: 'raw topic', topic: from.topic, position: doc.at(['from', 'topic']) }, report);
    for (const [index, { topic }] of outputs.entries()) {
      use(uses, { what: 'output topic', topic, position: doc.at(['outputs', index, 'topic']) }, report);
    }
  }
}

function use(uses: Map<string, Use>, one: Use, report: Report): void {
  const { topic, position, what } = one;
  if (!TOPIC_NAME.test(topic) || topic === '.' || topic === '..') {
    report.error(
      'topic-invalid',
      position,
      `\`${topic}\` is no name that Kafka takes for a topic`,
      'Use up to 249 letters, digits, `.`, `_` and `-`.',
    );
    return;
  }
  // Kafka refuses a topic whose name differs from another's only in `.` and `_`: their metrics would collide.
  const name = topic.replaceAll('.', '_');
  if (topic.startsWith('__') || LETHE_TOPICS.some((own) => own.replaceAll('.', '_') === name)) {
    report.error(
      'topic-reserved',
      position,
      `\`${topic}\` is ${topic.startsWith('__') ? 'kept for Kafka itself' : "kept for Lethe's own records"}`,
      'Use another topic.',
    );
    return;
  }
  const other = uses.get(name);
  if (other === undefined) {
    uses.set(name, one);
    return;
  }
  const where = `the ${other.what} \`${other.topic}\` at ${formatPosition(other.position)}`;
  report.error(
    other.topic === topic ? 'topic-duplicate' : 'topic-collision',
    position,
    other.topic === topic
      ? `the ${what} \`${topic}\` is also ${where}`
      : `Kafka cannot hold the ${what} \`${topic}\` beside ${where}`,
    'Give every route its own raw topic and every output its own topic.',
  );
}

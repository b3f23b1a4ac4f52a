/**
 * What each role has to be allowed at Kafka: no more than what its requests are checked for.
 *
 * Kafka implies some: Describe comes with Read, Write, Delete and Alter; DescribeConfigs with AlterConfigs. IdempotentWrite
 * comes with Write on any topic (KIP-679, Kafka 3.0).
 */
import {
  AUDIT_TOPIC,
  CONSENT_EVENTS_TOPIC,
  DEAD_LETTER_TOPIC,
  LETHE_TOPICS,
  PUBLISHED_KEYS_TOPIC,
  REQUESTS_TOPIC,
} from '../own-topics.ts';
import type { CompiledRoute, OutputPlan } from '../policy/plan.ts';
import type { Role } from './role.ts';

/** By their code in the protocol (org.apache.kafka.common.acl.AclOperation), in Kafka's own spelling. */
export const KAFKA_OPERATIONS = {
  Read: 3,
  Write: 4,
  Create: 5,
  Delete: 6,
  Alter: 7,
  Describe: 8,
  ClusterAction: 9,
  DescribeConfigs: 10,
  AlterConfigs: 11,
  IdempotentWrite: 12,
} as const;

export type KafkaOperation = keyof typeof KAFKA_OPERATIONS;

export type KafkaResourceType = 'topic' | 'group' | 'transactional-id';

export type KafkaRight = {
  readonly resource: KafkaResourceType;
  readonly name: string;
  readonly pattern: 'literal' | 'prefixed';
  readonly operations: readonly KafkaOperation[];
  /** Only where the role is to make the topic itself. */
  readonly mayCreate: boolean;
  readonly why: string;
};

export type RightsOf = {
  readonly routes: readonly Pick<CompiledRoute, 'topic' | 'plan'>[];
  /** Of the workers. */
  readonly groupId: string;
};

/** Of replays of dead letters (adapters/kafka/replay-log.ts), which a request has to shut out. */
const REPLAY_TRANSACTIONAL_ID = 'lethe-dead-letters-replay';

/** One for each resource, in the order of the configuration. */
export function kafkaRights(roles: readonly Role[], of: RightsOf): readonly KafkaRight[] {
  return merged(roles.flatMap((role) => OF_ROLE[role](of)));
}

/**
 * The start of the names of a raw topic's transactional ids, which end in the partition (adapters/kafka/lane.ts): there may
 * be more partitions tomorrow.
 */
export function transactionalIdPrefix(groupId: string, rawTopic: string): string {
  return `${groupId}.${rawTopic}.`;
}

const OF_ROLE: Readonly<Record<Role, (of: RightsOf) => readonly KafkaRight[]>> = {
  gateway: ({ routes, groupId }) => [
    group(groupId, ['Read'], 'workers share partitions, and commit'),
    ...routes.flatMap(({ topic, plan }) => [
      right(topic, ['Read', 'DescribeConfigs'], 'raw records'),
      transactions(groupId, topic, 'one transaction a batch'),
      ...plan.outputs.map((output) =>
        right(output.topic, ['Write', 'DescribeConfigs'], 'sanitized records', { mayCreate: true }),
      ),
    ]),
    ...[AUDIT_TOPIC, DEAD_LETTER_TOPIC].map((topic) =>
      right(topic, ['Write', 'DescribeConfigs'], 'of each batch', { mayCreate: true }),
    ),
    right(PUBLISHED_KEYS_TOPIC, indexes(routes) ? ['Write', 'DescribeConfigs'] : ['Describe'], 'index of keys', {
      mayCreate: true,
    }),
    ...[CONSENT_EVENTS_TOPIC, REQUESTS_TOPIC].map((topic) =>
      right(topic, ['Describe'], 'to see that it is there', { mayCreate: true }),
    ),
  ],

  control: ({ routes, groupId }) => [
    right(CONSENT_EVENTS_TOPIC, ['Read', 'Write', 'DescribeConfigs'], 'the consent feed', { mayCreate: true }),
    right(REQUESTS_TOPIC, ['Read', 'Write'], "subjects' requests", { mayCreate: true }),
    right(PUBLISHED_KEYS_TOPIC, ['Read', 'Write'], 'an erasure empties it of a subject', { mayCreate: true }),
    right(AUDIT_TOPIC, ['Read'], 'what a report of access says of published records', { mayCreate: true }),
    right(DEAD_LETTER_TOPIC, ['Describe'], 'to see that it is there', { mayCreate: true }),
    group(groupId, ['Describe'], 'how far workers are'),
    {
      ...transactions(groupId, '', ''),
      name: REPLAY_TRANSACTIONAL_ID,
      pattern: 'literal',
      why: 'an erasure fences it',
    },
    ...routes.flatMap(({ topic, plan }) => [
      right(topic, ['Read'], 'whether records wait that an erasure has to wait for'),
      transactions(groupId, topic, 'an erasure fences workers that are gone'),
      ...plan.outputs.map((output) => right(output.topic, ofRequests(output), "subjects' requests")),
    ]),
  ],

  push: ({ routes }) => [
    ...routes.flatMap(({ topic, plan }) => [
      right(topic, ['Describe', 'DescribeConfigs'], 'partitions of its outputs'),
      ...plan.outputs.map((output) =>
        right(output.topic, ['Describe', 'DescribeConfigs'], 'whether it keeps what its purpose promises', {
          mayCreate: true,
        }),
      ),
    ]),
    ...LETHE_TOPICS.map((topic) => right(topic, ['Describe'], 'to see that it is there', { mayCreate: true })),
  ],
};

/** Records without a key belong to nobody: a request only looks at what becomes of them by age. */
function ofRequests({ key, cleanup = 'delete' }: OutputPlan): readonly KafkaOperation[] {
  if (key.kind === 'none') return ['Describe', 'DescribeConfigs'];
  return cleanup === 'delete' ? ['Read', 'DescribeConfigs'] : ['Read', 'Write', 'DescribeConfigs'];
}

/** Workers go by what the topic is set to, whatever the policy says. */
function indexes(routes: RightsOf['routes']): boolean {
  return routes.some(({ plan }) => plan.outputs.some(({ key }) => key.kind === 'leaf'));
}

function right(
  name: string,
  operations: readonly KafkaOperation[],
  why: string,
  { mayCreate = false }: { readonly mayCreate?: boolean } = {},
): KafkaRight {
  return { resource: 'topic', name, pattern: 'literal', operations, mayCreate, why };
}

function group(name: string, operations: readonly KafkaOperation[], why: string): KafkaRight {
  return { resource: 'group', name, pattern: 'literal', operations, mayCreate: false, why };
}

function transactions(groupId: string, rawTopic: string, why: string): KafkaRight {
  const name = transactionalIdPrefix(groupId, rawTopic);
  return { resource: 'transactional-id', name, pattern: 'prefixed', operations: ['Write'], mayCreate: false, why };
}

/** Several routes may share an output; several roles, a user. */
function merged(rights: readonly KafkaRight[]): readonly KafkaRight[] {
  const known = new Map<string, KafkaRight>();
  for (const one of rights) {
    const key = `${one.resource} ${one.name}`;
    const before = known.get(key);
    if (before === undefined) {
      known.set(key, { ...one, operations: needed(one.operations) });
      continue;
    }
    known.set(key, {
      ...before,
      operations: needed([...before.operations, ...one.operations]),
      mayCreate: before.mayCreate || one.mayCreate,
      why: before.why.split('; ').includes(one.why) ? before.why : `${before.why}; ${one.why}`,
    });
  }
  return [...known.values()];
}

/** Each once, in Kafka's order, without what another one brings. */
function needed(operations: readonly KafkaOperation[]): readonly KafkaOperation[] {
  const all = new Set(operations);
  if (all.has('Read') || all.has('Write')) all.delete('Describe');
  return [...all].toSorted((a, b) => KAFKA_OPERATIONS[a] - KAFKA_OPERATIONS[b]);
}

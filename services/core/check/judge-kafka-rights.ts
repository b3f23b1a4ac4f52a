/** Held against each other: what a user may do at Kafka, and what its roles need. */
import { kafkaAclsLine } from './acls.ts';
import { type Finding, saying } from './finding.ts';
import type { KafkaOperation, KafkaRight } from './kafka-rights.ts';

export type TopicAuthority = {
  /** The user may know of it. Where not, nobody can tell whether it is there. */
  readonly visible: boolean;
  readonly exists: boolean;
  readonly operations: ReadonlySet<KafkaOperation>;
};

/** What the brokers say that the user may do. */
export type KafkaAuthority = {
  readonly cluster: ReadonlySet<KafkaOperation>;
  /** Those that were asked for. */
  readonly topics: ReadonlyMap<string, TopicAuthority>;
  /** All others that the user may know of. */
  readonly others: ReadonlyMap<string, ReadonlySet<KafkaOperation>>;
  /** By group. */
  readonly groups: ReadonlyMap<string, ReadonlySet<KafkaOperation>>;
  /** Whether an id may be written with; prefixes are asked for with `CHECK_SUFFIX` behind them. */
  readonly transactionalIds: ReadonlyMap<string, boolean>;
};

/** No partition has it for a number, so that no worker ever has such an id. */
export const CHECK_SUFFIX = 'check';
/** Somebody else's. */
export const FOREIGN_TRANSACTIONAL_ID = 'not-lethe-check';

/** Rights by which a cluster is run: who has all of them is a super user, or nobody is held back. */
const RUNS_CLUSTER: readonly KafkaOperation[] = ['Alter', 'AlterConfigs', 'ClusterAction', 'Create'];
/** More than looking at it. */
const DOES: readonly KafkaOperation[] = ['Read', 'Write', 'Create', 'Delete', 'Alter', 'AlterConfigs'];
const NAMED = 3;

const { ok, warn, fail } = saying('kafka rights');

export function judgeKafkaRights(
  rights: readonly KafkaRight[],
  authority: KafkaAuthority,
  principal: string,
): readonly Finding[] {
  const missing = rights.flatMap((right) => {
    const lacking = right.operations.filter((operation) => !may(right, operation, authority));
    if (lacking.length === 0) return [];
    return [
      fail(nameOf(right), `may not ${lacking.join(', ')} (${right.why})`, kafkaAclsLine(principal, [right], lacking)),
    ];
  });
  const allowed = rights.length - missing.length;
  const summary =
    allowed === 0 ? [] : [ok(principal, `has what it needs of ${allowed} of ${rights.length} topics, groups and ids`)];
  return [...summary, ...missing, ...excess(rights, authority, principal)];
}

function may({ resource, name, pattern }: KafkaRight, operation: KafkaOperation, authority: KafkaAuthority): boolean {
  if (resource === 'transactional-id') {
    return authority.transactionalIds.get(pattern === 'prefixed' ? `${name}${CHECK_SUFFIX}` : name) === true;
  }
  if (resource === 'group') return authority.groups.get(name)?.has(operation) === true;
  return authority.topics.get(name)?.operations.has(operation) === true;
}

function nameOf({ resource, name, pattern }: KafkaRight): string {
  return `${resource.replace('-', ' ')} ${name}${pattern === 'prefixed' ? '*' : ''}`;
}

/** What the user may do and never does. Being able to make topics, and to look at settings, is no harm. */
function excess(rights: readonly KafkaRight[], authority: KafkaAuthority, principal: string): readonly Finding[] {
  if (RUNS_CLUSTER.every((operation) => authority.cluster.has(operation))) {
    return [
      warn(
        principal,
        'may do everything: it is a super user, or the brokers have no authorizer',
        'Set authorizer.class.name on the brokers, and give this user what "lethe check --print-acls" prints.',
      ),
    ];
  }
  const findings: Finding[] = [];
  const tooMuch = (subject: string, operations: readonly string[]): void => {
    if (operations.length === 0) return;
    const fix = 'Remove these ACLs: "lethe check --print-acls" prints the ones that are needed.';
    findings.push(warn(subject, `may ${operations.join(', ')}, and does not need it`, fix));
  };
  tooMuch(
    'cluster',
    [...authority.cluster].filter((operation) => DOES.includes(operation)),
  );
  for (const [name, { operations }] of authority.topics) {
    const right = rights.find((one) => one.resource === 'topic' && one.name === name);
    const fine: readonly KafkaOperation[] = [
      ...(right?.operations ?? []),
      ...(right?.mayCreate === true ? ['Create' as const] : []),
    ];
    tooMuch(
      `topic ${name}`,
      DOES.filter((operation) => operations.has(operation) && !fine.includes(operation)),
    );
  }
  for (const [name, operations] of authority.groups) {
    const right = rights.find((one) => one.resource === 'group' && one.name === name);
    const needed: readonly KafkaOperation[] = right?.operations ?? [];
    tooMuch(
      `group ${name}`,
      DOES.filter((operation) => operations.has(operation) && !needed.includes(operation)),
    );
  }
  const foreign = [...authority.others].filter(([, operations]) => operations.has('Read') || operations.has('Write'));
  if (foreign.length > 0) {
    const named = foreign.slice(0, NAMED).map(([name]) => name);
    const more = foreign.length > NAMED ? ` and ${foreign.length - NAMED} more` : '';
    tooMuch('other topics', [`Read or Write ${named.join(', ')}${more}`]);
  }
  if (authority.transactionalIds.get(FOREIGN_TRANSACTIONAL_ID) === true)
    tooMuch('transactional ids', ['Write with any']);
  return findings;
}

/** The exact ACLs of roles, for `kafka-acls.sh`, for programs, and for Redis. */
import { kafkaRights, type KafkaOperation, type KafkaRight, type RightsOf } from './kafka-rights.ts';
import { aclSetUser, redisRights, type RedisRights, type RedisRightsOf } from './redis-rights.ts';
import type { Role } from './role.ts';

export type AclNames = {
  /** With its type: `User:lethe-gateway`. */
  readonly principal: string;
  readonly redisUser: string;
};

export type RoleAcls = {
  readonly role: Role;
  readonly names: AclNames;
  readonly kafka: readonly KafkaRight[];
  readonly redis: RedisRights;
};

/** One binding, with the names of org.apache.kafka.common.acl. */
export type AclBinding = {
  readonly principal: string;
  readonly host: '*';
  readonly permission: 'Allow';
  readonly resourceType: 'Topic' | 'Group' | 'TransactionalId';
  readonly resourceName: string;
  readonly patternType: 'Literal' | 'Prefixed';
  readonly operation: KafkaOperation;
  /** Only where the role is to make missing topics itself. */
  readonly optional: boolean;
  readonly why: string;
};

export function roleAcls(role: Role, names: AclNames, of: RightsOf & RedisRightsOf): RoleAcls {
  return { role, names, kafka: kafkaRights([role], of), redis: redisRights([role], of) };
}

const TYPES = { topic: 'Topic', group: 'Group', 'transactional-id': 'TransactionalId' } as const;

export function bindingsOf({ names, kafka }: Pick<RoleAcls, 'names' | 'kafka'>): readonly AclBinding[] {
  return kafka.flatMap((right) => {
    const { resource, name, pattern, operations, mayCreate, why } = right;
    const one = (operation: KafkaOperation, optional: boolean): AclBinding => ({
      principal: names.principal,
      host: '*',
      permission: 'Allow',
      resourceType: TYPES[resource],
      resourceName: name,
      patternType: pattern === 'literal' ? 'Literal' : 'Prefixed',
      operation,
      optional,
      why,
    });
    return [...operations.map((operation) => one(operation, false)), ...(mayCreate ? [one('Create', true)] : [])];
  });
}

const CONNECTION = 'kafka-acls.sh --bootstrap-server "$BROKER" --command-config admin.properties';

type OnResource = Pick<KafkaRight, 'resource' | 'name' | 'pattern'>;

/** The line that allows operations on a resource, or on several of a kind. */
export function kafkaAclsLine(
  principal: string,
  on: readonly [OnResource, ...OnResource[]],
  operations: readonly KafkaOperation[],
): string {
  const prefixed = on[0].pattern === 'prefixed' ? ['--resource-pattern-type', 'prefixed'] : [];
  const names = on.flatMap(({ resource, name }) => [`--${resource}`, name]);
  const what = operations.flatMap((operation) => ['--operation', operation]);
  return [CONNECTION, '--add --allow-principal', quoted(principal), ...what, ...prefixed, ...names].join(' ');
}

/** As few lines as can be: `kafka-acls.sh` takes several resources at once. */
function kafkaAclsLines(principal: string, rights: readonly KafkaRight[]): readonly string[] {
  const alike = new Map<string, [KafkaRight, ...KafkaRight[]]>();
  for (const right of rights) {
    const key = [right.resource, right.pattern, ...right.operations].join();
    const others = alike.get(key);
    if (others === undefined) alike.set(key, [right]);
    else others.push(right);
  }
  return [...alike.values()].map((some) => kafkaAclsLine(principal, some, some[0].operations));
}

/** For people: comments and lines to paste. Ends in a line feed. */
export function aclsText(all: readonly RoleAcls[]): string {
  const blocks = all.map(({ role, names, kafka, redis }) => {
    const width = Math.max(...kafka.map(({ name }) => name.length));
    const [first, ...others] = kafka.filter(({ mayCreate }) => mayCreate);
    return [
      `# lethe ${role === 'gateway' ? 'run' : role}: ${names.principal} at Kafka, ${names.redisUser} at Redis`,
      ...kafka.map(({ name, pattern, operations, why }) => {
        const shown = `${name}${pattern === 'prefixed' ? '*' : ''}`;
        return `#   ${shown.padEnd(width + 1)}  ${operations.join(', ')}: ${why}`;
      }),
      ...kafkaAclsLines(names.principal, kafka),
      ...(first === undefined
        ? []
        : [
            '# Only where it is to make missing topics itself, in place of "lethe push" by somebody who may:',
            `# ${kafkaAclsLine(names.principal, [first, ...others], ['Create'])}`,
          ]),
      '# Redis 7; in its ACL file, write "user" for "ACL SETUSER":',
      aclSetUser(names.redisUser, 'PASSWORD', redis),
    ].join('\n');
  });
  return `${blocks.join('\n\n')}\n`;
}

/** For programs. Ends in a line feed. */
export function aclsJson(all: readonly RoleAcls[]): string {
  const roles = all.map((acls) => ({
    role: acls.role,
    kafka: bindingsOf(acls),
    redis: {
      user: acls.names.redisUser,
      keys: acls.redis.keys,
      commands: acls.redis.commands,
      line: aclSetUser(acls.names.redisUser, 'PASSWORD', acls.redis),
    },
  }));
  return `${JSON.stringify({ roles }, null, 2)}\n`;
}

/** For a shell. */
function quoted(text: string): string {
  return /^[A-Za-z0-9._:@/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Issue 6, least privilege: what `lethe check --print-acls` prints is all that Lethe needs. A broker that denies by default
 * and a Redis whose default user is off; users with exactly the printed rights; then one right less, and `check` says which;
 * then more than that, and it warns.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lethe, type RunningWorker, startWorker } from '../../deploy/demo/processes.ts';
import { createTopics, produce } from '../../deploy/demo/topics.ts';
import type { Part } from '../../deploy/local/part.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { startRedis } from '../../deploy/local/redis.ts';
import { createRunDir, type RunDir } from '../../deploy/local/run-dir.ts';
import { makeApiToken } from '../../services/adapters/config/api-tokens.ts';
import { compileBundle, loadBundle } from '../../services/adapters/config/load.ts';
import { askKafka } from '../../services/adapters/kafka/authority.ts';
import { connectRedis } from '../../services/adapters/redis/client.ts';
import { askRedis } from '../../services/adapters/redis/authority.ts';
import type { AclBinding } from '../../services/core/check/acls.ts';
import type { Finding } from '../../services/core/check/finding.ts';
import { judgeKafkaRights } from '../../services/core/check/judge-kafka-rights.ts';
import { judgeRedisRights } from '../../services/core/check/judge-redis.ts';
import { kafkaRights } from '../../services/core/check/kafka-rights.ts';
import { encrypts, redisExcess, redisRights } from '../../services/core/check/redis-rights.ts';
import { type Role, ROLES } from '../../services/core/check/role.ts';
import { makeWrittenTopics } from '../../services/gateway/written-topics.main.ts';
import type { CompiledBundle } from '../../services/core/policy/plan.ts';
import { command, until } from '../stack/commands.ts';
import { startSecureKafka, type SecureKafka } from '../stack/secure-kafka.ts';
import { event, FIELDS, writeConfig } from '../stack/small-config.ts';
import { isReady } from '../stack/workbench.ts';

const RAW = 'raw.least';
const GROUP = 'least';
/** Compacted, so that an erasure writes; and one that encrypts, so that data keys are made. */
const OUTPUTS = `outputs:
  - topic: clean.least.a
    purpose: analytics
    cleanup: compact
    rules:
      - { select: system, action: keep }
      - { select: user.unique_id, action: pseudonymize }
  - topic: clean.least.f
    purpose: fraud
    rules:
      - { select: system, action: keep }
      - { select: user.contact.email, action: encrypt }
`;
const PASSWORD = 'not-a-secret-1';
const users = Object.fromEntries(ROLES.map((role) => [`lethe-${role}`, PASSWORD]));

type Printed = {
  readonly role: Role;
  readonly kafka: readonly AclBinding[];
  readonly redis: {
    readonly line: string;
    readonly keys: readonly { pattern: string; access: string }[];
    readonly commands: readonly string[];
  };
};

const dir = mkdtempSync(join(tmpdir(), 'lethe-least-'));
const config = join(dir, 'config');
const log = join(dir, 'processes.log');
const { token, line: tokenLine } = makeApiToken('shop', [
  'consents:read',
  'consents:write',
  'consents:erase',
  'requests:read',
  'requests:write',
]);

let kafka: SecureKafka;
let runDir: RunDir;
let redis: Part;
let admin: Redis;
let compiled: CompiledBundle;
let printed: readonly Printed[];
const env = new Map<Role, Record<string, string>>();
let gateway: RunningWorker;
let control: RunningWorker;
let api: string;

const { AclResourceTypes, AclOperationTypes, AclPermissionTypes, ResourcePatternTypes } = kafkajs;
const OPERATIONS: Readonly<Record<string, number>> = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Create: AclOperationTypes.CREATE,
  Delete: AclOperationTypes.DELETE,
  Alter: AclOperationTypes.ALTER,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
};
const TYPES: Readonly<Record<string, number>> = {
  Topic: AclResourceTypes.TOPIC,
  Group: AclResourceTypes.GROUP,
  TransactionalId: AclResourceTypes.TRANSACTIONAL_ID,
  Cluster: AclResourceTypes.CLUSTER,
};
type Acl = Omit<AclBinding, 'resourceType' | 'optional' | 'why' | 'operation'> & {
  resourceType: string;
  operation: string;
};
const entry = ({ principal, resourceType, resourceName, patternType, operation }: Acl) => ({
  principal,
  host: '*',
  resourceName,
  resourceType: TYPES[resourceType] ?? 0,
  resourcePatternType: patternType === 'Literal' ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED,
  operation: OPERATIONS[operation] ?? 0,
  permissionType: AclPermissionTypes.ALLOW,
});
const allow = (acls: readonly Acl[]) => kafka.admin.createAcls({ acl: acls.map(entry) });
const forbid = async (acls: readonly Acl[]): Promise<void> => {
  const { filterResponses } = await kafka.admin.deleteAcls({ filters: acls.map(entry) });
  expect(filterResponses.map(({ matchingAcls }) => matchingAcls.length)).toEqual(acls.map(() => 1));
};
const of = (role: Role): Printed => {
  const found = printed.find((one) => one.role === role);
  if (found === undefined) throw new Error('not printed');
  return found;
};
const needed = (role: Role): readonly AclBinding[] => of(role).kafka.filter(({ optional }) => !optional);
const lineOf = (role: Role): string[] => of(role).redis.line.replace('PASSWORD', PASSWORD).split(' ');
const setUser = async ([first = '', ...rest]: readonly string[]): Promise<void> => {
  expect(await admin.call(first, ...rest)).toBe('OK');
};

/** What `check` says of the user's rights, without a process for each. */
const clients = new Map<Role, InstanceType<typeof kafkajs.Kafka>>();
async function kafkaFindings(role: Role): Promise<readonly Finding[]> {
  const rights = kafkaRights([role], { routes: compiled.routes, groupId: GROUP });
  const client = clients.get(role);
  if (client === undefined) throw new Error('no client');
  const { authority } = await askKafka(client, [kafka.endpoints.sasl], rights);
  return judgeKafkaRights(rights, authority, `User:lethe-${role}`);
}
async function redisFindings(role: Role): Promise<readonly Finding[]> {
  const rights = redisRights([role], { encrypts: encrypts(compiled), database: 0, cluster: false });
  const client = connectRedis({ url: env.get(role)?.['REDIS_URL'] ?? '' });
  try {
    const probes = [...rights.probes, ...redisExcess(rights).flatMap((one) => one.probes)];
    const { may } = await askRedis(client, probes, Date.now);
    return judgeRedisRights(rights, may, `lethe-${role}`);
  } finally {
    await client.close();
  }
}
const bad = (findings: readonly Finding[]): readonly Finding[] => findings.filter(({ level }) => level !== 'ok');
const failed = (findings: readonly Finding[]): string[] =>
  findings.filter(({ level }) => level === 'fail').map(({ subject, finding }) => `${subject} ${finding}`);

const nonEmpty = <T>(all: readonly T[]): readonly T[] | null => (all.length > 0 ? all : null);
/** Whatever comes of it, the rights are as before after that. */
async function without(acls: readonly Acl[], work: () => Promise<void>): Promise<void> {
  await forbid(acls);
  try {
    await work();
  } finally {
    await allow(acls);
  }
}
async function withMore(acls: readonly Acl[], work: () => Promise<void>): Promise<void> {
  await allow(acls);
  try {
    await work();
  } finally {
    await forbid(acls);
  }
}

async function published(topic: string): Promise<number> {
  return (await kafka.admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);
}
let sent = 0;
const say = (subject: number): Promise<void> =>
  produce(kafka.kafka, RAW, [{ partition: 0, key: null, value: event(sent++, subject) }]);
/** Of the group that decides; asked of Kafka by whoever may do everything. */
async function position(): Promise<number> {
  const [found] = await kafka.admin.fetchOffsets({ groupId: GROUP, topics: [RAW] });
  return Math.max(0, Number(found?.partitions.find(({ partition }) => partition === 0)?.offset ?? 0));
}
async function call(
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${api}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

beforeAll(async () => {
  runDir = createRunDir();
  [kafka, redis] = await Promise.all([startSecureKafka({ users, authorizer: true }), startRedis(runDir, () => {})]);
  writeConfig(config, [{ name: 'least', body: FIELDS + OUTPUTS }]);
  const loaded = await loadBundle(config);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const result = compileBundle(loaded.bundle);
  if (!result.ok) throw new Error('does not compile');
  compiled = result.compiled;

  const keys = join(dir, 'keys.json');
  const tokens = join(dir, 'tokens.yaml');
  writeFileSync(tokens, tokenLine, { mode: 0o600 });
  const common = { LETHE_GROUP_ID: GROUP, LETHE_SESSION_TIMEOUT: 'PT6S' };
  const acls = await command(['check', '--print-acls', '--format', 'json', config], common);
  expect(acls).toMatchObject({ code: 0, stderr: '' });
  printed = (JSON.parse(acls.stdout) as { roles: Printed[] }).roles;
  await allow(printed.flatMap(({ role }) => needed(role)));
  await createTopics(kafka.admin, [RAW], 2);

  const port = new URL(redis.endpoint).port;
  admin = new Redis(redis.endpoint);
  await setUser(['ACL', 'SETUSER', 'admin', 'on', '>admin', '~*', '&*', '+@all']);
  for (const role of ROLES) await setUser(lineOf(role));
  await admin.auth('admin', 'admin');
  await setUser(['ACL', 'SETUSER', 'default', 'off']);

  const [apiPort = 0] = await freePorts(1);
  api = `http://127.0.0.1:${apiPort}`;
  for (const role of ROLES) {
    env.set(role, {
      ...common,
      ...(await kafka.settings('scram-sha-512', `lethe-${role}`)),
      REDIS_URL: `redis://lethe-${role}:${PASSWORD}@127.0.0.1:${port}`,
      ...(role === 'push' ? {} : { LETHE_KEYS_FILE: keys }),
      ...(role === 'control' ? { LETHE_API_TOKENS_FILE: tokens, LETHE_API_PORT: String(apiPort) } : {}),
    });
    clients.set(
      role,
      new kafkajs.Kafka({
        brokers: [kafka.endpoints.sasl],
        ssl: { ca: readFileSync(kafka.authority.ca, 'utf8') },
        sasl: { mechanism: 'scram-sha-512', username: `lethe-${role}`, password: PASSWORD },
        logLevel: kafkajs.logLevel.NOTHING,
      }),
    );
  }
  await lethe(['keys', 'generate', '--out', keys], {});
  // Whoever may make topics makes them; Lethe's own users do not.
  await makeWrittenTopics(kafka.admin, [kafka.endpoints.mtls]).ensure(compiled.routes);
});
afterAll(async () => {
  await Promise.all([gateway?.kill(), control?.kill()]);
  admin?.disconnect();
  await Promise.all([kafka?.stop(), redis?.kill()]);
  runDir?.remove();
  rmSync(dir, { recursive: true, force: true });
});

describe('with the printed rights and no others', () => {
  it('pushes, takes a consent, publishes, and erases', async () => {
    const pushed = await command(['push', config], env.get('push') ?? {});
    expect(pushed.code, pushed.stderr).toBe(0);
    const [first = 0, second = 0] = await freePorts(2);
    control = startWorker(first, env.get('control') ?? {}, log, 'control');
    gateway = startWorker(second, env.get('gateway') ?? {}, log);
    await until('the API is up', () =>
      fetch(`${api}/v1/openapi.json`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    const granted = { purpose: 'analytics', decision: 'granted', region: 'DE', method: 'explicit' };
    const taken = await call('PUT', '/v1/consents?wait=effective', { subject: 'c-1', events: [granted] });
    expect(taken).toMatchObject({ status: 200, body: { effective: true } });
    await isReady(gateway);
    await say(1);
    await until(
      'it is published',
      async () => (await published('clean.least.a')) > 0 && (await published('clean.least.f')) > 0,
    );

    const made = await call('POST', '/v1/requests', { subject: 'c-1', subject_request_type: 'erasure' });
    expect(made.status).toBe(202);
    await until('the erasure is done', async () => {
      const { body } = await call('GET', `/v1/requests/${String(made.body['subject_request_id'])}`);
      return body['request_status'] === 'completed';
    });
  });

  it('was refused nothing by Redis', async () => {
    expect(await admin.call('ACL', 'LOG')).toEqual([]);
  });

  it('is found to have all it needs, and no more', async () => {
    const ends = await Promise.all(
      ROLES.map((role) => command(['check', '--role', role, '--format', 'json'], env.get(role) ?? {})),
    );
    for (const [index, { code, stdout, stderr }] of ends.entries()) {
      expect(stderr).toBe('');
      const { findings } = JSON.parse(stdout) as { findings: Finding[] };
      const told = findings.filter(({ section, subject }) => section === 'kafka rights' || subject.startsWith('user '));
      // Whether it may write cannot be asked by who may run no script; it is of no use to a worker either.
      expect(bad(told), ROLES[index]).toEqual([]);
      expect(code, stdout).toBe(0);
    }
  });
});

it('who is not let in is told why', async () => {
  const own = env.get('gateway') ?? {};
  const outside = own['KAFKA_BROKERS']?.replace('localhost', '127.0.0.1') ?? '';
  const wrong = join(dir, 'wrong-password');
  writeFileSync(wrong, 'another', { mode: 0o600 });
  const tried: [Record<string, string>, string][] = [
    [{ KAFKA_BROKERS: outside }, 'TLS fails: '],
    [{ KAFKA_SASL_PASSWORD_FILE: wrong }, 'it refuses the log-in (SASL_AUTHENTICATION_FAILED)'],
    [{ REDIS_URL: own['REDIS_URL']?.replace(PASSWORD, 'another') ?? '' }, 'it answered WRONGPASS'],
  ];
  const ends = await Promise.all(
    tried.map(([more]) => command(['check', '--role', 'gateway', config], { ...own, ...more })),
  );
  for (const [index, { code, stdout }] of ends.entries()) {
    expect(stdout).toContain(tried[index]?.[1]);
    expect(stdout).not.toContain(PASSWORD);
    expect(code, stdout).toBe(69);
  }
});

describe('with one right less', () => {
  it('each role is told which one it lacks at Kafka', async () => {
    const oneLess = async (role: Role): Promise<void> => {
      for (const binding of needed(role)) {
        const { resourceName, operation } = binding;
        await without([binding], async () => {
          const what = `${role} lacks ${operation} on ${resourceName}`;
          // What the last one lacked may still be on its way back.
          const told = new RegExp(`${resourceName.replaceAll('.', '\\.')}\\*? may not ${operation} `);
          await until(what, async () => {
            const lacking = failed(await kafkaFindings(role));
            return lacking.length === 1 && told.test(lacking[0] ?? '');
          });
        });
      }
      await until('all is allowed again', async () => failed(await kafkaFindings(role)).length === 0);
    };
    await Promise.all(ROLES.map(oneLess));
  });

  it.each(ROLES)('%s is told which one it lacks at Redis', async (role) => {
    const { commands, keys } = of(role).redis;
    for (const name of commands) {
      await setUser(['ACL', 'SETUSER', `lethe-${role}`, `-${name}`]);
      const lacking = bad(await redisFindings(role)).map(({ finding }) => finding);
      if (name === 'info') expect(lacking.join()).toContain('may not INFO');
      else expect(lacking, name).toContainEqual(expect.stringMatching(new RegExp(`^may not ${name}\\b`, 'i')));
      await setUser(lineOf(role));
    }
    for (const { pattern } of keys) {
      await setUser(lineOf(role).filter((part) => !part.endsWith(`~${pattern}`)));
      const lacking = failed(await redisFindings(role));
      expect(lacking.length, pattern).toBeGreaterThan(0);
      const others = lacking.filter((one) => !one.includes(pattern.replace(/\{?\*$/, '')));
      expect(others, pattern).toEqual([]);
      await setUser(lineOf(role));
    }
  });

  it('a worker passes nothing on, says what it waits for, and goes on once it may', async () => {
    const before = await published('clean.least.f');
    const [write] = needed('gateway').filter(
      ({ resourceName, operation }) => resourceName === 'clean.least.f' && operation === 'Write',
    );
    if (write === undefined) throw new Error('not printed');
    const at = await position();
    await without([write], async () => {
      // Not the one who was erased.
      await say(2);
      await until('the worker waits', () => readFileSync(log, 'utf8').includes('TOPIC_AUTHORIZATION_FAILED'));
      const end = await command(['check', '--role', 'gateway'], env.get('gateway') ?? {});
      expect(end.code).toBe(69);
      expect(end.stdout).toContain('may not Write (sanitized records)');
      expect(end.stdout).toMatch(
        /→ kafka-acls\.sh .*--allow-principal User:lethe-gateway --operation Write --topic clean\.least\.f\n/,
      );
      expect(await position()).toBe(at);
      expect(await published('clean.least.f')).toBe(before);
    });
    await until('it goes on', async () => (await position()) > at);
  });
});

describe('with more than that', () => {
  const acl = (
    resourceType: string,
    resourceName: string,
    operation: string,
    patternType: AclBinding['patternType'] = 'Literal',
  ): Acl => ({
    principal: 'User:lethe-gateway',
    host: '*',
    permission: 'Allow',
    ...{ resourceType, resourceName, patternType, operation },
  });

  it.each([
    ['writes to a raw topic', acl('Topic', RAW, 'Write'), `topic ${RAW} may Write`],
    ['deletes an output', acl('Topic', 'clean.least.a', 'Delete'), 'topic clean.least.a may Delete'],
    ['reads consents', acl('Topic', 'lethe.consent-events', 'Read'), 'topic lethe.consent-events may Read'],
    ['deletes the group', acl('Group', GROUP, 'Delete'), `group ${GROUP} may Delete`],
    ['uses any transactional id', acl('TransactionalId', '*', 'Write'), 'transactional ids may Write with any'],
    ['changes the cluster', acl('Cluster', 'kafka-cluster', 'Alter'), 'cluster may Alter'],
    [
      'reads topics of others',
      acl('Topic', 'other.', 'Read', 'Prefixed'),
      'other topics may Read or Write other.topic',
    ],
  ])('a worker that %s is warned of', async (_what, more, expected) => {
    if (more.resourceName === 'other.') await createTopics(kafka.admin, ['other.topic'], 1);
    await withMore([more], async () => {
      const found = await until('it is noticed', async () => nonEmpty(bad(await kafkaFindings('gateway'))));
      expect(found.map(({ level, subject, finding }) => `${level} ${subject} ${finding}`)).toEqual([
        `warn ${expected}, and does not need it`,
      ]);
    });
    await until('it is forgotten', async () => bad(await kafkaFindings('gateway')).length === 0);
  });

  it('a super user is told so once', async () => {
    const rights = kafkaRights(['gateway'], { routes: compiled.routes, groupId: GROUP });
    const { authority } = await askKafka(kafka.kafka, [kafka.endpoints.mtls], rights);
    const found = bad(judgeKafkaRights(rights, authority, 'User:admin'));
    expect(found.map(({ finding }) => finding)).toEqual([expect.stringMatching(/^may do everything/)]);
  });

  it.each([
    [
      ['+@all', '~*'],
      ["read keys that are not Lethe's", "change subjects' consents", 'FLUSHALL', 'CONFIG SET', 'ACL SETUSER'],
    ],
    [['~*'], ["read keys that are not Lethe's"]],
    [['+eval', '+set', '~lethe:consent:*'], ["change subjects' consents"]],
  ])('a worker with %j at Redis is warned of', async (more, expected) => {
    await setUser([...lineOf('gateway'), ...more]);
    const found = bad(await redisFindings('gateway'));
    expect(found).toHaveLength(1);
    for (const what of expected) expect(found[0]?.finding).toContain(what);
    if (more.length === 1) expect(found[0]?.finding).not.toContain('FLUSHALL');
    await setUser(lineOf('gateway'));
  });
});

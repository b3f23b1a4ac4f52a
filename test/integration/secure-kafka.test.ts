/**
 * One real broker that denies by default: each way in, each way to be refused and how it is told, and a worker over mTLS to
 * it, to Redis and to the registry; then another, whose passwords change while it runs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import kafkajs, { type Consumer, type EachMessageHandler } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lethe, type RunningWorker, startWorker } from '../../deploy/demo/processes.ts';
import { avroWire, createTopics, produce } from '../../deploy/demo/topics.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { readSettings } from '../../services/adapters/config/settings.ts';
import { makeKafka } from '../../services/adapters/kafka/client.ts';
import { kafkaUnavailable } from '../../services/adapters/kafka/errors.ts';
import { disconnectAdmin } from '../../services/adapters/kafka/topics.ts';
import { makeRegistry } from '../../services/adapters/registry/registry.ts';
import { makeAuthority } from '../stack/certificates.ts';
import { command, until } from '../stack/commands.ts';
import { type Entrance, type SecureKafka, startSecureKafka } from '../stack/secure-kafka.ts';
import { type SecureRedis, startSecureRedis } from '../stack/secure-redis.ts';
import { type SecureRegistry, startSecureRegistry } from '../stack/secure-registry.ts';
import { sharedStack } from '../stack/shared-stack.ts';
import { analyticsOf, consent, event, writeConfig } from '../stack/small-config.ts';
import { isReady } from '../stack/workbench.ts';

type Env = Record<string, string>;
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const quiet = () => () => undefined;

let kafka: SecureKafka;
let plain: string;

/** Everything, on every topic, group and transactional id: what exactly is needed is another test's. */
async function allow(user: string): Promise<void> {
  const rule = {
    principal: `User:${user}`,
    host: '*',
    operation: AclOperationTypes.ALL,
    permissionType: AclPermissionTypes.ALLOW,
    resourcePatternType: ResourcePatternTypes.LITERAL,
  };
  const { TOPIC, GROUP, TRANSACTIONAL_ID, CLUSTER } = AclResourceTypes;
  const acl = [TOPIC, GROUP, TRANSACTIONAL_ID].map((resourceType) => ({ ...rule, resourceType, resourceName: '*' }));
  await kafka.admin.createAcls({ acl: [...acl, { ...rule, resourceType: CLUSTER, resourceName: 'kafka-cluster' }] });
}

function settingsOf(env: Env) {
  const read = readSettings({ env, needs: ['kafka'] as const });
  if (!read.ok) throw new Error(read.problems.map(({ message }) => message).join('; '));
  return read.settings.kafka;
}

/** What a user is told, or `in`. */
async function comes(env: Env): Promise<string> {
  const settings = settingsOf(env);
  const admin = makeKafka(settings, quiet).admin({ retry: { retries: 2 } });
  try {
    await admin.connect().catch((error: unknown) => {
      throw kafkaUnavailable('connecting', settings.brokers, error);
    });
    await admin.listTopics().catch((error: unknown) => {
      throw kafkaUnavailable('listing topics', settings.brokers, error);
    });
    return 'in';
  } catch (error) {
    const { message, fix } = error as Error & { fix?: string };
    return `${message} ${fix}`;
  } finally {
    await disconnectAdmin(admin);
  }
}

beforeAll(async () => {
  const users = { alice: 'alice-1', lethe: 'lethe-1' };
  // kafkajs says again who it is 10 s before it has to: every 2 s.
  kafka = await startSecureKafka({ users, authorizer: true, reauthenticateMs: 12_000 });
  plain = sharedStack().kafka;
  await Promise.all(['alice', 'lethe'].map(allow));
});
afterAll(() => kafka?.stop());

describe('each way in', () => {
  let tokens: Server;
  const asked: string[] = [];

  beforeAll(async () => {
    tokens = createServer((request, response) => {
      asked.push(Buffer.from(request.headers.authorization?.slice(6) ?? '', 'base64').toString());
      const known = asked.at(-1) === 'alice:hunter2';
      response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
      response.end(known ? JSON.stringify({ access_token: kafka.token('alice'), expires_in: 3_600 }) : '{}');
    });
    await new Promise<void>((resolve) => void tokens.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void tokens?.close());

  const byClient = (password: string): Env => ({
    KAFKA_BROKERS: kafka.endpoints.sasl,
    KAFKA_SSL_CA: kafka.authority.ca,
    KAFKA_SASL_MECHANISM: 'oauthbearer',
    KAFKA_SASL_OAUTH_TOKEN_URL: `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`,
    KAFKA_SASL_OAUTH_CLIENT_ID: 'alice',
    KAFKA_SASL_OAUTH_CLIENT_SECRET: password,
  });

  const produceAndConsume = async (name: string, env: Env): Promise<void> => {
    const client = makeKafka(settingsOf(env), quiet);
    await createTopics(kafka.admin, [`way.${name}`], 1);
    const producer = client.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    await producer.send({ topic: `way.${name}`, messages: [{ value: 'hello' }] });
    await producer.disconnect();
    const consumer = client.consumer({ groupId: `way-${name}` });
    await consumer.connect();
    await consumer.subscribe({ topic: `way.${name}`, fromBeginning: true });
    const { promise: came, resolve } = Promise.withResolvers<string>();
    await consumer.run({ eachMessage: async ({ message }) => resolve(String(message.value)) });
    expect(await came).toBe('hello');
    await consumer.disconnect();
  };

  it.each<Entrance>(['mtls', 'plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'])('%s', async (entrance) => {
    await produceAndConsume(entrance, await kafka.settings(entrance, 'alice'));
  });

  it('oauthbearer by client credentials, with one request for all connections', async () => {
    await produceAndConsume('client', byClient('hunter2'));
    expect(asked).toEqual(['alice:hunter2']);
    expect(await comes(byClient('hunter3'))).toMatch(/token endpoint http.* refuses the client \(401\).*CLIENT_SECRET/);
  });
});

// Side by side: kafkajs tries each for seconds.
describe.concurrent('is told in seconds why it may not in', () => {
  it.each<[string, Entrance, () => Env | Promise<Env>, RegExp]>([
    [
      'no certificate',
      'mtls',
      () => ({ KAFKA_SSL_CERT: '', KAFKA_SSL_KEY: '' }),
      /refuses our certificate, or misses one/,
    ],
    [
      'an expired certificate',
      'mtls',
      async () => {
        const { cert, key } = await kafka.authority.issue('alice', { expired: true, file: 'expired' });
        return { KAFKA_SSL_CERT: cert, KAFKA_SSL_KEY: key };
      },
      /refuses our certificate.*has not expired/,
    ],
    [
      'a certificate of another authority',
      'mtls',
      async () => {
        const { cert, key } = await (await makeAuthority(join(kafka.directory, 'other'))).issue('alice');
        return { KAFKA_SSL_CERT: cert, KAFKA_SSL_KEY: key };
      },
      /refuses our certificate.*KAFKA_SSL_CERT/,
    ],
    [
      'no authority',
      'scram-sha-512',
      () => ({ KAFKA_SSL_CA: '', KAFKA_SSL: 'true' }),
      /nobody that is trusted.*KAFKA_SSL_CA/,
    ],
    [
      'a name that the certificate does not hold for',
      'scram-sha-512',
      () => ({ KAFKA_BROKERS: kafka.endpoints.sasl.replace('localhost', '127.0.0.1') }),
      /does not hold for that name.*KAFKA_BROKERS/,
    ],
    ['plain text where TLS is wanted', 'scram-sha-512', () => ({ KAFKA_SSL_CA: '' }), /it wants TLS.*KAFKA_SSL/],
    [
      'TLS where plain text is spoken',
      'mtls',
      () => ({ KAFKA_BROKERS: plain }),
      /hung up on the TLS handshake.*unset KAFKA_SSL/,
    ],
    ['a wrong password', 'plain', () => ({ KAFKA_SASL_PASSWORD_FILE: wrongFile() }), /refuses the log-in.*PASSWORD/],
    ['a wrong password', 'scram-sha-512', () => ({ KAFKA_SASL_PASSWORD_FILE: wrongFile() }), /refuses the log-in/],
    ['an unknown user', 'scram-sha-512', () => ({ KAFKA_SASL_USERNAME: 'nobody' }), /refuses the log-in.*USERNAME/],
    [
      'a token that ran out',
      'oauthbearer',
      () => ({ KAFKA_SASL_OAUTH_TOKEN_FILE: file('old-token', kafka.token('alice', -60)) }),
      /refuses the log-in.*token/,
    ],
    ['a log-in where none is taken', 'plain', () => ({ KAFKA_BROKERS: plain, KAFKA_SSL_CA: '' }), /takes no log-in/],
  ])('%s (%s)', async (_, entrance, wrong, told) => {
    const began = Date.now();
    const answer = await comes({ ...(await kafka.settings(entrance, 'alice')), ...(await wrong()) });
    expect(answer).toMatch(told);
    expect(answer).toMatch(/^Kafka at (?:localhost|127\.0\.0\.1):\d+ failed while connecting/);
    expect(answer).not.toContain('hunter2');
    expect(Date.now() - began).toBeLessThan(15_000);
  });
});

it('a right that an ACL does not give; and the command line ends with 69', async () => {
  const env = await kafka.settings('mtls', 'stranger');
  const admin = makeKafka(settingsOf(env), quiet).admin();
  await admin.connect();
  const refused = await admin.fetchTopicOffsets('way.mtls').catch((error: unknown) => error);
  expect(kafkaUnavailable('x', [], refused).message).toMatch(/our user may not do that \(TOPIC_AUTHORIZATION_FAILED\)/);
  await admin.disconnect();
  const bad = { ...(await kafka.settings('scram-sha-512', 'alice')), KAFKA_SASL_PASSWORD_FILE: wrongFile() };
  const { code, stderr, ms } = await command(['dead-letters', 'list'], bad);
  expect([code, stderr]).toEqual([69, expect.stringMatching(/refuses the log-in/)]);
  expect(ms).toBeLessThan(15_000);
});

const wrongFile = (): string => file('wrong', 'hunter2');

const file = (name: string, text: string): string => {
  const path = join(kafka.directory, name);
  writeFileSync(path, text);
  return path;
};

it('a certificate that changed in the files is shown by the next connection', async () => {
  const { cert, key } = await kafka.authority.issue('alice', { file: 'turned' });
  const good = [cert, key].map((path) => [path, readFileSync(path, 'utf8')] as const);
  const settings = { ...(await kafka.settings('mtls', 'alice')), KAFKA_SSL_CERT: cert, KAFKA_SSL_KEY: key };
  const { brokers, ...rest } = settingsOf(settings);
  const client = makeKafka({ brokers, ...rest }, quiet);
  const connects = async (): Promise<string> => {
    const admin = client.admin();
    const told = await admin.connect().then(
      () => 'in',
      (error: unknown) => kafkaUnavailable('connecting', brokers, error).message,
    );
    await disconnectAdmin(admin);
    return told;
  };
  expect(await connects()).toBe('in');
  await kafka.authority.issue('alice', { file: 'turned', expired: true });
  expect(await connects()).toMatch(/refuses our certificate/);
  for (const [path, text] of good) writeFileSync(path, text);
  expect(await connects()).toBe('in');
});

describe('a worker', () => {
  const AVRO = JSON.stringify({
    type: 'record',
    name: 'Raw',
    fields: [
      { name: 'id', type: 'long' },
      { name: 's', type: 'string' },
      { name: 'at', type: 'long' },
    ],
  });
  let redis: SecureRedis;
  let registry: SecureRegistry;
  let common: Env;
  let encode: (value: unknown) => Buffer;
  const running: RunningWorker[] = [];
  const log = (): string => readFileSync(join(kafka.directory, 'worker.log'), 'utf8');

  const start = async (env: Env): Promise<RunningWorker> => {
    const [port = 0] = await freePorts(1);
    const worker = startWorker(port, { ...common, ...env }, join(kafka.directory, 'worker.log'));
    running.push(worker);
    await isReady(worker);
    return worker;
  };
  const seen: { readonly topic: string; readonly value: string }[] = [];
  const published = (topic: string): string[] => seen.filter((one) => one.topic === topic).map(({ value }) => value);
  const publishes = (topic: string, count: number): Promise<true> =>
    until(`${count} records in ${topic}`, () => published(topic).length === count);
  let reader: Consumer;

  beforeAll(async () => {
    const { authority } = kafka;
    redis = await startSecureRedis(authority, { lethe: ['>one', '~lethe:*', '&lethe:*', '+@all', '-@admin', '+info'] });
    registry = await startSecureRegistry(authority, sharedStack().registry, { user: 'lethe', password: 'one' }, true);
    const own = await authority.issue('lethe');
    common = {
      LETHE_KEYS_FILE: join(kafka.directory, 'keys.json'),
      LETHE_GROUP_ID: 'secure',
      LETHE_SESSION_TIMEOUT: 'PT6S',
      REDIS_URL: redis.url,
      REDIS_USERNAME: 'lethe',
      REDIS_PASSWORD_FILE: file('redis-password', 'one'),
      SCHEMA_REGISTRY_URL: registry.url,
      SCHEMA_REGISTRY_USER: 'lethe',
      SCHEMA_REGISTRY_PASSWORD_FILE: file('registry-password', 'one'),
    };
    for (const prefix of ['REDIS', 'SCHEMA_REGISTRY']) {
      Object.assign(common, {
        [`${prefix}_CA`]: authority.ca,
        [`${prefix}_CERT`]: own.cert,
        [`${prefix}_KEY`]: own.key,
      });
    }
    const env = { ...common, ...(await kafka.settings('mtls', 'lethe')) };
    await lethe(['keys', 'generate', '--out', common['LETHE_KEYS_FILE'] ?? ''], env);
    await createTopics(kafka.admin, ['raw.secure', 'raw.avro'], 1);
    const read = readSettings({ env, needs: ['registry'] as const });
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    const id = await makeRegistry(read.settings.registry).register('raw.avro-value', AVRO);
    ({ encode } = avroWire(AVRO, id));
    const body = `subject: s\ntime: at\nfields: { id: system, at: system, s: user.unique_id }\n${analyticsOf('avro')}`;
    const config = writeConfig(join(kafka.directory, 'config'), [
      { name: 'secure' },
      { name: 'avro', format: 'avro', body },
    ]);
    await lethe(['push', config], env);
    await lethe(['consent', 'import', file('consents.jsonl', `${consent(1, 'granted')}\n`)], env);
    reader = kafka.kafka.consumer({ groupId: 'reader', maxWaitTimeInMs: 200 });
    await reader.connect();
    await reader.subscribe({ topics: ['clean.secure.a', 'clean.avro.a'], fromBeginning: true });
    const eachMessage: EachMessageHandler = async ({ topic, message }) =>
      void seen.push({ topic, value: String(message.value) });
    await reader.run({ eachMessage });
  });
  afterAll(async () => {
    await Promise.all([...running.map((worker) => worker.kill()), reader?.disconnect()]);
    await Promise.all([redis?.stop(), registry?.stop()]);
  });

  it('publishes over mTLS to Kafka, Redis and the registry, as the user of each', async () => {
    const worker = await start(await kafka.settings('mtls', 'lethe'));
    await produce(kafka.kafka, 'raw.secure', [{ partition: 0, key: null, value: Buffer.from(event(1, 1)) }]);
    const record = encode({ id: 1, s: 'c-1', at: Date.parse('2025-06-01T00:00:00Z') });
    await produce(kafka.kafka, 'raw.avro', [{ partition: 0, key: null, value: record }]);
    await publishes('clean.secure.a', 1);
    await publishes('clean.avro.a', 1);
    expect(published('clean.secure.a')[0]).toContain('"id":1');
    expect(published('clean.secure.a')[0]).not.toContain('c-1');
    expect(await worker.stop()).toBe(0);
  });

  it('whose passwords change at the broker and at Redis waits, says why, and goes on with the new ones', async () => {
    const worker = await start(await kafka.settings('scram-sha-512', 'lethe'));
    await produce(kafka.kafka, 'raw.secure', [{ partition: 0, key: null, value: Buffer.from(event(2, 1)) }]);
    await publishes('clean.secure.a', 2);

    await kafka.setPassword('lethe', 'lethe-2');
    await produce(kafka.kafka, 'raw.secure', [{ partition: 0, key: null, value: Buffer.from(event(3, 1)) }]);
    await until('the log says that the broker refuses', () => log().includes('it refuses the log-in'));
    file('lethe.scram-sha-512', 'lethe-2');
    await publishes('clean.secure.a', 3);

    await redis.setPassword('lethe', 'two');
    await produce(kafka.kafka, 'raw.secure', [{ partition: 0, key: null, value: Buffer.from(event(4, 1)) }]);
    await until('the log says that Redis refuses', () => log().includes('it answered WRONGPASS'));
    file('redis-password', 'two');
    await publishes('clean.secure.a', 4);

    expect(log()).not.toMatch(/lethe-[12]\b|c-1|user1@/);
    expect(await worker.stop()).toBe(0);
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTopics } from '../../deploy/demo/topics.ts';
import { brokerAnswers } from '../../deploy/local/broker-answers.ts';
import { consoleConsumer } from '../../deploy/local/java-consumer.ts';
import { isAlive } from '../../deploy/local/process-tree.ts';
import { capture } from '../../deploy/local/run-command.ts';
import { type Stack, startStack } from '../../deploy/local/stack.ts';
import { sharedStack } from '../stack/shared-stack.ts';

const root = new URL('../..', import.meta.url).pathname;
const silent = (): void => {};

const kafkaAt = (endpoint: string): Kafka =>
  new Kafka({ brokers: [endpoint], logLevel: logLevel.NOTHING, retry: { retries: 20, initialRetryTime: 50 } });

const createTopic = async (endpoint: string, topic: string): Promise<void> => {
  const admin = kafkaAt(endpoint).admin();
  await admin.connect();
  try {
    await createTopics(admin, [topic], 1);
  } finally {
    await admin.disconnect();
  }
};

const highWatermark = async (endpoint: string, topic: string): Promise<string | undefined> => {
  const admin = kafkaAt(endpoint).admin();
  await admin.connect();
  try {
    return (await admin.fetchTopicOffsets(topic))[0]?.high;
  } finally {
    await admin.disconnect();
  }
};

const produce = async (endpoint: string, topic: string, value: string, end: 'commit' | 'abort'): Promise<void> => {
  const producer = kafkaAt(endpoint).producer({
    transactionalId: `stack-test-${topic}`,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  try {
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ value, partition: 0 }] });
    await transaction[end]();
  } finally {
    await producer.disconnect();
  }
};

const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'StackTest',
  fields: [{ name: 'email', type: 'string', 'confluent:tags': ['EMAIL'] }],
});

const registerSchema = async (registry: string, subject: string): Promise<number> => {
  const response = await fetch(`${registry}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: SCHEMA }),
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { id: number }).id;
};

const schemaById = async (registry: string, id: number): Promise<unknown> => {
  const response = await fetch(`${registry}/schemas/ids/${id}`);
  return JSON.parse(((await response.json()) as { schema: string }).schema);
};

const withRedis = async <T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> => {
  const redis = new Redis(url, { maxRetriesPerRequest: 1, commandTimeout: 1000 });
  redis.on('error', silent);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
};

const accepts = (endpoint: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(endpoint.includes('://') ? endpoint : `tcp://${endpoint}`);
    const socket = createConnection({ host: hostname, port: Number(port) });
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });

describe('the shared stack', () => {
  const { kafka, registry, redis, env } = sharedStack();

  it('has a broker that makes topics when asked, and none by itself', async () => {
    const topic = `stack-test-${process.pid}-${Date.now()}`;
    await createTopic(kafka, topic);
    const admin = kafkaAt(kafka).admin();
    await admin.connect();
    try {
      await expect(admin.fetchTopicMetadata({ topics: [`${topic}-undeclared`] })).rejects.toThrow();
      const topics = await admin.listTopics();
      expect(topics).toContain(topic);
      expect(topics).not.toContain(`${topic}-undeclared`);
    } finally {
      await admin.deleteTopics({ topics: [topic] });
      await admin.disconnect();
    }
  });

  it('has a registry that keeps a schema to the letter, tags included', async () => {
    const id = await registerSchema(registry, `stack-test-${Date.now()}-value`);
    expect(await schemaById(registry, id)).toEqual(JSON.parse(SCHEMA));
  });

  it('has a Redis', async () => {
    expect(await withRedis(redis, (client) => client.ping())).toBe('PONG');
  });

  it('names the three as settings', () => {
    expect(env).toEqual({ KAFKA_BROKERS: kafka, SCHEMA_REGISTRY_URL: registry, REDIS_URL: redis });
  });
});

describe('a stack of local processes', () => {
  let stack: Stack;
  let runDir: string;
  beforeAll(async () => {
    stack = await startStack({ env: {}, docker: 'never', log: silent });
    runDir = dirname(stack.kafka.dataDir ?? '');
  });
  afterAll(() => stack?.stop());

  it('keeps what Kafka holds through kill -9, on the same port', async () => {
    const { endpoint, pid } = stack.kafka;
    await createTopic(endpoint, 'kept');
    await produce(endpoint, 'kept', 'one', 'commit');
    // The record, and the marker that commits it. Killed before it wrote the marker, Kafka 4.3 may forget to (see Part).
    const committed = { timeout: 30_000, interval: 200 };
    await expect.poll(() => highWatermark(endpoint, 'kept'), committed).toBe('2');
    await stack.kafka.kill();
    expect(await accepts(endpoint)).toBe(false);
    await stack.kafka.start();
    expect(stack.kafka.pid).not.toBe(pid);
    expect(stack.kafka.endpoint).toBe(endpoint);
    await expect.poll(() => highWatermark(endpoint, 'kept'), committed).toBe('2');
  });

  it('lets Java referee: the console consumer shows what was committed and nothing that was aborted', async () => {
    const { endpoint } = stack.kafka;
    await createTopic(endpoint, 'refereed');
    await produce(endpoint, 'refereed', 'committed', 'commit');
    await produce(endpoint, 'refereed', 'aborted', 'abort');
    await produce(endpoint, 'refereed', 'the last', 'commit');
    const lines: string[] = [];
    const { command, args } = consoleConsumer({
      ...{ brokers: endpoint, topic: 'refereed', partition: 0 },
      ...{ maxMessages: 2, timeoutMs: 60_000 },
    });
    await capture(command, args, { onLine: (line) => lines.push(line) });
    expect(lines.filter((line) => /^(committed|aborted|the last)$/.test(line))).toEqual(['committed', 'the last']);
  });

  it('keeps what the registry holds through kill -9, on the same port', async () => {
    const { endpoint } = stack.registry;
    const id = await registerSchema(endpoint, 'kept-value');
    await stack.registry.kill();
    expect(await accepts(endpoint)).toBe(false);
    await stack.registry.start();
    expect(await schemaById(endpoint, id)).toEqual(JSON.parse(SCHEMA));
    expect(await registerSchema(endpoint, 'kept-value')).toBe(id);
  });

  it('keeps what Redis holds through kill -9, on the same port', async () => {
    const { endpoint } = stack.redis;
    await withRedis(endpoint, (client) => client.set('kept', 'yes'));
    await stack.redis.kill();
    expect(await accepts(endpoint)).toBe(false);
    await stack.redis.start();
    expect(await withRedis(endpoint, (client) => client.get('kept'))).toBe('yes');
  });

  it('pauses a part, which then takes connections and answers nothing', async () => {
    await stack.redis.pause();
    await expect(withRedis(stack.redis.endpoint, (client) => client.ping())).rejects.toThrow();
    expect(await accepts(stack.redis.endpoint)).toBe(true);
    await stack.redis.resume();
    expect(await withRedis(stack.redis.endpoint, (client) => client.ping())).toBe('PONG');
  });

  it('can be stopped while paused', async () => {
    await stack.redis.pause();
    await stack.redis.stop();
    expect(stack.redis.pid).toBeUndefined();
    await stack.redis.start();
    expect(await withRedis(stack.redis.endpoint, (client) => client.ping())).toBe('PONG');
  });

  it('leaves no process and no directory behind', async () => {
    const pids = [stack.kafka, stack.registry, stack.redis].map((part) => part.pid);
    expect(pids.every((pid) => pid !== undefined && isAlive(pid))).toBe(true);
    expect(existsSync(runDir)).toBe(true);
    await stack.stop();
    expect(pids.filter((pid) => pid !== undefined && isAlive(pid))).toEqual([]);
    expect(existsSync(runDir)).toBe(false);
    await stack.stop();
  });
});

describe('endpoints of the environment', () => {
  it('are used and left alone', async () => {
    const shared = sharedStack();
    const dirs = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('lethe-stack-'));
    const before = dirs();
    const stack = await startStack({ env: shared.env, log: silent });
    expect(stack.env).toEqual(shared.env);
    expect(dirs()).toEqual(before);
    await expect(stack.kafka.kill()).rejects.toThrow('KAFKA_BROKERS');
    await stack.stop();
    expect(await brokerAnswers(shared.kafka)).toBe(true);
  });
});

describe('node deploy/local/main.ts', () => {
  let child: ChildProcess | undefined;
  afterEach(() => void child?.kill('SIGKILL'));

  /** Starts the command with Redis alone to start, and gives what it printed. */
  const start = async (): Promise<{
    lines: string[];
    runDir: string;
    redis: string;
    exited: Promise<number | null>;
  }> => {
    const { KAFKA_BROKERS = '', SCHEMA_REGISTRY_URL = '' } = sharedStack().env;
    const env = { ...process.env, KAFKA_BROKERS, SCHEMA_REGISTRY_URL, REDIS_URL: '' };
    const before = new Set(readdirSync(tmpdir()));
    const started = spawn(process.execPath, ['deploy/local/main.ts'], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    const exited = new Promise<number | null>((resolve) => void started.once('exit', resolve));
    const lines: string[] = [];
    for await (const line of createInterface({ input: started.stdout })) {
      if (lines.push(line) === 3) break;
    }
    const made = readdirSync(tmpdir()).filter((name) => name.startsWith('lethe-stack-') && !before.has(name));
    const redis = lines.find((line) => line.includes('REDIS_URL='))?.split('=')[1] ?? '';
    return { lines, runDir: join(tmpdir(), made[0] ?? 'none'), redis, exited };
  };

  const gone = async (runDir: string, redis: string): Promise<boolean> => {
    for (let waited = 0; waited < 100; waited += 1, await sleep(100)) {
      if (!existsSync(runDir) && !(await accepts(redis))) return true;
    }
    return false;
  };

  it.each(['SIGINT', 'SIGTERM'] as const)('prints three settings, and leaves nothing after %s', async (signal) => {
    const { lines, runDir, redis, exited } = await start();
    expect(lines.map((line) => line.split('=')[0])).toEqual([
      'export KAFKA_BROKERS',
      'export SCHEMA_REGISTRY_URL',
      'export REDIS_URL',
    ]);
    expect(await accepts(redis)).toBe(true);
    expect(existsSync(runDir)).toBe(true);
    child?.kill(signal);
    expect(await exited).toBe(0);
    expect(await gone(runDir, redis)).toBe(true);
  });

  it('leaves nothing when it is killed with -9', async () => {
    const { runDir, redis, exited } = await start();
    expect(existsSync(runDir)).toBe(true);
    expect(await accepts(redis)).toBe(true);
    child?.kill('SIGKILL');
    await exited;
    expect(await gone(runDir, redis)).toBe(true);
  });
});

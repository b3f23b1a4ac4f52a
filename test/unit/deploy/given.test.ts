import { describe, expect, it } from 'vitest';
import { givenEndpoint } from '../../../deploy/local/given.ts';
import { startStack } from '../../../deploy/local/stack.ts';

const ALL = {
  KAFKA_BROKERS: 'broker-1:9092,broker-2:9092',
  SCHEMA_REGISTRY_URL: 'http://registry:8081',
  REDIS_URL: 'rediss://redis:6380',
};

describe('endpoints of the environment', () => {
  it('are used as they are, and nothing is started', async () => {
    const said: string[] = [];
    const stack = await startStack({ env: ALL, log: (line) => said.push(line) });
    expect(stack.env).toEqual(ALL);
    expect(stack.kafka).toMatchObject({ kind: 'given', endpoint: ALL.KAFKA_BROKERS, pid: undefined });
    // The setting is named, not its value: a URL may hold a password.
    expect(said).toEqual([
      'kafka: using KAFKA_BROKERS',
      'registry: using SCHEMA_REGISTRY_URL',
      'redis: using REDIS_URL',
    ]);
    await stack.stop();
  });

  it('are not ours to stop, kill, pause or start', async () => {
    const { redis } = await startStack({ env: ALL, parts: ['redis'], log: () => {} });
    for (const verb of ['stop', 'kill', 'pause', 'resume', 'start'] as const) {
      await expect(redis[verb]()).rejects.toThrow(`redis was given by REDIS_URL; it is not ours to ${verb}`);
    }
  });

  it.each([
    [{}, undefined],
    [{ REDIS_URL: '' }, undefined],
    [{ REDIS_URL: '  ' }, undefined],
    [{ REDIS_URL: ' redis://a ' }, 'redis://a'],
  ])('in %j: %j', (env, expected) => {
    expect(givenEndpoint('redis', env)).toBe(expected);
  });
});

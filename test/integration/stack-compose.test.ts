import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startStack } from '../../deploy/local/stack.ts';

/** A `docker` that notes what it is asked and runs a redis-server for a container: what we ask is ours to hold, an engine is not. */
const script = (directory: string, compose: 'with compose' | 'without compose'): string => `#!/bin/sh
echo "$*" >> ${directory}/calls
start() { touch ${directory}/running; redis-server --port "$(cat ${directory}/port)" --daemonize yes --pidfile ${directory}/pid --dir ${directory} --save '' --appendonly yes > /dev/null; }
case "$*" in
  info*) echo 28.0.0 ;;
  'compose version') ${compose === 'with compose' ? 'exit 0' : 'exit 1'} ;;
  compose*up*) echo "$LETHE_STACK_REDIS_PORT" > ${directory}/port; start ;;
  compose*ps*) echo container-1 ;;
  compose*down*) [ -f ${directory}/pid ] && kill -9 "$(cat ${directory}/pid)"; exit 0 ;;
  inspect*) [ -f ${directory}/running ] && echo true || echo false ;;
  kill*) rm ${directory}/running; kill -9 "$(cat ${directory}/pid)" ;;
  start*) start ;;
  *) echo "not expected: $*" >&2; exit 1 ;;
esac
`;

let directory: string;
const path = process.env['PATH'];
const install = (compose: 'with compose' | 'without compose'): void => {
  writeFileSync(join(directory, 'docker'), script(directory, compose));
  chmodSync(join(directory, 'docker'), 0o755);
  process.env['PATH'] = `${directory}:${path}`;
};
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fake-docker-'));
});
afterEach(() => {
  process.env['PATH'] = path;
  rmSync(directory, { recursive: true, force: true });
});

const ping = async (endpoint: string): Promise<string> => {
  const redis = new Redis(endpoint, { maxRetriesPerRequest: 0 });
  redis.on('error', () => {});
  return redis.ping().finally(() => redis.disconnect());
};

describe('where a Docker engine answers', () => {
  it('a person gets the parts of compose.yaml, on a port of their own, and nothing stays', async () => {
    install('with compose');
    const stack = await startStack({ parts: ['redis'], env: {}, log: () => {} });
    expect(stack.redis.kind).toBe('container');
    expect(await ping(stack.redis.endpoint)).toBe('PONG');
    await stack.redis.kill();
    await expect(ping(stack.redis.endpoint)).rejects.toThrow();
    await stack.redis.start();
    expect(await ping(stack.redis.endpoint)).toBe('PONG');
    await stack.stop();
    await expect(ping(stack.redis.endpoint)).rejects.toThrow();

    const calls = readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n');
    const up = calls.find((call) => call.includes(' up '));
    expect(up).toMatch(/^compose -p lethe-stack-\w+ -f \S+deploy\/compose\.yaml up --detach --wait redis$/);
    const project = up?.split(' ')[2];
    expect(calls.at(-1)).toBe(`compose -p ${project} down --volumes --timeout 2`);
  });

  it('without its compose plugin, local processes do', async () => {
    install('without compose');
    const said: string[] = [];
    const stack = await startStack({ parts: ['redis'], env: {}, log: (line) => said.push(line) });
    try {
      expect(stack.redis.kind).toBe('process');
      expect(said[0]).toContain('compose plugin does not');
    } finally {
      await stack.stop();
    }
    expect(existsSync(join(directory, 'port'))).toBe(false);
  });
});

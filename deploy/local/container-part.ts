import { setTimeout as sleep } from 'node:timers/promises';
import { brokerAnswers } from './broker-answers.ts';
import { StackError } from './error.ts';
import type { Part, PartName } from './part.ts';
import { redisSays } from './redis.ts';
import { registryAnswers } from './registry.ts';
import { capture } from './run-command.ts';

const ANSWER_TIMEOUT_MS = 120_000;

const answers: Record<PartName, (endpoint: string) => Promise<boolean>> = {
  kafka: brokerAnswers,
  registry: registryAnswers,
  redis: async (endpoint) => (await redisSays(Number(new URL(endpoint).port), 'PING')).startsWith('+PONG'),
};

/** Waits until a part in a container answers from outside it. */
export const untilAnswers = async (name: PartName, endpoint: string): Promise<void> => {
  for (const deadline = Date.now() + ANSWER_TIMEOUT_MS; ; await sleep(100)) {
    if (await answers[name](endpoint).catch(() => false)) return;
    if (Date.now() > deadline)
      throw new StackError(`${name} did not answer on ${endpoint} within ${ANSWER_TIMEOUT_MS / 1000} s`);
  }
};

/** A part in a container of known id whose host port is fixed, so that a start after a stop finds the same port. */
export const containerPart = (name: PartName, endpoint: string, id: string): Part => {
  const docker = async (...args: string[]): Promise<void> => {
    const { code, output } = await capture('docker', [...args, id]);
    if (code !== 0) throw new StackError(`docker ${args.join(' ')} failed for ${name}: ${output.trim()}`);
  };
  const isRunning = async (): Promise<boolean> =>
    (await capture('docker', ['inspect', '--format', '{{.State.Running}}', id])).output.trim() === 'true';
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (!(await isRunning())) return;
    if (signal === 'SIGKILL') await docker('kill');
    else await docker('stop', '--signal', signal, '--time', '10');
  };
  return {
    name,
    endpoint,
    kind: 'container',
    pid: undefined,
    dataDir: undefined,
    start: async () => {
      if (!(await isRunning())) await docker('start');
      await untilAnswers(name, endpoint);
    },
    stop,
    kill: () => stop('SIGKILL'),
    pause: () => docker('pause'),
    resume: () => docker('unpause'),
  };
};

/** The endpoint of a part whose container is published on a port of loopback. */
export const containerEndpoint = (name: PartName, port: number): string =>
  ({
    kafka: `127.0.0.1:${port}`,
    registry: `http://127.0.0.1:${port}/apis/ccompat/v7`,
    redis: `redis://127.0.0.1:${port}`,
  })[name];

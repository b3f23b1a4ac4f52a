/** Whether one broker of KAFKA_BROKERS lets this process in, and what it says why not. */
import { connect as connectPlain, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Kafka } from 'kafkajs';
import { LetheError } from '../../core/errors.ts';
import { makeDirectCluster } from './direct-cluster.ts';
import { kafkaUnavailable } from './errors.ts';
import { connectAdmin, disconnectAdmin } from './topics.ts';

export type Reached =
  | { readonly ok: true; readonly ms: number }
  | { readonly ok: false; readonly reason: string; readonly fix: string };

type SeedCluster = {
  readonly brokerPool: {
    readonly seedBroker?: {
      readonly versions: Readonly<Record<number, { minVersion: number; maxVersion: number }>> | null;
    };
  };
};

const CONNECT_TIMEOUT_MS = 3_000;
/** What messages of a failed connection say before the reason (errors.ts). */
const DOING = ' failed while connecting: ';
/** Requests that a worker cannot do without, by key, and the newest version that kafkajs speaks. */
const NEEDED = {
  Produce: [0, 7],
  Fetch: [1, 11],
  JoinGroup: [11, 5],
  InitProducerId: [22, 1],
  AddPartitionsToTxn: [24, 1],
  EndTxn: [26, 1],
  TxnOffsetCommit: [28, 1],
} as const;

/** Whether anybody listens there: at once, where nobody does. Null, or why not. */
export function listens(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket: Socket = connectPlain({ host, port });
    const end = (reason: string | null): void => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => end('no answer in time'));
    socket.once('connect', () => end(null));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'unreachable'));
  });
}

/** @param kafka of this broker alone */
export async function reachBroker(kafka: Kafka, broker: string): Promise<Reached> {
  const began = performance.now();
  const cluster = makeDirectCluster(kafka);
  try {
    await connectAdmin(cluster, [broker]);
    const versions = (cluster as unknown as SeedCluster).brokerPool.seedBroker?.versions ?? {};
    for (const [name, [key, newest]] of Object.entries(NEEDED)) {
      const spoken = versions[key];
      if (spoken === undefined || spoken.minVersion > newest) {
        return { ok: false, reason: `does not speak ${name} ${newest} or earlier`, fix: 'Use Kafka 2.1 or later.' };
      }
    }
    return { ok: true, ms: Math.round(performance.now() - began) };
  } catch (error) {
    const told = error instanceof LetheError ? error : kafkaUnavailable('connecting', [broker], error);
    // Which broker it is about is said beside it.
    const reason = told.message.slice(told.message.indexOf(DOING) + DOING.length);
    return { ok: false, reason, fix: told.fix ?? '' };
  } finally {
    await disconnectAdmin(cluster);
  }
}

/**
 * Stands between Lethe and the broker and knows the requests that pass (Kafka protocol guide: a length, then the number
 * of the API, its version and a correlation id). It can stop at one of them, or leave connections half open.
 */
import { connect, createServer, type Socket } from 'node:net';

/** The requests of a transaction, in the order in which the worker sends them. */
export const STEPS = {
  'init-producer-id': 22,
  'add-partitions': 24,
  produce: 0,
  'add-offsets': 25,
  'offset-commit': 28,
  'end-txn': 26,
} as const;

export type Step = keyof typeof STEPS;

/** `before`: the broker has not got the request; `after`: it has answered, and nobody has heard the answer. */
export type When = 'before' | 'after';

export type KafkaGate = {
  readonly address: string;
  /** Resolves as the gate stops at the step, after so many of its kind; its connection then stands still. */
  readonly stopAt: (step: Step, when: When, skip: number) => Promise<void>;
  /** Closes the broker's side of every connection that is open; what clients still send to them goes nowhere. */
  readonly halfOpen: () => number;
  readonly close: () => void;
};

type Trap = { readonly api: number; readonly when: When; skip: number; readonly sprung: () => void };

/** @param broker HOST:PORT */
export async function startKafkaGate(broker: string): Promise<KafkaGate> {
  const [host = '', port = ''] = broker.split(':');
  const pairs = new Set<{ client: Socket; server: Socket; deaf: boolean }>();
  let trap: Trap | null = null;

  const server = createServer((client) => {
    const upstream = connect({ host, port: Number(port) });
    const pair = { client, server: upstream, deaf: false };
    pairs.add(pair);
    let held = Buffer.alloc(0);
    let stopped = false;
    /** The correlation id whose answer must not get through. */
    let awaited: number | null = null;
    let answered = Buffer.alloc(0);
    const spring = (sprung: () => void): void => {
      stopped = true;
      trap = null;
      sprung();
    };
    client.on('data', (chunk: Buffer) => {
      if (stopped || pair.deaf) return;
      held = Buffer.concat([held, chunk]);
      while (held.length >= 12 && held.length >= 4 + held.readInt32BE(0) && !stopped) {
        const frame = held.subarray(0, 4 + held.readInt32BE(0));
        held = held.subarray(frame.length);
        if (trap !== null && frame.readInt16BE(4) === trap.api && trap.skip-- <= 0 && awaited === null) {
          if (trap.when === 'before') return spring(trap.sprung);
          awaited = frame.readInt32BE(8);
        }
        upstream.write(frame);
      }
    });
    upstream.on('data', (chunk: Buffer) => {
      if (stopped || pair.deaf) return;
      if (awaited === null) return void client.write(chunk);
      answered = Buffer.concat([answered, chunk]);
      while (answered.length >= 8 && answered.length >= 4 + answered.readInt32BE(0) && !stopped) {
        const frame = answered.subarray(0, 4 + answered.readInt32BE(0));
        answered = answered.subarray(frame.length);
        if (frame.readInt32BE(4) === awaited && trap !== null) return spring(trap.sprung);
        client.write(frame);
      }
    });
    client.on('error', () => upstream.destroy());
    client.on('close', () => {
      pairs.delete(pair);
      upstream.destroy();
    });
    upstream.on('error', () => pair.deaf || client.destroy());
    upstream.on('close', () => pair.deaf || client.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port: listening } = server.address() as { port: number };
  return {
    address: `127.0.0.1:${listening}`,
    stopAt: (step, when, skip) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      trap = { api: STEPS[step], when, skip, sprung: resolve };
      return promise;
    },
    halfOpen: () => {
      for (const pair of pairs) {
        pair.deaf = true;
        pair.server.destroy();
      }
      return pairs.size;
    },
    close: () => {
      server.close();
      for (const { client } of pairs) client.destroy();
    },
  };
}

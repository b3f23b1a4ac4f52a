import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { StackError } from './error.ts';

/**
 * Below Linux's ephemeral range (32768 and up). A port of that range may be taken as the source port of some outgoing
 * connection while its server is down; a client that retries on loopback can even connect to itself. Fault tests stop
 * parts and start them on the same port, so theirs must never be handed out by the kernel.
 */
export const PORT_RANGE = { from: 20_000, to: 32_000 } as const;

const tryListen = (port: number): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(server));
  });

const close = (server: Server): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));

/**
 * Free TCP ports on 127.0.0.1, all different, and free together at the time of the call.
 *
 * @param pick chooses the next candidate; given by tests
 */
export const freePorts = async (
  count: number,
  pick: () => number = () => randomInt(PORT_RANGE.from, PORT_RANGE.to),
): Promise<number[]> => {
  const held: { port: number; server: Server }[] = [];
  try {
    for (let attempt = 0; held.length < count; attempt += 1) {
      if (attempt > 200 + count) throw new StackError(`no ${count} free ports found on 127.0.0.1`);
      const port = pick();
      const server = held.some((other) => other.port === port) ? undefined : await tryListen(port);
      if (server) held.push({ port, server });
    }
    return held.map(({ port }) => port);
  } finally {
    await Promise.all(held.map(({ server }) => close(server)));
  }
};

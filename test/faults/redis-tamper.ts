/** Stands between Lethe and Redis and does to replies what no server does: swaps, drops and garbles them (RESP 2). */
import { connect, createServer, type Socket } from 'node:net';
import type { Random } from './random.ts';

/**
 * `swap-values`: two values of one MGET change places. `swap-replies`: two replies of one connection change places.
 * `cross-replies`: a reply goes to another connection, which gets it for its own. `garble`: a stretch of a value is
 * overwritten. `cut`: the connection ends in the midst of a reply.
 */
export const TAMPERINGS = ['swap-values', 'swap-replies', 'cross-replies', 'garble', 'cut'] as const;
export type Tampering = (typeof TAMPERINGS)[number];

export type RedisTamper = {
  readonly address: string;
  readonly close: () => void;
  /** How often it has struck. */
  readonly strikes: () => number;
};

/** @param redis HOST:PORT */
export async function startRedisTamper(redis: string, tampering: Tampering, random: Random): Promise<RedisTamper> {
  const [host = '', port = ''] = redis.split(':');
  const sockets = new Set<Socket>();
  let strikes = 0;
  let lent: Buffer | null = null;
  const server = createServer((client) => {
    const upstream = connect({ host, port: Number(port) });
    sockets.add(client).add(upstream);
    client.pipe(upstream);
    let held = Buffer.alloc(0);
    upstream.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      const replies: Buffer[] = [];
      for (let end = endOf(held, 0); end !== null; end = endOf(held, 0)) {
        replies.push(held.subarray(0, end));
        held = held.subarray(end);
      }
      const at = replies.findIndex((reply) => reply[0] === ARRAY && reply.length > 100);
      const reply = replies[at];
      if (reply !== undefined && random.chance(0.3)) {
        strikes++;
        if (tampering === 'swap-values') replies[at] = swapped(reply, random);
        else if (tampering === 'garble') replies[at] = garbled(reply, random);
        else if (tampering === 'swap-replies') replies.reverse();
        else if (tampering === 'cross-replies') {
          const other = lent;
          lent = reply;
          if (other !== null) replies[at] = other;
        } else {
          client.write(reply.subarray(0, random.between(1, reply.length)));
          client.destroy();
          return;
        }
      }
      if (!client.destroyed) for (const one of replies) client.write(one);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port: listening } = server.address() as { port: number };
  return {
    address: `127.0.0.1:${listening}`,
    strikes: () => strikes,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const ARRAY = 0x2a;
const BULK = 0x24;

/** Where the reply that begins at a place ends; null where it is not all there. */
function endOf(bytes: Buffer, start: number): number | null {
  const line = bytes.indexOf('\r\n', start);
  if (line < 0) return null;
  const length = Number(bytes.toString('latin1', start + 1, line));
  if (bytes[start] === BULK) {
    const end = length < 0 ? line + 2 : line + 2 + length + 2;
    return end <= bytes.length ? end : null;
  }
  let at: number | null = line + 2;
  if (bytes[start] === ARRAY) for (let item = 0; item < length && at !== null; item++) at = endOf(bytes, at);
  return at;
}

/** The elements of an array's reply. */
function elements(reply: Buffer): { head: Buffer; items: Buffer[] } {
  let at = reply.indexOf('\r\n') + 2;
  const head = reply.subarray(0, at);
  const items: Buffer[] = [];
  for (let end = endOf(reply, at); at < reply.length && end !== null; end = endOf(reply, at)) {
    items.push(reply.subarray(at, end));
    at = end;
  }
  return { head, items };
}

function swapped(reply: Buffer, random: Random): Buffer {
  const { head, items } = elements(reply);
  const [one, other] = [random.between(0, items.length), random.between(0, items.length)];
  [items[one], items[other]] = [items[other]!, items[one]!];
  return Buffer.concat([head, ...items]);
}

function garbled(reply: Buffer, random: Random): Buffer {
  const { head, items } = elements(reply);
  const long = items.flatMap((item, index) => (item[0] === BULK && item.length > 40 ? [index] : []));
  if (long.length === 0) return reply;
  const index = random.pick(long);
  const item = Buffer.from(items[index]!);
  const body = item.indexOf('\r\n') + 2;
  const from = random.between(body, item.length - 12);
  for (let at = from; at < from + random.between(2, 10); at++) item[at] = random.between(0x20, 0x7f);
  items[index] = item;
  return Buffer.concat([head, ...items]);
}

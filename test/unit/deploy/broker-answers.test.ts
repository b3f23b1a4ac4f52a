import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { brokerAnswers } from '../../../deploy/local/broker-answers.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

/** A server that answers the first bytes with `reply` (or hangs up, where it is null). */
const answering = (reply: Buffer | null, piecewise = false): Promise<string> =>
  new Promise((resolve) => {
    server = createServer((socket) => {
      socket.once('data', () => {
        if (reply === null) return void socket.destroy();
        if (!piecewise) return void socket.write(reply);
        for (const [index, byte] of reply.entries()) setTimeout(() => socket.write(Buffer.of(byte)), index);
      });
      socket.once('error', () => {});
    });
    server.listen(0, '127.0.0.1', () => {
      const address = server?.address();
      resolve(`127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
    });
  });

const metadata = (correlation: number, brokers: number): Buffer => {
  const reply = Buffer.alloc(12);
  reply.writeInt32BE(8, 0);
  reply.writeInt32BE(correlation, 4);
  reply.writeInt32BE(brokers, 8);
  return reply;
};

describe('brokerAnswers', () => {
  it.each([
    ['a broker that counts itself in', metadata(7, 1), true],
    ['a broker that is not let in yet', metadata(7, 0), false],
    ['a reply to some other question', metadata(8, 1), false],
    ['a server that hangs up', null, false],
  ])('%s', async (_, reply, expected) => {
    expect(await brokerAnswers(await answering(reply))).toBe(expected);
  });

  it('reads a reply that comes in pieces', async () => {
    expect(await brokerAnswers(await answering(metadata(7, 3), true))).toBe(true);
  });

  it('throws where nobody listens', async () => {
    const endpoint = await answering(null);
    await new Promise((resolve) => server?.close(resolve));
    await expect(brokerAnswers(endpoint)).rejects.toThrow('ECONNREFUSED');
  });
});

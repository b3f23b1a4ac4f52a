import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { afterEach, describe, expect, it } from 'vitest';
import { installConnections } from '../../../../services/adapters/kafka/connections.ts';

const API_VERSIONS = 18;

type Broker = { readonly server: Server; readonly address: string; readonly connections: () => number };
let broker: Broker | null = null;
let admin: Admin | null = null;

afterEach(async () => {
  await admin?.disconnect().catch(() => undefined);
  broker?.server.close();
});

/** Answers requests as it is told; what is null is never answered. */
async function startBroker(
  answer: (api: number, connection: number, socket: Socket) => Buffer | null,
): Promise<Broker> {
  let count = 0;
  const server = createServer((socket) => {
    const connection = ++count;
    let held = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
        const request = held.subarray(4, 4 + held.readInt32BE(0));
        held = held.subarray(4 + request.length);
        const body = answer(request.readInt16BE(0), connection, socket);
        if (body === null) continue;
        const head = Buffer.alloc(8);
        head.writeInt32BE(4 + body.length, 0);
        request.copy(head, 4, 4, 8);
        socket.write(Buffer.concat([head, body]));
      }
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { server, address: `127.0.0.1:${port}`, connections: () => count };
}

/** ApiVersions, version 0 to 2: no error, Metadata of version 0 to 1 alone; version 1 says for how long it throttles. */
const versions = (): Buffer => {
  const body = Buffer.alloc(2 + 4 + 2 * 6 + 4);
  body.writeInt32BE(2, 2);
  for (const [index, [api, max]] of [[3, 1] as const, [API_VERSIONS, 1] as const].entries()) {
    body.writeInt16BE(api, 6 + index * 6);
    body.writeInt16BE(max, 10 + index * 6);
  }
  return body;
};

/** Metadata, version 1: one broker, which is the controller, and no topic. */
const metadata = (address: string): Buffer => {
  const [host = '', port = ''] = address.split(':');
  const name = Buffer.from(host);
  const body = Buffer.alloc(4 + 4 + 2 + name.length + 4 + 2 + 4 + 4);
  let at = body.writeInt32BE(1, 0);
  at = body.writeInt32BE(1, at);
  at = body.writeInt16BE(name.length, at);
  at += name.copy(body, at);
  at = body.writeInt32BE(Number(port), at);
  at = body.writeInt16BE(-1, at);
  at = body.writeInt32BE(1, at);
  body.writeInt32BE(0, at);
  return body;
};

const adminOf = (address: string): Admin =>
  new kafkajs.Kafka({
    brokers: [address],
    requestTimeout: 300,
    enforceRequestTimeout: true,
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 0 },
  }).admin();

describe('a connection', () => {
  it('on which a request got no answer in time is given up: the next request takes a new one', async () => {
    installConnections();
    let mute = false;
    broker = await startBroker((api, connection) => {
      if (mute && connection === 1) return null;
      return api === API_VERSIONS ? versions() : metadata(broker?.address ?? '');
    });
    admin = adminOf(broker.address);
    await admin.connect();
    await admin.listTopics();
    const before = broker.connections();
    mute = true;
    await expect(admin.listTopics()).rejects.toThrow(/timed out/);
    await sleep(50);
    expect(await admin.listTopics()).toEqual([]);
    expect(broker.connections()).toBe(before + 1);
  });

  it('to a broker that is silent is given up with the first on which a request timed out', async () => {
    installConnections();
    let mute = false;
    broker = await startBroker((api) => {
      if (mute) return null;
      return api === API_VERSIONS ? versions() : metadata(broker?.address ?? '');
    });
    admin = adminOf(broker.address);
    const idle = adminOf(broker.address);
    await Promise.all([admin.connect(), idle.connect()]);
    await Promise.all([admin.listTopics(), idle.listTopics()]);
    const before = broker.connections();
    mute = true;
    await expect(admin.listTopics()).rejects.toThrow(/timed out/);
    mute = false;
    await sleep(50);
    expect(await idle.listTopics()).toEqual([]);
    expect(broker.connections()).toBe(before + 1);
    await idle.disconnect();
  });

  it('that ended in the midst of an answer begins anew where it connects again', async () => {
    installConnections();
    let cut = false;
    broker = await startBroker((api, _connection, socket) => {
      if (cut && api !== API_VERSIONS) {
        cut = false;
        // A length, and the first bytes of what it announces.
        socket.end(Buffer.from('000000400000', 'hex'));
        return null;
      }
      return api === API_VERSIONS ? versions() : metadata(broker?.address ?? '');
    });
    admin = adminOf(broker.address);
    await admin.connect();
    await admin.listTopics();
    cut = true;
    await expect(admin.listTopics()).rejects.toThrow();
    await sleep(50);
    expect(await admin.listTopics()).toEqual([]);
  });
});

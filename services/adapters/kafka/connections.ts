/**
 * Two flaws of kafkajs 2.2.4's connections, either of which stops a partition for as long as the worker lives:
 *
 * - a request that gets no answer in time is given up, its connection is not (#1163, #659): where the other side is gone
 *   without a word, as behind a firewall that forgot, every later request waits for its timeout as well. Java's client
 *   closes the connection, and so do we, together with those to the same broker that have not been heard of since:
 *   a worker has a dozen, and would else find out about one after the other, a timeout each;
 * - a connection that ended in the midst of an answer keeps that half when it connects again, and takes what comes next
 *   for the rest of it.
 */
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

type Connection = {
  readonly host: string;
  readonly port: number;
  socket?: Socket;
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  isConnected: () => boolean;
  connect: () => Promise<unknown>;
  send: (protocol: unknown) => Promise<unknown>;
  processData: (data: Buffer) => void;
  disconnect: () => Promise<unknown>;
};

/** An answer begins with its length. */
const LENGTH_BYTES = 4;

let installed = false;

/** For every client of this process; the second call does nothing. */
export function installConnections(): void {
  if (installed) return;
  installed = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/connection.js') as {
    prototype: Connection;
  };
  const { connect, send, processData, disconnect } = prototype;
  /** When each open connection was last heard of, monotonic milliseconds. */
  const heard = new Map<Connection, number>();
  prototype.connect = function connectFromTheBeginning(this: Connection) {
    if (!this.isConnected()) {
      this.chunks = [];
      this.bytesBuffered = 0;
      this.bytesNeeded = LENGTH_BYTES;
      heard.set(this, performance.now());
    }
    return connect.call(this);
  };
  prototype.processData = function processDataAndNote(this: Connection, data: Buffer) {
    heard.set(this, performance.now());
    processData.call(this, data);
  };
  prototype.disconnect = function disconnectAndForget(this: Connection) {
    heard.delete(this);
    return disconnect.call(this);
  };
  prototype.send = async function sendOrGiveUp(this: Connection, protocol: unknown) {
    const { socket } = this;
    const asked = performance.now();
    try {
      return await send.call(this, protocol);
    } catch (error) {
      // Another socket has taken its place: that one may be well.
      if (isTimeout(error) && socket !== undefined && socket === this.socket) {
        socket.destroy(error);
        for (const [other, since] of heard) {
          const { host, port } = other;
          if (since < asked && host === this.host && port === this.port) other.socket?.destroy(error);
        }
      }
      throw error;
    }
  };
}

function isTimeout(error: unknown): error is Error {
  return error instanceof Error && error.name === 'KafkaJSRequestTimeoutError';
}

/** Opens the sockets of kafkajs, each with the certificates of that moment. */
import { connect as connectPlain, isIP, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';
import { TLS_FILES_UNUSABLE, TLS_HUNG_UP, TLS_WANTED } from '../../core/connection-faults.ts';

/** PEM texts. A member may be a getter: it is read whenever a connection is made. */
export type KafkaTls = { readonly ca?: string; readonly cert?: string; readonly key?: string };

const KEEP_ALIVE_MS = 60_000;
/** How an alert of TLS begins (RFC 8446, 5.1); as the length of an answer of Kafka's it would be 350 MB. */
const TLS_ALERT = 0x15;
const TLS_MAJOR = 0x03;

/** @param tls false: plain TCP */
export function socketFactory(tls: boolean | KafkaTls): ISocketFactory {
  return ({ host, port, onConnect }) => {
    const socket =
      tls === false ? plain(host, port, onConnect) : secured(host, port, tls === true ? {} : tls, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return socket;
  };
}

/** Says so where the other side answers with TLS: kafkajs would wait for the rest of an answer. */
function plain(host: string, port: number, onConnect: () => void): Socket {
  const socket = connectPlain({ host, port }, onConnect);
  socket.once('data', (bytes: Buffer) => {
    if (bytes[0] === TLS_ALERT && bytes[1] === TLS_MAJOR) socket.destroy(coded(TLS_WANTED));
  });
  return socket;
}

function secured(host: string, port: number, files: KafkaTls, onConnect: () => void): Socket {
  let reached = false;
  let secure = false;
  try {
    const socket = connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...files }, () => {
      secure = true;
      onConnect();
    });
    socket.once('connect', () => {
      reached = true;
    });
    // Before kafkajs hears of it.
    socket.prependListener('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' && reached && !secure) error.code = TLS_HUNG_UP;
    });
    return socket;
  } catch (cause) {
    // Broken PEM, or a key of another certificate: kafkajs would keep no more than OpenSSL's message.
    const none = new Socket();
    process.nextTick(() => none.destroy(coded(TLS_FILES_UNUSABLE, cause)));
    return none;
  }
}

function coded(code: string, cause?: unknown): Error {
  return Object.assign(new Error(code, { cause }), { code });
}

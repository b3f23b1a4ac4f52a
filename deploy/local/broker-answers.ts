import { connect, type Socket } from 'node:net';

const METADATA_KEY = 3;
const METADATA_VERSION = 1;
const CORRELATION = 7;

/** A Metadata request, version 1, for no topic: the reply lists the brokers that are fit to serve (Kafka protocol guide). */
const metadataRequest = (): Buffer => {
  const clientId = Buffer.from('lethe-stack');
  const request = Buffer.alloc(4 + 2 + 2 + 4 + 2 + clientId.length + 4);
  let at = request.writeInt32BE(request.length - 4, 0);
  at = request.writeInt16BE(METADATA_KEY, at);
  at = request.writeInt16BE(METADATA_VERSION, at);
  at = request.writeInt32BE(CORRELATION, at);
  at = request.writeInt16BE(clientId.length, at);
  at += clientId.copy(request, at);
  request.writeInt32BE(0, at);
  return request;
};

/**
 * Whether the broker at `host:port` answers and counts itself in: a KRaft broker takes connections a moment before the
 * controller lets it serve. By hand, because a client would log, retry and keep sockets for this one question.
 *
 * @param open how to connect, where plain TCP will not do
 */
export const brokerAnswers = (
  endpoint: string,
  open: (to: { host: string; port: number }) => Socket = connect,
): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const [host = '', port = ''] = endpoint.split(':');
    const socket = open({ host, port: Number(port) });
    let reply = Buffer.alloc(0);
    socket.setTimeout(2000, () => socket.destroy(new Error('no answer within 2 s')));
    socket.once('error', reject);
    socket.once('close', () => resolve(false));
    socket.once('connect', () => socket.write(metadataRequest()));
    socket.on('data', (bytes) => {
      reply = Buffer.concat([reply, bytes]);
      // Length, correlation id, then how many brokers.
      if (reply.length < 12) return;
      resolve(reply.readInt32BE(4) === CORRELATION && reply.readInt32BE(8) > 0);
      socket.destroy();
    });
  });

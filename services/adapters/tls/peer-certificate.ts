import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls';
import { TLS_FILES_UNUSABLE } from '../../core/connection-faults.ts';

/** What a server shows when a TLS connection is made, and whether it is trusted. */
export type PeerCertificate =
  | {
      readonly ok: true;
      /** Epoch milliseconds. */
      readonly validTo: number;
    }
  | { readonly ok: false; readonly reason: string; readonly validTo: number | null };

const TIMEOUT_MS = 3_000;

/** Looks at a server's certificate; sends nothing but the handshake. Files of ours that cannot be used are a reason. */
export function peerCertificate(
  host: string,
  port: number,
  tls: Pick<ConnectionOptions, 'ca' | 'cert' | 'key'>,
): Promise<PeerCertificate> {
  return new Promise((resolve) => {
    // Trusted or not, it is to be seen; nothing is sent to it.
    const name = isIP(host) === 0 ? { servername: host } : {};
    const secureContext = contextOf(tls);
    if (secureContext === null) {
      resolve({ ok: false, reason: TLS_FILES_UNUSABLE, validTo: null });
      return;
    }
    const socket = connect({ secureContext, ...name, host, port, rejectUnauthorized: false });
    const end = (result: PeerCertificate): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(TIMEOUT_MS, () => end({ ok: false, reason: 'no answer in time', validTo: null }));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      end({ ok: false, reason: error.code ?? 'no TLS', validTo: null });
    });
    socket.once('secureConnect', () => {
      const { valid_to: until } = socket.getPeerCertificate();
      const validTo = Date.parse(until);
      // A string, whatever the types say.
      const refusal = socket.authorizationError as unknown;
      if (socket.authorized) end({ ok: true, validTo });
      else end({ ok: false, reason: String(refusal instanceof Error ? refusal.message : refusal), validTo });
    });
  });
}

/** Null where OpenSSL refuses the files: broken PEM, or a key of another certificate. */
function contextOf(tls: Pick<ConnectionOptions, 'ca' | 'cert' | 'key'>): SecureContext | null {
  try {
    return createSecureContext(tls);
  } catch {
    return null;
  }
}

/** Until when a PEM certificate is good, epoch milliseconds; null where it is none. */
export function validUntil(pem: string): number | null {
  try {
    return Date.parse(new X509Certificate(pem).validTo);
  } catch {
    return null;
  }
}

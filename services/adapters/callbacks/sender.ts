/** Sends callbacks: one POST, to an address that was looked at, followed nowhere, its answer read no further than its status. */
import { lookup as resolveName } from 'node:dns';
import { type RequestOptions, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { type CallbackHosts, checkCallbackUrl, isAllowedAddress, portOf } from './allowed.ts';

/** Null: it was taken. Otherwise why not, in words that hold nothing of URL or answer: `status_500`, `timeout`, … */
export type SendCallback = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
) => Promise<string | null>;

export type CallbackSenderOptions = {
  readonly hosts: CallbackHosts;
  /** Of the whole exchange. */
  readonly timeoutMs?: number;
  /** Resolves names; for tests. */
  readonly resolve?: LookupFunction;
};

const TIMEOUT_MS = 5_000;
const MOST_HEADER_BYTES = 16 * 1024;

class AddressRefused extends Error {}

export function makeCallbackSender(options: CallbackSenderOptions): SendCallback {
  const { hosts, timeoutMs = TIMEOUT_MS } = options;
  const resolveAny = options.resolve ?? (resolveName as LookupFunction);
  return (text, headers, body) => {
    // The setting may have changed since the URL was taken.
    const checked = checkCallbackUrl(text, hosts);
    if (!checked.ok) return Promise.resolve('url_refused');
    const url = new URL(checked.url);
    const request: RequestOptions = {
      method: 'POST',
      // A connection each time: one that was kept open was looked at some other time.
      agent: false,
      lookup: onlyAllowed(hosts, portOf(url), resolveAny),
      maxHeaderSize: MOST_HEADER_BYTES,
      headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': 'lethe', connection: 'close' },
    };
    return new Promise((resolve) => {
      const sent = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, request);
      const timer = setTimeout(() => {
        end('timeout');
      }, timeoutMs);
      const end = (result: string | null): void => {
        clearTimeout(timer);
        resolve(result);
        sent.destroy();
      };
      sent.on('response', ({ statusCode = 0 }) => {
        end(statusCode >= 200 && statusCode < 300 ? null : `status_${statusCode}`);
      });
      sent.on('error', (error) => {
        end(reasonOf(error));
      });
      sent.end(body);
    });
  };
}

/**
 * A name may mean another address each time it is asked for (DNS rebinding): what is looked at here is what is connected
 * to. A name of which any address is not allowed is refused altogether.
 */
function onlyAllowed(hosts: CallbackHosts, port: string, resolve: LookupFunction): LookupFunction {
  return (name, options, done) => {
    resolve(name, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        done(error, '');
        return;
      }
      const addresses = Array.isArray(found) ? found : [];
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isAllowedAddress(address, port, hosts))) {
        done(new AddressRefused(), '');
        return;
      }
      if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}

/** Codes of Node and OpenSSL are names; messages may hold anything. */
function reasonOf(error: Error): string {
  if (error instanceof AddressRefused) return 'address_refused';
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code.toLowerCase() : 'failed';
}

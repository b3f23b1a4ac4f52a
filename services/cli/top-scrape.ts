/** One look at a worker's /metrics, bounded in time and size. */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { performance } from 'node:perf_hooks';
import { parseExposition } from '../core/top/exposition.ts';
import { isRead } from '../core/top/names.ts';
import type { Look } from '../core/top/watch.ts';
import type { Target } from './top-endpoints.ts';

export type Bounds = { readonly milliseconds: number; readonly bytes: number };

export const SCRAPE_BOUNDS: Bounds = { milliseconds: 2_000, bytes: 10 * 1024 * 1024 };

/** Never throws: what goes wrong is a look too. */
export async function scrape(target: Target, bounds: Bounds = SCRAPE_BOUNDS): Promise<Look> {
  const endpoint = target.shown;
  const signal = AbortSignal.timeout(bounds.milliseconds);
  const at = (): number => performance.now();
  try {
    const response = await get(target, signal);
    if (response.statusCode !== 200) {
      response.destroy();
      return { endpoint, at: at(), ok: false, problem: `answers ${response.statusCode ?? 'without a status'}` };
    }
    const text = await textOf(response, bounds.bytes);
    if (text === null) return { endpoint, at: at(), ok: false, problem: `sends more than ${bounds.bytes} bytes` };
    return { endpoint, at: at(), ok: true, exposition: parseExposition(text, isRead) };
  } catch (error) {
    const problem = signal.aborted ? `no answer within ${bounds.milliseconds} ms` : problemOf(error);
    return { endpoint, at: at(), ok: false, problem };
  }
}

/** To the address, in the name of the host: certificates and virtual hosts are of that. */
function get({ endpoint: { url, auth }, address }: Target, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const name = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve, reject) => {
    const asked = request({
      host: address,
      port: url.port === '' ? undefined : Number(url.port),
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, accept: 'text/plain;version=0.0.4' },
      // Without an agent: a connection kept open would hold up a worker that was told to stop.
      agent: false,
      signal,
      ...(auth === null ? {} : { auth }),
      ...(name === address ? {} : { servername: name }),
    });
    asked.once('response', resolve);
    asked.on('error', reject);
    asked.end();
  });
}

/** Null: it is longer. */
async function textOf(response: IncomingMessage, most: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop closes the connection.
    if (bytes > most) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses the connection',
  ECONNRESET: 'closed the connection',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
};

function problemOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  // Codes are Node's own; messages may repeat what the other side sent.
  return typeof code === 'string' ? (PROBLEMS[code] ?? `fails (${code})`) : 'fails';
}

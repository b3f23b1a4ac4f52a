import { request as plainRequest } from 'node:http';
import { Agent, request as securedRequest } from 'node:https';
import { tlsFaultOf } from '../../core/connection-faults.ts';
import { LetheError } from '../../core/errors.ts';

/** PEM texts. A member may be a getter: it is read at each request. */
export type RegistryTls = { readonly ca?: string; readonly cert?: string; readonly key?: string };

export type RegistryAccess = {
  /** Base URL of the Confluent API, without a slash at its end. */
  readonly url: string;
  /** Asked at each request; null: nobody in particular. */
  readonly login: () => { readonly user: string; readonly password: string } | null;
  readonly tls: RegistryTls;
  readonly timeoutMs: number;
};

/** Far more than any schema; what goes on for ever must not fill the memory until the timeout. */
const MOST_ANSWER_BYTES = 16 * 1024 * 1024;
const TOO_LONG = 'ERR_ANSWER_TOO_LONG';

/** What became of a request: the label of `lethe_schema_requests_total`. */
export type RequestResult = 'ok' | 'not_found' | 'refused' | 'error';

export type RegistryAnswer = { readonly status: number; readonly body: unknown };

/**
 * One request to the registry. Answers below 500 are answers, but for a refused log-in; all else throws `unavailable`,
 * naming the endpoint and the setting, never the credentials or a schema.
 */
export async function request(
  access: RegistryAccess,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<RegistryAnswer> {
  const headers: Record<string, string> = { accept: 'application/vnd.schemaregistry.v1+json, application/json' };
  const login = access.login();
  if (login !== null) {
    headers['authorization'] = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  }
  if (body !== undefined) headers['content-type'] = 'application/vnd.schemaregistry.v1+json';
  const content = body === undefined ? null : Buffer.from(JSON.stringify(body));
  if (content !== null) headers['content-length'] = String(content.length);
  let status: number;
  let text: string;
  try {
    ({ status, text } = await exchange(access, method, path, headers, content));
  } catch (cause) {
    throw unreachable(access, cause);
  }
  if (status === 401 || status === 403) throw refusedLogin(access, status);
  // Not followed: credentials must not go on to somebody else.
  if (status >= 300 && status < 400) throw unavailable(access, `answered ${status}, a redirect`);
  if (status >= 500 || status === 429) throw unavailable(access, `answered ${status}`);
  try {
    return { status, body: JSON.parse(text) };
  } catch (cause) {
    throw unavailable(access, `answered ${status} with something that is not JSON`, cause);
  }
}

/** `unavailable`, in one line that says where and what to do. */
export function unavailable(access: RegistryAccess, reason: string, cause?: unknown): LetheError {
  return new LetheError('unavailable', `Schema registry ${access.url}: ${reason}`, {
    dependency: 'registry',
    fix: 'Check SCHEMA_REGISTRY_URL, and that the registry is up and can be reached from here.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** `unavailable` too: the registry is there, but not for us; whoever changes that need not restart anything. */
export function refusedLogin(access: RegistryAccess, status: number): LetheError {
  return new LetheError('unavailable', `Schema registry ${access.url}: refuses the log-in (${status})`, {
    dependency: 'registry',
    fix: 'Check SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD.',
  });
}

/** A connection for each request: there are few, and each is made with the certificates of that moment. */
function exchange(
  access: RegistryAccess,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  content: Buffer | null,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, signal: AbortSignal.timeout(access.timeoutMs) };
    const agent = agentOf(access);
    const url = access.url + path;
    const asked =
      agent === null ? plainRequest(url, { ...options, agent: false }) : securedRequest(url, { ...options, agent });
    asked.once('error', reject);
    asked.once('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_ANSWER_BYTES) response.destroy(Object.assign(new Error(), { code: TOO_LONG }));
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    asked.end(content ?? undefined);
  });
}

/** For one request; null without TLS. Throws what OpenSSL says of unusable files. */
export function agentOf({ url, tls }: RegistryAccess): Agent | null {
  return url.startsWith('https:') ? new Agent({ ...tls, keepAlive: false }) : null;
}

const TLS_SETTINGS = {
  address: 'SCHEMA_REGISTRY_URL',
  ca: 'SCHEMA_REGISTRY_CA',
  cert: 'SCHEMA_REGISTRY_CERT',
  key: 'SCHEMA_REGISTRY_KEY',
  on: 'Write https:// in SCHEMA_REGISTRY_URL.',
  off: 'Write http:// in SCHEMA_REGISTRY_URL, or name the port for TLS.',
};

/** `unavailable`, of what a connection died of. */
export function unreachable(access: RegistryAccess, cause: unknown): LetheError {
  const fault = tlsFaultOf(cause, TLS_SETTINGS);
  if (fault !== null) {
    const message = `Schema registry ${access.url}: ${fault.reason} (${fault.code})`;
    return new LetheError('unavailable', message, { dependency: 'registry', fix: fault.fix, cause });
  }
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  if (code === 'ABORT_ERR' || code === 23) return unavailable(access, `no answer in ${access.timeoutMs} ms`, cause);
  return unavailable(access, typeof code === 'string' ? `unreachable (${code})` : 'unreachable', cause);
}

import { LetheError } from '../../core/errors.ts';

export type RegistryAccess = {
  /** Base URL of the Confluent API, without a slash at its end. */
  readonly url: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly timeoutMs: number;
};

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
  if (access.user !== null) {
    const credentials = Buffer.from(`${access.user}:${access.password ?? ''}`).toString('base64');
    headers['authorization'] = `Basic ${credentials}`;
  }
  if (body !== undefined) headers['content-type'] = 'application/vnd.schemaregistry.v1+json';
  let status: number;
  let text: string;
  try {
    const response = await fetch(access.url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // Credentials must not follow a redirect to somebody else.
      redirect: 'error',
      signal: AbortSignal.timeout(access.timeoutMs),
    });
    status = response.status;
    text = await response.text();
  } catch (cause) {
    throw unavailable(access, reasonOf(cause, access), cause);
  }
  if (status === 401 || status === 403) throw refusedLogin(access, status);
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

function reasonOf(cause: unknown, access: RegistryAccess): string {
  if (cause instanceof DOMException && cause.name === 'TimeoutError') return `no answer in ${access.timeoutMs} ms`;
  const inner = cause instanceof Error ? cause.cause : undefined;
  const code = inner instanceof Error && 'code' in inner ? inner.code : undefined;
  return typeof code === 'string' ? `unreachable (${code})` : 'unreachable';
}

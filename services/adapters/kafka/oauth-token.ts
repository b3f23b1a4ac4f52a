/** Tokens for OAUTHBEARER by OAuth 2.0 client credentials (RFC 6749, section 4.4). */
import { LetheError } from '../../core/errors.ts';

/** `secret` may be a getter: it is read whenever a token is asked for. */
export type TokenClient = {
  readonly url: string;
  readonly id: string;
  readonly secret: string;
  readonly scope: string | null;
};

export type Tokens = {
  /** A token that is good for a while; one request serves all who ask at once. */
  readonly token: () => Promise<string>;
  /** The broker did not take it: the next one is asked for anew. */
  readonly refused: (token: string) => void;
};

const TIMEOUT_MS = 5_000;
/** A token is used for this part of its life, so that none runs out on its way. */
const USED_LIFE = 0.8;

/** @param clock epoch milliseconds */
export function tokensOf(client: TokenClient, clock: () => number = Date.now): Tokens {
  let held: { readonly token: string; readonly until: number } | null = null;
  let asking: Promise<string> | null = null;

  async function ask(): Promise<string> {
    const { token, lifeMs } = await requestToken(client);
    held = { token, until: clock() + lifeMs * USED_LIFE };
    return token;
  }

  return {
    token: () => {
      if (held !== null && clock() < held.until) return Promise.resolve(held.token);
      asking ??= ask().finally(() => {
        asking = null;
      });
      return asking;
    },
    refused: (token) => {
      if (held?.token === token) held = null;
    },
  };
}

async function requestToken(client: TokenClient): Promise<{ token: string; lifeMs: number }> {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (client.scope !== null) form.set('scope', client.scope);
  let status: number;
  let body: unknown;
  try {
    const response = await fetch(client.url, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        // RFC 6749, 2.3.1: both halves are form-encoded first.
        authorization: `Basic ${Buffer.from(`${formEncoded(client.id)}:${formEncoded(client.secret)}`).toString('base64')}`,
      },
      body: form,
      // Credentials must not follow a redirect to somebody else.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    status = response.status;
    body = await response.json().catch(() => null);
  } catch (cause) {
    throw failed(client, 'cannot be reached', cause);
  }
  if (status === 400 || status === 401 || status === 403) throw failed(client, `refuses the client (${status})`);
  const answer = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>;
  const { access_token: token, expires_in: seconds } = answer;
  if (status !== 200 || typeof token !== 'string' || !/^[A-Za-z0-9._~+/=-]+$/.test(token)) {
    throw failed(client, `answered ${status} without a token`);
  }
  // Recommended, not required; without it each log-in asks.
  return { token, lifeMs: typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : 0 };
}

const formEncoded = (text: string): string => new URLSearchParams({ a: text }).toString().slice(2);

function failed(client: TokenClient, what: string, cause?: unknown): LetheError {
  // A query may hold a key of the provider's.
  const { origin, pathname } = new URL(client.url);
  return new LetheError('unavailable', `The token endpoint ${origin}${pathname} ${what}`, {
    dependency: 'kafka',
    fix: 'Check KAFKA_SASL_OAUTH_TOKEN_URL, KAFKA_SASL_OAUTH_CLIENT_ID, KAFKA_SASL_OAUTH_CLIENT_SECRET and KAFKA_SASL_OAUTH_SCOPE.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Data keys wrapped by HashiCorp Vault's transit engine over its HTTP API, which never gives the key-encryption key away
 * (https://developer.hashicorp.com/vault/api-docs/secret/transit: encrypt, decrypt and rewrap with `batch_input`, read key).
 * OpenBao speaks the same. What is wrapped is the data key followed by the subject's token, so that no subject's key opens
 * as another's, whatever the version of Vault makes of associated data.
 */
import type { KeyWrapper, WrappedKey } from '../../core/data-key.ts';
import { LetheError } from '../../core/errors.ts';

export type VaultOptions = {
  /** Base URL, as VAULT_ADDR is elsewhere: `https://vault.example.com:8200`. */
  readonly address: string;
  readonly token: string;
  /** Name of the transit key. */
  readonly key: string;
  /** Path the engine is mounted at. Default `transit`. */
  readonly mount?: string;
  /** A request that has no answer after so many milliseconds has failed. Default 5,000. */
  readonly timeoutMs?: number;
};

const KEY_BYTES = 32;
/** Keys of one request: well below what Vault takes in one body (32 MiB). */
const PER_REQUEST = 500;
const CIPHERTEXT = /^vault:v([1-9][0-9]{0,9}):[A-Za-z0-9+/=]{1,4000}$/;
/** How long what was said of the key's latest version is believed. */
const FRESH_MS = 1_000;

type BatchItem = { readonly plaintext?: unknown; readonly ciphertext?: unknown; readonly error?: unknown };

export function makeVaultWrapper(options: VaultOptions, now: () => number = Date.now): KeyWrapper {
  const mount = (options.mount ?? 'transit').replace(/^\/+|\/+$/g, '');
  const base = `${options.address.replace(/\/+$/, '')}/v1/${mount}`;
  const name = encodeURIComponent(options.key);
  let latest: { readonly version: number; readonly at: number } | null = null;

  async function call(path: string, body?: unknown): Promise<{ readonly status: number; readonly data: unknown }> {
    let response: Response;
    let answer: unknown;
    try {
      response = await fetch(`${base}/${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'x-vault-token': options.token, 'x-vault-request': 'true', 'content-type': 'application/json' },
        signal: AbortSignal.timeout(options.timeoutMs ?? 5_000),
        redirect: 'error',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      answer = await response.json().catch(() => null);
    } catch {
      // What fetch throws may hold the URL and more; that there was no answer says all.
      throw away('it does not answer');
    }
    if (response.status === 200 || response.status === 400) {
      const { data } = (answer ?? {}) as { readonly data?: unknown };
      if (typeof data === 'object' && data !== null) return { status: response.status, data };
    }
    // Vault's own words may quote what was sent.
    throw away(REASONS[response.status] ?? `it answered ${response.status}`);
  }

  function away(reason: string): LetheError {
    return new LetheError('unavailable', `Vault at ${hostOf(options.address)} (LETHE_VAULT_ADDR): ${reason}`, {
      fix: 'Check LETHE_VAULT_ADDR, LETHE_VAULT_TOKEN, LETHE_VAULT_TRANSIT_KEY and the policy of the token; Lethe goes on by itself.',
    });
  }

  /** Results in the order of the items; an item that failed is null, which with Vault makes the status 400. */
  async function batch<T>(
    verb: 'encrypt' | 'decrypt' | 'rewrap',
    items: readonly object[],
    read: (item: BatchItem) => T | null,
  ): Promise<(T | null)[]> {
    const results: (T | null)[] = [];
    for (let from = 0; from < items.length; from += PER_REQUEST) {
      const part = items.slice(from, from + PER_REQUEST);
      const { data } = await call(`${verb}/${name}`, { batch_input: part });
      const { batch_results: answered } = data as { readonly batch_results?: unknown };
      if (!Array.isArray(answered) || answered.length !== part.length) throw away('its answer is not to the question');
      for (const item of answered as (BatchItem | null)[]) results.push(item === null ? null : read(item));
    }
    return results;
  }

  async function unwrap(keys: readonly WrappedKey[]): Promise<readonly (Uint8Array | null)[]> {
    const asked = keys.flatMap(({ wrapped }, index) => (CIPHERTEXT.test(wrapped) ? [index] : []));
    const items = asked.map((index) => ({ ciphertext: keys[index]?.wrapped }));
    const plain = await batch('decrypt', items, ({ plaintext }) =>
      typeof plaintext === 'string' ? Buffer.from(plaintext, 'base64') : null,
    );
    const found: (Uint8Array | null)[] = keys.map(() => null);
    for (const [place, index] of asked.entries()) {
      const bytes = plain[place] ?? null;
      const bound = bytes?.subarray(KEY_BYTES).toString('utf8') === keys[index]?.token;
      if (bytes !== null && bytes !== undefined && bound) found[index] = Uint8Array.from(bytes.subarray(0, KEY_BYTES));
    }
    return found;
  }

  return {
    version: async () => {
      const asked = now();
      if (latest !== null && asked - latest.at < FRESH_MS) return latest.version;
      const { data } = await call(`keys/${name}`);
      const version = (data as { readonly latest_version?: unknown }).latest_version;
      if (!Number.isSafeInteger(version)) throw away('it does not tell the version of the key');
      latest = { version: version as number, at: asked };
      return latest.version;
    },
    versionOf,
    wrap: async (keys) => {
      const items = keys.map(({ token, key }) => ({
        plaintext: Buffer.concat([key, Buffer.from(token, 'utf8')]).toString('base64'),
      }));
      const wrapped = await batch('encrypt', items, ({ ciphertext }) => ciphertextOf(ciphertext));
      return wrapped.map((one) => {
        if (one === null) throw away('it could not encrypt');
        return one;
      });
    },
    unwrap,
    rewrap: async (keys) => {
      // Opened first: Vault would as well rewrap what belongs to another subject.
      const open = await unwrap(keys);
      const asked = keys.flatMap((_, index) => (open[index] === null ? [] : [index]));
      const items = asked.map((index) => ({ ciphertext: keys[index]?.wrapped }));
      const fresh = await batch('rewrap', items, ({ ciphertext }) => ciphertextOf(ciphertext));
      const results: (string | null)[] = keys.map(() => null);
      for (const [place, index] of asked.entries()) results[index] = fresh[place] ?? null;
      return results;
    },
  };
}

const REASONS: Readonly<Record<number, string>> = {
  403: 'it refuses the token (403)',
  404: 'it has no such transit engine or key (404)',
  429: 'it is a standby, or asks for less (429)',
  503: 'it is sealed or down for maintenance (503)',
};

function versionOf(wrapped: string): number | null {
  const number = CIPHERTEXT.exec(wrapped)?.[1];
  return number === undefined ? null : Number(number);
}

function ciphertextOf(text: unknown): string | null {
  return typeof text === 'string' && CIPHERTEXT.test(text) ? text : null;
}

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : 'an address that is none';
}

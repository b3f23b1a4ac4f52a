import type { Settings } from '../adapters/config/settings.ts';
import { makeCipherMaker, newDataKey } from '../adapters/crypto/envelope.ts';
import { makeFileWrapper } from '../adapters/crypto/file-wrapper.ts';
import type { Keys } from '../adapters/crypto/keys.ts';
import type { RedisClient } from '../adapters/redis/client.ts';
import { makeRedisDataKeyStore } from '../adapters/redis/data-key-store.ts';
import { makeVaultWrapper } from '../adapters/vault/transit-wrapper.ts';
import type { KeyWrapper } from '../core/data-key.ts';
import { LetheError } from '../core/errors.ts';
import { type DataKeys, makeDataKeys } from './data-keys.ts';

/** What wraps data keys: Vault where it is set, else the keys file; null where that has no `data_key`. */
export function wrapperOf(vault: Settings['vault'], keys: Keys): KeyWrapper | null {
  if (vault !== null) return makeVaultWrapper(vault);
  return keys.versions.data_key.length === 0 ? null : makeFileWrapper(keys);
}

/** As `wrapperOf`. Throws `invalid_config` where there is none. */
export function requireWrapper(vault: Settings['vault'], keys: Keys): KeyWrapper {
  const wrapper = wrapperOf(vault, keys);
  if (wrapper !== null) return wrapper;
  throw new LetheError('invalid_config', `${keys.file}: the key "data_key" is missing, and no Vault is set`, {
    fix: 'Add it to the file, or set LETHE_VAULT_ADDR, LETHE_VAULT_TOKEN and LETHE_VAULT_TRANSIT_KEY.',
  });
}

/** The data keys of a worker, or of a replay of dead letters. */
export function wireDataKeys(parts: {
  readonly vault: Settings['vault'];
  readonly keys: Keys;
  readonly redis: RedisClient;
}): DataKeys {
  const { vault, keys, redis } = parts;
  // Without the one the other is of no use: what encrypts then waits, and says for what.
  const wrapper = keys.versions.data_key_ref.length === 0 ? null : wrapperOf(vault, keys);
  return makeDataKeys({
    store: makeRedisDataKeyStore(redis),
    wrapper,
    newKey: newDataKey,
    makeCipher:
      wrapper === null
        ? () => {
            throw new LetheError('bug', 'a cipher without a key');
          }
        : makeCipherMaker(keys),
  });
}

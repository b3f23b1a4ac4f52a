import { type Keys, readKeys } from '../adapters/crypto/keys.ts';
import { LetheError } from '../core/errors.ts';

/**
 * The keys that a command works with: those of `--keys`, else of LETHE_KEYS_FILE.
 *
 * @param why for the message: `replay needs keys for pseudonyms and dead letters`.
 */
export function keysOf(option: string | undefined, setting: string | null, why: string): Keys {
  const file = option ?? setting;
  if (file !== null) return readKeys(file);
  throw new LetheError('invalid_config', `${why}: LETHE_KEYS_FILE is not set`, {
    fix: 'Make some with "lethe keys generate --out keys.json" and set LETHE_KEYS_FILE=keys.json, or give --keys.',
  });
}

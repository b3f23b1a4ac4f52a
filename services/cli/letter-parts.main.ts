/** What records are decided about with that come by a command: a replayed dead letter, a corrected record. */
import { sha256Hex } from '../adapters/crypto/digest.ts';
import type { Keys } from '../adapters/crypto/keys.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { makeRedisConsentStore } from '../adapters/redis/consent-store.ts';
import type { RedisClient } from '../adapters/redis/client.ts';
import { makeEngine } from '../core/engine.ts';
import { wireDataKeys } from '../gateway/data-keys.main.ts';
import type { makeLetterPath } from '../gateway/replayed-letters.ts';

type Parts = Parameters<typeof makeLetterPath>[0];

export type LetterPartsOptions = Pick<Parts, 'bundles' | 'bundleStore' | 'keyring' | 'topic' | 'encodeSegment'> & {
  readonly settings: Pick<Settings, 'vault' | 'consentMaxStalenessMs'>;
  readonly redis: RedisClient;
  readonly keys: Keys;
  /** Nothing is to be written: no data key is made either. */
  readonly dry: boolean;
};

export function letterParts({ settings, redis, keys, dry, ...given }: LetterPartsOptions): Parts {
  return {
    ...given,
    consents: makeRedisConsentStore(redis),
    dataKeys: dry ? null : wireDataKeys({ vault: settings.vault, keys, redis }),
    engine: makeEngine({ keyring: given.keyring }),
    hashText: sha256Hex,
    now: Date.now,
    maxStalenessMs: settings.consentMaxStalenessMs,
  };
}

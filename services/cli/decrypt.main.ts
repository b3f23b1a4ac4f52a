import { makeEnvelopeReader } from '../adapters/crypto/envelope.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { makeRedisConsentStore } from '../adapters/redis/consent-store.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { makeDecrypter } from '../core/decrypt.ts';
import { LetheError } from '../core/errors.ts';
import { CONSENT_EVENTS_TOPIC } from '../core/own-topics.ts';
import { parsePath } from '../core/policy/path.ts';
import { requireWrapper } from '../gateway/data-keys.main.ts';
import { decryptLines, hasFindings, tallyText } from './decrypt.ts';
import { EXIT } from './exit.ts';
import { keysOf } from './keys-option.main.ts';
import { commandSettings } from './settings.main.ts';
import { topicReaderOf } from './topic-reader.main.ts';

export type DecryptCommand = {
  readonly topic: string;
  readonly purpose?: string;
  readonly field?: readonly string[];
  readonly keys?: string;
  readonly config?: string;
};

/** `lethe decrypt --topic T < values.jsonl`. */
export async function decryptValues(options: DecryptCommand): Promise<number> {
  for (const field of options.field ?? []) {
    const parsed = parsePath(field);
    if (!parsed.ok) throw new LetheError('usage', `--field ${field} is no path: ${parsed.message}`);
  }
  const settings = commandSettings(options, ['redis'], ['keysFile', 'kafka']);
  const keys = keysOf(options.keys, settings.keysFile, 'values are decrypted with keys');
  const redis = connectRedis(settings.redis);
  try {
    const decrypt = makeDecrypter({
      envelopes: makeEnvelopeReader(keys),
      consents: makeRedisConsentStore(redis),
      wrapper: requireWrapper(settings.vault, keys),
      topic: options.topic,
      ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
      now: Date.now,
      maxStalenessMs: settings.consentMaxStalenessMs,
      ...(settings.kafka === null ? {} : { feedEnds: await feedEnds(settings.kafka) }),
    });
    const tally = await decryptLines({
      input: process.stdin,
      decrypt,
      fields: options.field ?? null,
      write: (text) =>
        new Promise((resolve) => {
          process.stdout.write(text, () => resolve());
        }),
    });
    process.stderr.write(`lethe: ${tallyText(tally)}\n`);
    return hasFindings(tally) ? EXIT.findings : EXIT.ok;
  } finally {
    await redis.close();
  }
}

/** How far the feed is now: a view that lacks any of it may still hold keys that it says are to be destroyed. */
async function feedEnds(kafka: NonNullable<Settings['kafka']>): Promise<Readonly<Record<string, number>>> {
  const reader = topicReaderOf({ kafka });
  try {
    const bounds = await reader.bounds(CONSENT_EVENTS_TOPIC);
    // A partition that nothing was ever written to is in no watermark.
    return Object.fromEntries(bounds.flatMap(({ partition, low, end }) => (end > low ? [[partition, end]] : [])));
  } finally {
    await reader.close();
  }
}

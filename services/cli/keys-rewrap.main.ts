import { connectRedis } from '../adapters/redis/client.ts';
import { makeRedisDataKeyStore } from '../adapters/redis/data-key-store.ts';
import { requireWrapper } from '../gateway/data-keys.main.ts';
import { EXIT } from './exit.ts';
import { keysOf } from './keys-option.main.ts';
import { rewrapAll, rewrappedText } from './keys-rewrap.ts';
import { makeProgress } from './progress.ts';
import { commandSettings } from './settings.main.ts';

/** `lethe keys rewrap`: counts as JSON on stdout; exit 1 where some key is wrapped by an older version still. */
export async function keysRewrap(options: { keys?: string; config?: string }): Promise<number> {
  const settings = commandSettings(options, ['redis'], ['keysFile']);
  const keys = keysOf(options.keys, settings.keysFile, 'data keys are wrapped by "data_key", or by a Vault');
  const wrapper = requireWrapper(settings.vault, keys);
  const redis = connectRedis(settings.redis);
  const progress = makeProgress(process.stderr, 'Data keys', null, (count) => String(Math.round(count)));
  try {
    const done = await rewrapAll(makeRedisDataKeyStore(redis), wrapper, progress.at);
    progress.end();
    process.stderr.write(`${rewrappedText(done)}\n`);
    process.stdout.write(`${JSON.stringify(done)}\n`);
    return done.older === 0 ? EXIT.ok : EXIT.findings;
  } finally {
    progress.end();
    await redis.close();
  }
}

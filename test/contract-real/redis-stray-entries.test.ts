/** An entry under another subject's key (altered by hand, or a client's mistake) is never added to, nor passed over. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis } from '../../deploy/local/redis.ts';
import { createRunDir, type RunDir } from '../../deploy/local/run-dir.ts';
import { connectRedis, type RedisClient } from '../../services/adapters/redis/client.ts';
import { makeRedisConsentProjection } from '../../services/adapters/redis/consent-projection.ts';
import { makeRedisConsentStore } from '../../services/adapters/redis/consent-store.ts';
import { event, newToken } from '../contract/consent-store.ts';

let runDir: RunDir;
let client: RedisClient;

beforeAll(async () => {
  runDir = createRunDir();
  client = connectRedis({ url: (await startRedis(runDir, () => undefined)).endpoint });
});

afterAll(async () => {
  await client.close();
  runDir.remove();
});

const keyOf = (token: string): string => `lethe:consent:{${token}}`;
const get = (key: string): Promise<string | null> => client.run('get', (redis) => redis.get(key));

async function stray(): Promise<{ readonly token: string; readonly held: string }> {
  const token = newToken();
  const held = `${newToken()}\n1\t{}`;
  await client.run('set', (redis) => redis.set(keyOf(token), held));
  return { token, held };
}

it('an import refuses it and leaves it as it is', async () => {
  const { token, held } = await stray();
  const adding = makeRedisConsentStore(client).add([{ token, event: event(2) }]);
  await expect(adding).rejects.toThrow(`the entry ${keyOf(token)} names another subject`);
  expect(await get(keyOf(token))).toBe(held);
});

it('the projector refuses the whole batch: neither its other events nor its offset are in', async () => {
  const { token, held } = await stray();
  const other = newToken();
  const view = makeRedisConsentProjection(client);
  await view.begin({ anew: false });
  const before = await view.watermark();
  const entries = [other, token].map((each, version) => ({ token: each, event: event(version) }));
  const projecting = view.project({ partition: 9, low: 0, start: 0, end: 2, entries });
  await expect(projecting).rejects.toThrow(`the entry ${keyOf(token)} names another subject`);
  expect(await get(keyOf(token))).toBe(held);
  expect(await get(keyOf(other))).toBeNull();
  expect(await view.watermark()).toEqual(before);
});

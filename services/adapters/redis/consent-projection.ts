import { Cluster, type Redis } from 'ioredis';
import type { ConsentEvent } from '../../core/consent-event.ts';
import type { ConsentProjection, ProjectedBatch } from '../../core/consent-projection.ts';
import type { Watermark } from '../../core/ports.ts';
import { addEntries } from './add-entries.ts';
import type { RedisClient } from './client.ts';
import { entryText } from './consent-entry.ts';
import { CONSENT_PATTERN } from './empty-view.ts';
import { redisUnavailable } from './failure.ts';
import { consentKey, WATERMARK_KEY } from './keys.ts';
import { scripted } from './scripts.ts';
import { parseWatermark } from './watermark.ts';

const REBUILD =
  'Run "lethe consent rebuild": it makes the view anew from lethe.consent-events; until then records wait.';
/** A view that knows nothing and is older than anybody may allow. */
const NOT_WHOLE = '{"at":0,"offsets":{}}';
const KEYS_PER_STEP = 1_000;

/**
 * The consent view as the projector writes it. On one server a batch and its offset are one script. On a cluster they
 * cannot be: the entries come first, each by itself idempotent, and the offset after them, so that it never promises
 * what is not there.
 */
export function makeRedisConsentProjection(client: RedisClient): ConsentProjection {
  const stray = (key: string): Error =>
    redisUnavailable(client.endpoint, `the entry ${key} names another subject`, REBUILD);

  async function watermark(): Promise<Watermark | null> {
    const text = await client.run('get', (redis) => redis.get(WATERMARK_KEY));
    if (text === null) return null;
    const mark = parseWatermark(text);
    if (mark === null) throw redisUnavailable(client.endpoint, `${WATERMARK_KEY} is not what Lethe writes`, REBUILD);
    return mark;
  }

  async function project(batch: ProjectedBatch): Promise<{ readonly gapAt: number | null }> {
    const additions = additionsOf(batch);
    const head = [batch.partition, batch.low, batch.start, batch.end].map(String);
    const clustered = await client.run('evalsha', async (redis) => redis instanceof Cluster);
    if (clustered) {
      const stands = (await watermark())?.offsets[batch.partition] ?? batch.low;
      if (batch.start > Number(stands)) return { gapAt: Number(stands) };
      const strayKey = await addEntries(client, additions);
      if (strayKey !== null) throw stray(strayKey);
    }
    const together = clustered ? [] : additions;
    const keys = [WATERMARK_KEY, ...together.map(({ key }) => key)];
    const [verdict, detail] = await client.run('evalsha', (redis) =>
      scripted(redis).letheProject(keys.length, ...keys, ...head, ...together.map(({ text }) => text)),
    );
    if (verdict === 2) throw stray(additions[Number(detail) - 1]?.key ?? 'of a subject');
    return { gapAt: verdict === 1 ? Number(detail) : null };
  }

  async function removeConsents(): Promise<void> {
    const nodes = await client.run('scan', async (redis) =>
      redis instanceof Cluster ? redis.nodes('master') : [redis],
    );
    for (const node of nodes) {
      for (let cursor = '0'; ; ) {
        const [next, found] = await client.run('scan', () =>
          node.scan(cursor, 'MATCH', CONSENT_PATTERN, 'COUNT', KEYS_PER_STEP),
        );
        if (found.length > 0) await client.run('unlink', () => unlink(node, found));
        if (next === '0') break;
        cursor = next;
      }
    }
  }

  return {
    watermark,
    async begin({ anew }) {
      if (!anew) {
        await client.run('set', (redis) => redis.set(WATERMARK_KEY, NOT_WHOLE, 'NX'));
        return;
      }
      // First the mark, then the consents: at no time does a view look whole that is not.
      await client.run('set', (redis) => redis.set(WATERMARK_KEY, NOT_WHOLE));
      await removeConsents();
    },
    project,
    async beat(ends, at) {
      const args = ends.flatMap(({ partition, low, end }) => [partition, low, end].map(String));
      const said = await client.run('evalsha', (redis) =>
        scripted(redis).letheBeat(1, WATERMARK_KEY, String(at), ...args),
      );
      return said === 1;
    },
  };
}

/** On a cluster's node the keys lie in many slots: one command each. */
async function unlink(node: Redis, keys: readonly string[]): Promise<void> {
  const pipeline = node.pipeline();
  for (const key of keys) pipeline.unlink(key);
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
}

function additionsOf({ entries }: ProjectedBatch): readonly { readonly key: string; readonly text: string }[] {
  const bySubject = new Map<string, ConsentEvent[]>();
  for (const { token, event } of entries) {
    const events = bySubject.get(token);
    if (events === undefined) bySubject.set(token, [event]);
    else events.push(event);
  }
  return [...bySubject].map(([token, events]) => ({ key: consentKey(token), text: entryText(token, events) }));
}

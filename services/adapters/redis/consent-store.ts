import { Cluster } from 'ioredis';
import type { ConsentEvent } from '../../core/consent-event.ts';
import { LetheError } from '../../core/errors.ts';
import type { DataKeyState } from '../../core/data-key.ts';
import type { ConsentSnapshot, ConsentStore, LoadOptions, Watermark } from '../../core/ports.ts';
import { addEntries } from './add-entries.ts';
import type { RedisClient } from './client.ts';
import { entryText, isToken, namesToken, parseEntry } from './consent-entry.ts';
import { dataKeyOf } from './data-key-store.ts';
import { redisUnavailable } from './failure.ts';
import { ACTIVE_DIGEST_KEY, CHANGES_KEY, consentKey, dataKeyKey, SHADOW_DIGEST_KEY, WATERMARK_KEY } from './keys.ts';
import { makeParsedEntries } from './parsed-entries.ts';
import { readKeys } from './read-keys.ts';
import { parseWatermark } from './watermark.ts';

export type RedisConsentStoreOptions = {
  /** Subjects whose parsed consents are remembered at least while in use. Default 20,000. */
  readonly remembered?: number;
  /** Told how many subjects each load found and did not find, or could not ask for. */
  readonly lookups?: (result: 'found' | 'absent' | 'failed', count: number) => void;
};

const REBUILD = 'Delete that key and rebuild the entry from lethe.consent-events; until then its records wait.';

/**
 * The consent view in Redis (DESIGN section 5).
 *
 * An entry that cannot be read, or is another subject's, fails the load with `unavailable`: its subject must not look
 * like one who never said anything, which opt-out and legitimate interest would release.
 */
export function makeRedisConsentStore(client: RedisClient, options: RedisConsentStoreOptions = {}): ConsentStore {
  const parsed = makeParsedEntries(options.remembered ?? 20_000);
  /** The last entry found under a wrong key: found again after a new connection, it is stored so. */
  let lastStray: string | null = null;

  function stray(token: string, entry: string): LetheError {
    // Reconnecting heals a reply that went astray; repeating it for a stored error would only disturb other batches.
    const stored = lastStray === `${token} ${entry}`;
    lastStray = `${token} ${entry}`;
    if (!stored) client.reconnect();
    return unreadable(token, 'names another subject');
  }

  function unreadable(token: string, what: string): LetheError {
    return redisUnavailable(client.endpoint, `the entry ${consentKey(token)} ${what}`, REBUILD);
  }

  function eventsOf(token: string, entry: string): readonly ConsentEvent[] {
    const known = parsed.get(token, entry);
    if (known !== null) return known;
    if (!namesToken(entry, token)) throw stray(token, entry);
    const events = parseEntry(entry);
    if (events === null) throw unreadable(token, 'is not what Lethe writes');
    parsed.set(token, entry, events);
    return events;
  }

  async function load(tokens: readonly string[], { dataKeys = false }: LoadOptions): Promise<ConsentSnapshot> {
    const keys = tokens.map(consentKey);
    keys.push(ACTIVE_DIGEST_KEY, SHADOW_DIGEST_KEY, WATERMARK_KEY, CHANGES_KEY);
    const others = keys.length;
    if (dataKeys) keys.push(...tokens.map(dataKeyKey));
    let atOnce = false;
    const values = await client.run('mget', (redis) => {
      atOnce = !(redis instanceof Cluster);
      return readKeys(redis, keys);
    });
    if (values === null) {
      client.reconnect();
      throw redisUnavailable(client.endpoint, 'a reply belonged to another question');
    }
    const events = new Map<string, readonly ConsentEvent[]>();
    for (const [index, token] of tokens.entries()) {
      const entry = values[index];
      if (typeof entry === 'string') events.set(token, eventsOf(token, entry));
    }
    const [activeDigest = null, shadowDigest = null, mark = null, changes = null] = values.slice(tokens.length);
    const watermark = mark === null ? null : parseWatermark(mark);
    if (mark !== null && watermark === null) {
      throw redisUnavailable(client.endpoint, `${WATERMARK_KEY} is not what Lethe writes`);
    }
    const stamp = atOnce ? stampOf(watermark, changes) : null;
    const snapshot = { events, activeDigest, shadowDigest, watermark, stamp };
    return dataKeys ? { ...snapshot, dataKeys: dataKeysOf(tokens, values.slice(others)) } : snapshot;
  }

  function dataKeysOf(tokens: readonly string[], entries: readonly (string | null)[]): Map<string, DataKeyState> {
    const states = new Map<string, DataKeyState>();
    for (const [index, token] of tokens.entries()) {
      const entry = entries[index];
      if (typeof entry === 'string') states.set(token, dataKeyOf(client, token, entry));
    }
    return states;
  }

  return {
    async load(tokens, what = {}) {
      try {
        const snapshot = await load(tokens, what);
        options.lookups?.('found', snapshot.events.size);
        options.lookups?.('absent', tokens.length - snapshot.events.size);
        return snapshot;
      } catch (error) {
        options.lookups?.('failed', tokens.length);
        throw error;
      }
    },
    async add(entries) {
      const bySubject = new Map<string, ConsentEvent[]>();
      for (const { token, event } of entries) {
        if (!isToken(token) || !Number.isSafeInteger(event.version) || event.version < 0) {
          throw new LetheError('bug', 'a consent event needs a token and a version');
        }
        const events = bySubject.get(token);
        if (events === undefined) bySubject.set(token, [event]);
        else events.push(event);
      }
      const texts = [...bySubject].map(([token, events]) => ({
        key: consentKey(token),
        text: entryText(token, events),
      }));
      const strayKey = await addEntries(client, texts);
      if (strayKey !== null) {
        throw redisUnavailable(client.endpoint, `the entry ${strayKey} names another subject`, REBUILD);
      }
    },
  };
}

/** The order of a watermark's partitions means nothing: Lua writes them as they come. */
function stampOf(watermark: Watermark | null, changes: string | null): string {
  const offsets = Object.entries(watermark?.offsets ?? {}).map(([partition, offset]) => `${partition}:${offset}`);
  return `${changes ?? 0} ${watermark === null ? '-' : offsets.sort().join()}`;
}

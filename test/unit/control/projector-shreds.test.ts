import { describe, expect, it } from 'vitest';
import { digestFiles } from '../../../services/adapters/config/digest.ts';
import { makeMemoryStores } from '../../../services/adapters/memory/stores.ts';
import { makeMemoryTopicReader } from '../../../services/adapters/memory/topic-reader.ts';
import { makeProjector } from '../../../services/control/projector.ts';
import type { ConsentEvent } from '../../../services/core/consent-event.ts';
import { LetheError } from '../../../services/core/errors.ts';
import { event } from '../../contract/consent-store.ts';

const NOW = event(0).at + 10_000;
type Said = { readonly token: string; readonly decision: ConsentEvent['decision']; readonly at?: number };

function bench(said: readonly Said[]) {
  const stores = makeMemoryStores(digestFiles);
  const records = said.map(({ token }, offset) => ({
    ...{ offset, timestamp: 1, key: Buffer.from(token), value: Buffer.from(JSON.stringify(said[offset])), headers: {} },
  }));
  const reader = makeMemoryTopicReader({ 'lethe.consent-events': [{ records, low: 0 }] });
  let now = NOW;
  const projector = makeProjector({
    ...{ reader, view: stores.projection, dataKeys: stores.dataKeys, now: () => now, sleep: async () => {} },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    decode: (value) => {
      const { token, decision, at = NOW - 1 } = JSON.parse(Buffer.from(value).toString()) as Said;
      const { version: _, ...unplaced } = event(0, { decision, at });
      return { token, event: unplaced };
    },
  });
  return {
    ...{ stores, projector },
    setNow: (at: number) => void (now = at),
    states: async (...tokens: string[]) => {
      const found = await stores.dataKeys.load(tokens);
      return tokens.map((token) => found.get(token)?.state ?? 'never');
    },
  };
}

describe('a projected erasure', () => {
  it('destroys the data key of the subject, also where there never was one, and nobody else’s', async () => {
    const { stores, projector, states } = bench([
      { token: 'a', decision: 'granted' },
      { token: 'a', decision: 'erased' },
      { token: 'b', decision: 'withdrawn' },
      { token: 'c', decision: 'erased' },
      { token: 'c', decision: 'reinstated' },
    ]);
    await stores.dataKeys.mint(['a', 'b'].map((token) => ({ token, wrapped: 'key' })));
    await projector.catchUp();
    expect(await states('a', 'b', 'c')).toEqual(['shredded', 'active', 'shredded']);
  });

  it('comes before its event is in the view, so that nobody who dies in between forgets it', async () => {
    const { stores, projector, states } = bench([{ token: 'a', decision: 'erased' }]);
    await stores.dataKeys.mint([{ token: 'a', wrapped: 'key' }]);
    const { project } = stores.projection;
    Object.assign(stores.projection, { project: () => Promise.reject(new LetheError('unavailable', 'gone')) });
    await expect(projector.catchUp()).rejects.toThrow('gone');
    expect(await states('a')).toEqual(['shredded']);
    Object.assign(stores.projection, { project });
    expect(await projector.catchUp()).toBe(true);
  });

  it('is done again where the feed is projected again', async () => {
    const { stores, projector, states } = bench([{ token: 'a', decision: 'erased' }]);
    await projector.catchUp();
    const restored = makeMemoryStores(digestFiles);
    await restored.dataKeys.mint([{ token: 'a', wrapped: 'from a backup' }]);
    Object.assign(stores.dataKeys, restored.dataKeys);
    await stores.projection.begin({ anew: true });
    expect(await states('a')).toEqual(['active']);
    await projector.catchUp();
    expect(await states('a')).toEqual(['shredded']);
  });

  it('of the future destroys it when its time comes, even if nothing is said any more', async () => {
    const { stores, projector, states, setNow } = bench([{ token: 'a', decision: 'erased', at: NOW + 5_000 }]);
    await stores.dataKeys.mint([{ token: 'a', wrapped: 'key' }]);
    await projector.catchUp();
    setNow(NOW + 4_999);
    await projector.catchUp();
    expect(await states('a')).toEqual(['active']);
    setNow(NOW + 5_000);
    await projector.catchUp();
    expect(await states('a')).toEqual(['shredded']);
  });
});

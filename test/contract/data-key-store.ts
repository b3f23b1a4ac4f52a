import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataKeyStore, WrappedKey } from '../../services/core/data-key.ts';
import type { ConsentStore } from '../../services/core/ports.ts';
import { event, newToken } from './consent-store.ts';

export type OpenedDataKeys = {
  readonly keys: DataKeyStore;
  /** A look-up of the same view. */
  readonly consents: ConsentStore;
  readonly close: () => Promise<void>;
};

const AT = Date.UTC(2026, 0, 5);

/** What a store of data keys promises. */
export function dataKeyStoreContract(name: string, open: () => Promise<OpenedDataKeys>): void {
  describe(`data keys: ${name}`, () => {
    let keys: DataKeyStore;
    let opened: OpenedDataKeys;
    beforeAll(async () => {
      opened = await open();
      keys = opened.keys;
    });
    afterAll(() => opened.close());

    const active = (wrapped: string) => ({ state: 'active', wrapped }) as const;
    const shredded = (at: number) => ({ state: 'shredded', at }) as const;
    const one = async (token: string): Promise<unknown> => (await keys.load([token])).get(token);

    it('knows nothing of a subject who never had a key', async () => {
      expect((await keys.load([newToken(), newToken()])).size).toBe(0);
      expect((await keys.load([])).size).toBe(0);
      expect(await keys.mint([])).toEqual([]);
      await keys.shred([], AT);
      await keys.shredAt([]);
    });

    it('stores the first key of many subjects, and gives the first to whoever comes later', async () => {
      const minted = Array.from({ length: 1_100 }, (_, index) => ({ token: newToken(), wrapped: `first:${index}` }));
      expect(await keys.mint(minted)).toEqual(minted.map(({ wrapped }) => active(wrapped)));
      const again = minted.map(({ token }) => ({ token, wrapped: 'second' }));
      expect(await keys.mint(again)).toEqual(minted.map(({ wrapped }) => active(wrapped)));
      const found = await keys.load(minted.map(({ token }) => token));
      expect([...found.entries()]).toEqual(minted.map(({ token, wrapped }) => [token, active(wrapped)]));
    });

    it('lets one of several that mint at once win', async () => {
      const token = newToken();
      const wrapped = Array.from({ length: 20 }, (_, index) => `key:${index}`);
      const answers = await Promise.all(wrapped.map((text) => keys.mint([{ token, wrapped: text }])));
      expect(new Set(answers.flat().map((state) => JSON.stringify(state))).size).toBe(1);
      expect(answers[0]).toEqual([await one(token)]);
    });

    it('destroys a key for ever: nothing takes its place, and the first time stays', async () => {
      const [had, never] = [newToken(), newToken()];
      await keys.mint([{ token: had, wrapped: 'key' }]);
      await keys.shred([had, never], AT);
      await keys.shred([had, never], AT + 5);
      expect([await one(had), await one(never)]).toEqual([shredded(AT), shredded(AT)]);
      const later = [had, never].map((token) => ({ token, wrapped: 'new' }));
      expect(await keys.mint(later)).toEqual([shredded(AT), shredded(AT)]);
      expect(await keys.replace(had, 'key', 'new')).toBe(false);
      expect(await keys.replace(never, '', 'new')).toBe(false);
      expect(await one(had)).toEqual(shredded(AT));
    });

    it('destroys keys when their time comes, and not before', async () => {
      const [soon, late] = [newToken(), newToken()];
      await keys.mint([soon, late].map((token) => ({ token, wrapped: 'key' })));
      await keys.shredAt([
        { token: soon, at: AT + 100 },
        { token: late, at: AT + 300 },
      ]);
      await keys.shredAt([{ token: late, at: AT + 900 }]);
      expect(await keys.shredDue(AT + 99)).toBe(0);
      expect([await one(soon), await one(late)]).toEqual([active('key'), active('key')]);
      expect(await keys.shredDue(AT + 100)).toBe(1);
      expect([await one(soon), await one(late)]).toEqual([shredded(AT + 100), active('key')]);
      expect(await keys.shredDue(AT + 300)).toBe(1);
      expect(await one(late)).toEqual(shredded(AT + 300));
      expect(await keys.shredDue(AT + 2_000)).toBe(0);
    });

    it('puts a rewrapped key in the place of the one it was made of, and of no other', async () => {
      const token = newToken();
      await keys.mint([{ token, wrapped: 'v1' }]);
      expect(await keys.replace(token, 'v0', 'v2')).toBe(false);
      expect(await keys.replace(token, 'v1', 'v2')).toBe(true);
      expect(await one(token)).toEqual(active('v2'));
      expect(await keys.replace(newToken(), 'v1', 'v2')).toBe(false);
    });

    it('lists all active keys, in pieces, and none that was destroyed', async () => {
      const minted = Array.from({ length: 1_300 }, (_, index) => ({ token: newToken(), wrapped: `listed:${index}` }));
      await keys.mint(minted);
      const gone = minted.slice(0, 100).map(({ token }) => token);
      await keys.shred(gone, AT);
      const found = new Map<string, WrappedKey>();
      for await (const piece of keys.active()) for (const key of piece) found.set(key.token, key);
      expect(minted.slice(100).every(({ token, wrapped }) => found.get(token)?.wrapped === wrapped)).toBe(true);
      expect(gone.some((token) => found.has(token))).toBe(false);
    });

    it('are read with the consents of their subjects, where they are wanted', async () => {
      const [first, second, third] = [newToken(), newToken(), newToken()];
      await opened.consents.add([{ token: first, event: event(1) }]);
      await keys.mint([{ token: first, wrapped: 'key' }]);
      await keys.shred([third], AT);
      const tokens = [first, second, third];
      const found = await opened.consents.load(tokens, { dataKeys: true });
      expect([...(found.dataKeys ?? [])]).toEqual([
        [first, active('key')],
        [third, shredded(AT)],
      ]);
      expect(found.events.size).toBe(1);
      const { dataKeys, ...without } = await opened.consents.load(tokens);
      expect(dataKeys).toBe(undefined);
      expect(without).toMatchObject({ events: found.events, watermark: found.watermark, stamp: found.stamp });
    });
  });
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IdempotencyStore } from '../../services/core/api/idempotency.ts';

let made = 0;
const newKey = (): string => `key-${process.pid}-${Date.now()}-${made++}`;

/** What every store of idempotency keys does. */
export function idempotencyStoreContract(
  name: string,
  open: () => Promise<{ readonly store: IdempotencyStore; readonly close: () => Promise<void> }>,
): void {
  describe(`idempotency keys in ${name}`, () => {
    let store: IdempotencyStore;
    let close = async (): Promise<void> => {};
    beforeAll(async () => {
      ({ store, close } = await open());
    });
    afterAll(() => close());

    it('are taken once, of however many at the same moment', async () => {
      const key = newKey();
      const began = await Promise.all(Array.from({ length: 10 }, (_, owner) => store.begin(key, 'print', `o${owner}`)));
      expect(began.map(({ state }) => state).sort()).toEqual(['begun', ...Array(9).fill('running')]);
      expect(began.find(({ state }) => state === 'running')).toEqual({ state: 'running', fingerprint: 'print' });
    });

    it('give back what was done, whatever its text, with the print of what was asked', async () => {
      const key = newKey();
      const result = '{"a":" running done \\n 𝛼"}\n done x';
      await store.begin(key, 'print-1', 'owner');
      await store.finish(key, 'print-1', result);
      expect(await store.begin(key, 'print-2', 'other')).toEqual({ state: 'done', fingerprint: 'print-1', result });
    });

    it('are given free by whoever has them, and by nobody else', async () => {
      const key = newKey();
      await store.begin(key, 'print', 'owner');
      await store.abandon(key, 'print', 'other');
      expect((await store.begin(key, 'print', 'other')).state).toBe('running');
      await store.abandon(key, 'print', 'owner');
      expect((await store.begin(key, 'print', 'other')).state).toBe('begun');
      await store.finish(key, 'print', 'result');
      await store.abandon(key, 'print', 'other');
      expect((await store.begin(key, 'print', 'more')).state).toBe('done');
    });
  });
}

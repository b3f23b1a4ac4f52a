import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeFileWrapper } from '../../../services/adapters/crypto/file-wrapper.ts';
import { parseKeys } from '../../../services/adapters/crypto/keys.ts';
import { makeMemoryDataKeyStore } from '../../../services/adapters/memory/data-keys.ts';
import { rewrapAll, rewrappedText } from '../../../services/cli/keys-rewrap.ts';
import type { KeyWrapper } from '../../../services/core/data-key.ts';

const random = (): string => randomBytes(32).toString('base64');
const [FIRST, SECOND] = [random(), random()];
const of = (content: object): KeyWrapper => makeFileWrapper(parseKeys(JSON.stringify(content), 'k'));
const old = of({ data_key: FIRST });
const both = of({ data_key: FIRST, 'data_key@2': SECOND });
const alone = of({ 'data_key@2': SECOND });
const KEYS = ['a', 'b', 'c'].map((token) => ({ token, key: Uint8Array.from(randomBytes(32)) }));

async function stored(by: KeyWrapper) {
  const store = makeMemoryDataKeyStore();
  const wrapped = await by.wrap(KEYS);
  await store.mint(KEYS.map(({ token }, index) => ({ token, wrapped: wrapped[index] ?? '' })));
  return store;
}

describe('rewrapAll', () => {
  it('wraps every key anew; then the old version may go, and it says so', async () => {
    const store = await stored(old);
    await store.shred(['c'], 1);
    const done = await rewrapAll(store, both, () => {});
    expect(done).toEqual({ version: 2, rewrapped: 2, current: 0, failed: 0, older: 0 });
    expect(rewrappedText(done)).toContain('may be removed');
    const states = await store.load(['a', 'b', 'c']);
    expect(states.get('c')?.state).toBe('shredded');
    for (const { token, key } of KEYS.slice(0, 2)) {
      const state = states.get(token);
      const wrapped = state?.state === 'active' ? state.wrapped : '';
      expect(await alone.unwrap([{ token, wrapped }])).toEqual([key]);
    }
    expect(await rewrapAll(store, both, () => {})).toMatchObject({ rewrapped: 0, current: 2, older: 0 });
  });

  it('leaves a key alone that was destroyed while it was being wrapped', async () => {
    const store = await stored(old);
    const late: KeyWrapper = {
      ...both,
      rewrap: async (keys) => {
        await store.shred(['a'], 1);
        return both.rewrap(keys);
      },
    };
    expect(await rewrapAll(store, late, () => {})).toMatchObject({ rewrapped: 2, older: 0 });
    expect((await store.load(['a'])).get('a')?.state).toBe('shredded');
  });

  it('does not let the old version go while keys cannot be opened, or are still made under it', async () => {
    const store = await stored(old);
    const failed = await rewrapAll(store, alone, () => {});
    expect(failed).toEqual({ version: 2, rewrapped: 0, current: 0, failed: 3, older: 3 });
    expect(rewrappedText(failed)).toContain('cannot be opened');
    const [wrapped = ''] = await old.wrap([{ token: 'd', key: new Uint8Array(32) }]);
    const busy = {
      ...store,
      replace: async (...args: Parameters<typeof store.replace>) => {
        await store.mint([{ token: 'd', wrapped }]);
        return store.replace(...args);
      },
    };
    let passes = 0;
    const once = {
      ...busy,
      active: async function* () {
        const keys = ++passes === 1 ? ['a', 'b', 'c'] : ['a', 'b', 'c', 'd'];
        const states = await store.load(keys);
        yield keys.flatMap((token) => {
          const s = states.get(token);
          return s?.state === 'active' ? [{ token, wrapped: s.wrapped }] : [];
        });
      },
    };
    const late = await rewrapAll(once, both, () => {});
    expect(late).toMatchObject({ rewrapped: 3, failed: 0, older: 1 });
    expect(rewrappedText(late)).toContain('rewrap again');
  });
});

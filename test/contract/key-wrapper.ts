import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { KeyWrapper } from '../../services/core/data-key.ts';
import { newToken } from './consent-store.ts';

export type OpenedWrapper = {
  readonly wrapper: KeyWrapper;
  /** A wrapper of the same key once it was rotated; `without`: and its first version removed. */
  readonly rotated: (how: { readonly without: boolean }) => Promise<KeyWrapper>;
  readonly close: () => Promise<void>;
};

/** What a key wrapper promises, whatever holds the key-encryption key. */
export function keyWrapperContract(name: string, open: () => Promise<OpenedWrapper>): void {
  const using = async (work: (opened: OpenedWrapper) => Promise<void>): Promise<void> => {
    const opened = await open();
    try {
      await work(opened);
    } finally {
      await opened.close();
    }
  };
  const fresh = (): { readonly token: string; readonly key: Uint8Array } => ({
    token: newToken(),
    key: Uint8Array.from(randomBytes(32)),
  });

  describe(`a key wrapper: ${name}`, () => {
    it('gives back what it wrapped, many at once, in order', () =>
      using(async ({ wrapper }) => {
        const keys = Array.from({ length: 1_200 }, fresh);
        const wrapped = await wrapper.wrap(keys);
        expect(new Set(wrapped).size).toBe(keys.length);
        const asked = keys.map(({ token }, index) => ({ token, wrapped: wrapped[index] ?? '' }));
        expect(await wrapper.unwrap(asked)).toEqual(keys.map(({ key }) => key));
        expect(wrapped.map(wrapper.versionOf)).toEqual(keys.map(() => 1));
        expect(await wrapper.version()).toBe(1);
        expect([await wrapper.wrap([]), await wrapper.unwrap([]), await wrapper.rewrap([])]).toEqual([[], [], []]);
      }));

    it('does not open what is another subject’s, altered, or nothing it made; and the others all the same', () =>
      using(async ({ wrapper }) => {
        const [one, two] = [fresh(), fresh()];
        const [first = '', second = ''] = await wrapper.wrap([one, two]);
        const last = first.at(-6) === 'A' ? 'B' : 'A';
        const altered = `${first.slice(0, -6)}${last}${first.slice(-5)}`;
        const asked = [
          { token: two.token, wrapped: first },
          { token: one.token, wrapped: altered },
          { token: one.token, wrapped: 'nonsense' },
          { token: two.token, wrapped: second },
        ];
        expect(await wrapper.unwrap(asked)).toEqual([null, null, null, two.key]);
        const rewrapped = await wrapper.rewrap(asked);
        expect(rewrapped.slice(0, 3)).toEqual([null, null, null]);
        expect(wrapper.versionOf('nonsense')).toBe(null);
      }));

    it('never shows a key in what it wrapped', () =>
      using(async ({ wrapper }) => {
        const one = fresh();
        const [wrapped = ''] = await wrapper.wrap([one]);
        const bytes = Buffer.from(wrapped.split(':').at(-1) ?? '', 'base64url');
        expect(bytes.includes(Buffer.from(one.key))).toBe(false);
        expect(wrapped).not.toContain(Buffer.from(one.key).toString('base64').slice(0, 40));
      }));

    it('rewraps under the version that wraps now, without which old ones no longer open', () =>
      using(async ({ wrapper, rotated }) => {
        const one = fresh();
        const [old = ''] = await wrapper.wrap([one]);
        const both = await rotated({ without: false });
        expect(await both.version()).toBe(2);
        expect(await both.unwrap([{ token: one.token, wrapped: old }])).toEqual([one.key]);
        const [rewrapped] = await both.rewrap([{ token: one.token, wrapped: old }]);
        expect(both.versionOf(rewrapped ?? '')).toBe(2);
        const alone = await rotated({ without: true });
        const asked = [old, rewrapped ?? ''].map((wrapped) => ({ token: one.token, wrapped }));
        expect(await alone.unwrap(asked)).toEqual([null, one.key]);
      }));
  });
}

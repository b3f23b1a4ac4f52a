import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestFiles } from '../../services/adapters/config/digest.ts';
import type { Bundle } from '../../services/core/ports.ts';
import type { OpenedStores } from './consent-store.ts';

function bundle(files: Record<string, string>): Bundle {
  return { digest: digestFiles(files), files };
}

/** What every bundle store has to do (core/ports.ts). */
export function bundleStoreContract(name: string, open: () => Promise<OpenedStores>): void {
  describe(`the bundle store of ${name}`, () => {
    let stores: OpenedStores;
    beforeAll(async () => {
      stores = await open();
    });
    afterAll(() => stores.close());

    it('has no bundle at first', async () => {
      expect(await stores.bundles.activeDigest()).toBeNull();
      expect(await stores.bundles.shadowDigest()).toBeNull();
      expect(await stores.bundles.read('0'.repeat(64))).toBeNull();
    });

    it('keeps every bundle, and the last one activated is active', async () => {
      const first = bundle({ 'purposes.yaml': 'a: ü\n', 'policies/__proto__.yaml': '', 'policies/x.yaml': '\u2028"' });
      const second = bundle({});
      await stores.bundles.activate(first);
      expect(await stores.bundles.activeDigest()).toBe(first.digest);
      await stores.bundles.activate(second);
      expect(await stores.bundles.activeDigest()).toBe(second.digest);
      expect(await stores.bundles.read(first.digest)).toEqual(first);
      expect(await stores.bundles.read(second.digest)).toEqual(second);
      await stores.bundles.activate(first);
      expect((await stores.consents.load([])).activeDigest).toBe(first.digest);
    });

    it('refuses a bundle whose digest is not that of its files, and keeps the active one', async () => {
      const good = bundle({ 'purposes.yaml': 'purposes: {}' });
      await stores.bundles.activate(good);
      const bad = { digest: digestFiles({}), files: { 'purposes.yaml': 'purposes: { all: {} }' } };
      await expect(stores.bundles.activate(bad)).rejects.toMatchObject({ name: 'LetheError', code: 'bug' });
      expect(await stores.bundles.activeDigest()).toBe(good.digest);
    });

    it('keeps a candidate beside the active bundle, one at a time, until it is ended', async () => {
      const [active, first, second] = ['a', 'b', 'c'].map((text) => bundle({ 'purposes.yaml': `# ${text}` }));
      await stores.bundles.activate(active!);
      await stores.bundles.shadow(first!);
      expect(await stores.bundles.shadowDigest()).toBe(first!.digest);
      await stores.bundles.shadow(second!);
      expect(await stores.bundles.read(second!.digest)).toEqual(second);
      const { activeDigest, shadowDigest } = await stores.consents.load([]);
      expect([activeDigest, shadowDigest]).toEqual([active!.digest, second!.digest]);
      expect(await stores.bundles.endShadow()).toBe(second!.digest);
      expect(await stores.bundles.endShadow()).toBeNull();
      expect((await stores.consents.load([])).shadowDigest).toBeNull();
      expect(await stores.bundles.activeDigest()).toBe(active!.digest);
    });

    it('has no candidate any more once that is active, and keeps it where another one is made active', async () => {
      const [candidate, other] = ['candidate', 'other'].map((text) => bundle({ 'purposes.yaml': `# ${text}` }));
      await stores.bundles.shadow(candidate!);
      await stores.bundles.activate(other!);
      expect(await stores.bundles.shadowDigest()).toBe(candidate!.digest);
      await stores.bundles.activate(candidate!);
      expect(await stores.bundles.shadowDigest()).toBeNull();
      expect(await stores.bundles.activeDigest()).toBe(candidate!.digest);
    });

    it('refuses a candidate whose digest is not that of its files', async () => {
      await stores.bundles.endShadow();
      const bad = { digest: digestFiles({}), files: { 'purposes.yaml': 'purposes: { all: {} }' } };
      await expect(stores.bundles.shadow(bad)).rejects.toMatchObject({ name: 'LetheError', code: 'bug' });
      expect(await stores.bundles.shadowDigest()).toBeNull();
    });

    it('never names a bundle as active that cannot be read', async () => {
      const many = Array.from({ length: 20 }, (_, n) => bundle({ 'purposes.yaml': `# ${n}` }));
      let going = true;
      const reader = (async () => {
        let reads = 0;
        for (; going || reads === 0; reads++) {
          const digest = await stores.bundles.activeDigest();
          if (digest !== null) expect((await stores.bundles.read(digest))?.digest).toBe(digest);
        }
      })();
      await Promise.all(many.map((one) => stores.bundles.activate(one)));
      going = false;
      await reader;
    });
  });
}

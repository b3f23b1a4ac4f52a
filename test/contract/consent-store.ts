import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONSENT_DECISIONS, type ConsentEvent } from '../../services/core/consent-event.ts';
import type { BundleStore, ConsentStore, Watermark } from '../../services/core/ports.ts';
import { digestFiles } from '../../services/adapters/config/digest.ts';

/** A store to be held to the contract, empty at first. */
export type OpenedStores = {
  readonly consents: ConsentStore;
  readonly bundles: BundleStore;
  readonly setWatermark: (watermark: Watermark) => Promise<void> | void;
  readonly close: () => Promise<void>;
};

let made = 0;
/** A token nobody used before. */
export function newToken(): string {
  made++;
  return `token-${process.pid}-${made}`.padEnd(43, '_');
}

export function event(version: number, change: Partial<ConsentEvent> = {}): ConsentEvent {
  return {
    purpose: 'analytics',
    decision: 'granted',
    at: Date.UTC(2026, 0, 5),
    version,
    region: 'DE',
    recipients: ['acme'],
    method: 'explicit',
    notice: '2026-01',
    source: null,
    expires: null,
    ...change,
  };
}

const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => value.isWellFormed());
const nasty = fc.constantFrom('\n', '\t', '\n1\t{}', '\u2028', '"', '\\', 'é', '𝛼', '\0', '\r\n');
const maybe = fc.option(fc.oneof(text, nasty));

export const anyEvent: fc.Arbitrary<ConsentEvent> = fc.record({
  purpose: fc.oneof(fc.constant('*'), text, nasty),
  decision: fc.constantFrom(...CONSENT_DECISIONS),
  at: fc.integer({ min: -8.64e15, max: 8.64e15 }),
  version: fc.oneof(fc.nat(20), fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER)),
  region: maybe,
  recipients: fc.array(fc.oneof(text, nasty), { maxLength: 3 }),
  method: maybe,
  notice: maybe,
  source: maybe,
  expires: fc.option(fc.integer({ min: 0, max: 8.64e15 })),
});

/** The same events, whatever their order and however often. */
function asSet(events: readonly ConsentEvent[] | undefined): readonly string[] {
  const keys = Object.keys(event(0)) as (keyof ConsentEvent)[];
  return [...new Set((events ?? []).map((one) => JSON.stringify(keys.map((key) => one[key]))))].sort();
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

/** What every consent view has to do (core/ports.ts). */
export function consentStoreContract(name: string, open: () => Promise<OpenedStores>): void {
  describe(`the consent store of ${name}`, () => {
    let stores: OpenedStores;
    beforeAll(async () => {
      stores = await open();
    });
    afterAll(() => stores.close());

    it('knows nobody, no bundle and no watermark at first, and then the latest', async () => {
      const atFirst = await stores.consents.load([newToken()]);
      const { stamp: _stamp, ...nothing } = atFirst;
      expect(nothing).toEqual({ events: new Map(), activeDigest: null, shadowDigest: null, watermark: null });
      const files = { 'purposes.yaml': 'purposes: {}' };
      await stores.bundles.activate({ digest: digestFiles(files), files });
      const watermark = { at: 1_767_600_000_000, offsets: { '0': '12', '1': '9007199254740993' } };
      await stores.setWatermark(watermark);
      const snapshot = await stores.consents.load([]);
      expect(snapshot).toMatchObject({
        ...{ events: new Map(), activeDigest: digestFiles(files), shadowDigest: null, watermark },
      });
      const candidate = { 'purposes.yaml': 'purposes: { all: {} }' };
      await stores.bundles.shadow({ digest: digestFiles(candidate), files: candidate });
      // Behind subjects too: each value is told by its place.
      const beside = await stores.consents.load([newToken(), newToken()]);
      expect(beside).toEqual({ ...snapshot, shadowDigest: digestFiles(candidate) });
    });

    it('has another stamp whenever events were added, and the same as long as none were, or has none', async () => {
      const token = newToken();
      const stamp = async (): Promise<string | null> => (await stores.consents.load([])).stamp;
      const before = await stamp();
      if (before === null) {
        expect((await stores.consents.load([token])).stamp).toBeNull();
        return;
      }
      expect((await stores.consents.load([token])).stamp).toBe(before);
      const seen = new Set([before]);
      for (const version of [1, 2]) {
        // One that is new to the view and one that adds to what it holds.
        await stores.consents.add([{ token, event: event(version) }]);
        const now = await stamp();
        expect(seen.has(String(now))).toBe(false);
        seen.add(String(now));
        expect((await stores.consents.load([token])).stamp).toBe(now);
      }
      expect(seen.has(String(await stamp()))).toBe(true);
      // The date of the watermark says nothing of what the view holds.
      await stores.setWatermark({ at: 1_767_600_000_000, offsets: { '0': '12', '1': '5' } });
      const dated = await stamp();
      await stores.setWatermark({ at: 1_767_600_001_000, offsets: { '1': '5', '0': '12' } });
      expect(await stamp()).toBe(dated);
    });

    it('gives back what was added, to the letter, and tells subjects apart', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyEvent, { minLength: 1, maxLength: 6 }), anyEvent, async (mine, theirs) => {
          const [me, them, nobody] = [newToken(), newToken(), newToken()];
          const entries = mine.map((one) => ({ token: me, event: one }));
          await stores.consents.add([...entries, { token: them, event: theirs }]);
          const { events } = await stores.consents.load([nobody, them, me]);
          expect(asSet(events.get(me))).toEqual(asSet(mine));
          expect(asSet(events.get(them))).toEqual(asSet([theirs]));
          expect(events.has(nobody)).toBe(false);
        }),
        { numRuns: 60 },
      );
    });

    it('takes an event once, however often it comes', async () => {
      const token = newToken();
      const [first, second] = [event(1), event(2, { decision: 'withdrawn' })];
      for (const one of [first, second, first, second, first]) await stores.consents.add([{ token, event: one }]);
      await stores.consents.add([first, first, second].map((one) => ({ token, event: one })));
      expect((await stores.consents.load([token])).events.get(token)).toHaveLength(2);
    });

    it('mistakes no version for another that begins or ends alike', async () => {
      const token = newToken();
      const versions = [111, 11, 1, 0, 110, 10];
      for (const version of versions) await stores.consents.add([{ token, event: event(version) }]);
      const held = (await stores.consents.load([token])).events.get(token);
      expect(new Set(held?.map(({ version }) => version))).toEqual(new Set(versions));
      expect(held).toHaveLength(versions.length);
    });

    it('loses neither of two events that claim the same version', async () => {
      const token = newToken();
      const [grant, withdrawal] = [event(7), event(7, { decision: 'withdrawn' })];
      await stores.consents.add([{ token, event: grant }]);
      await stores.consents.add([{ token, event: withdrawal }]);
      expect(asSet((await stores.consents.load([token])).events.get(token))).toEqual(asSet([grant, withdrawal]));
    });

    it('never lets an older update win, however many write at once', async () => {
      const tokens = Array.from({ length: 5 }, newToken);
      const history = Array.from({ length: 40 }, (_, version) =>
        event(version, { decision: version % 2 === 0 ? 'granted' : 'withdrawn' }),
      );
      const all = tokens.flatMap((token) => history.map((one) => ({ token, event: one })));
      // Each writer brings everything in its own order, in pieces that interleave with the others'.
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          const order = shuffled(all);
          for (let from = 0; from < order.length; from += 17) await stores.consents.add(order.slice(from, from + 17));
        }),
      );
      const { events } = await stores.consents.load(tokens);
      for (const token of tokens) {
        expect(asSet(events.get(token))).toEqual(asSet(history));
        expect(events.get(token)).toHaveLength(history.length);
      }
    });

    it('shows each load what was added before it, and changes nothing it gave before', async () => {
      const token = newToken();
      await stores.consents.add([{ token, event: event(1) }]);
      const before = (await stores.consents.load([token])).events.get(token);
      await stores.consents.add([{ token, event: event(2, { decision: 'withdrawn' }) }]);
      expect(asSet((await stores.consents.load([token])).events.get(token))).toContain(
        asSet([event(2, { decision: 'withdrawn' })])[0],
      );
      expect(asSet(before)).toEqual(asSet([event(1)]));
    });

    it('takes and gives thousands of subjects at once', async () => {
      const tokens = Array.from({ length: 5_000 }, newToken);
      await stores.consents.add(tokens.map((token, version) => ({ token, event: event(version) })));
      const { events } = await stores.consents.load(tokens);
      for (const [version, token] of tokens.entries()) expect(events.get(token)?.[0]?.version).toBe(version);
      expect(events.size).toBe(tokens.length);
    });
  });
}

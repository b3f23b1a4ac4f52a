/** What every consent view that is projected into keeps. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConsentEvent } from '../../services/core/consent-event.ts';
import type { ConsentProjection } from '../../services/core/consent-projection.ts';
import type { ConsentStore } from '../../services/core/ports.ts';
import { event, newToken } from './consent-store.ts';

/** A view that is empty after `begin({anew: true})`. */
export type OpenedView = {
  readonly consents: Pick<ConsentStore, 'load' | 'add'>;
  readonly projection: ConsentProjection;
};

export function consentProjectionContract(name: string, open: () => OpenedView): void {
  describe(name, () => {
    const fresh = async (): Promise<OpenedView> => {
      const view = open();
      await view.projection.begin({ anew: true });
      return view;
    };
    const versionsOf = async ({ consents }: OpenedView, token: string): Promise<number[]> => {
      const { events } = await consents.load([token]);
      return (events.get(token) ?? []).map(({ version }) => version).sort((a, b) => a - b);
    };
    const batch = (
      start: number,
      end: number,
      entries: readonly { token: string; event: ConsentEvent }[],
      low = 0,
    ) => ({
      partition: 3,
      low,
      start,
      end,
      entries,
    });

    it('is not whole at first: its age is endless', async () => {
      const view = await fresh();
      expect(await view.projection.watermark()).toEqual({ at: 0, offsets: {} });
      expect((await view.consents.load([])).watermark).toEqual({ at: 0, offsets: {} });
    });

    it('holds events and offset after a batch', async () => {
      const view = await fresh();
      const [one, two] = [newToken(), newToken()];
      const entries = [
        { token: one, event: event(0) },
        { token: two, event: event(1) },
        { token: one, event: event(2, { decision: 'withdrawn' }) },
      ];
      expect(await view.projection.project(batch(0, 4, entries))).toEqual({ gapAt: null });
      expect(await versionsOf(view, one)).toEqual([0, 2]);
      expect(await versionsOf(view, two)).toEqual([1]);
      expect(await view.projection.watermark()).toEqual({ at: 0, offsets: { '3': '4' } });
    });

    it('gives the view another stamp with each batch, and none for a beat', async () => {
      const view = await fresh();
      const stamp = async (): Promise<string | null> => (await view.consents.load([])).stamp;
      const before = await stamp();
      await view.projection.project(batch(0, 1, [{ token: newToken(), event: event(0) }]));
      const after = await stamp();
      // A view that cannot tell has none at all.
      expect(after === null).toBe(before === null);
      if (after !== null) expect(after).not.toBe(before);
      await view.projection.beat([{ partition: 3, low: 0, end: 1 }], 1_767_600_000_000);
      expect(await stamp()).toBe(after);
      expect((await view.consents.load([newToken()])).stamp).toBe(after);
    });

    it('does nothing where events before the batch are missing, and says where it stands', async () => {
      const view = await fresh();
      const token = newToken();
      expect(await view.projection.project(batch(5, 6, [{ token, event: event(5) }]))).toEqual({ gapAt: 0 });
      expect(await versionsOf(view, token)).toEqual([]);
      await view.projection.project(batch(0, 5, []));
      expect(await view.projection.project(batch(6, 7, [{ token, event: event(6) }]))).toEqual({ gapAt: 5 });
      expect(await view.projection.project(batch(5, 6, [{ token, event: event(5) }]))).toEqual({ gapAt: null });
      expect(await versionsOf(view, token)).toEqual([5]);
    });

    it('begins where the feed does, and not before', async () => {
      const view = await fresh();
      expect(await view.projection.project(batch(8, 9, [], 7))).toEqual({ gapAt: 7 });
      expect(await view.projection.project(batch(7, 9, [], 7))).toEqual({ gapAt: null });
    });

    it('takes a batch again without harm, and its offset never goes back', async () => {
      const view = await fresh();
      const token = newToken();
      const first = batch(0, 2, [{ token, event: event(1) }]);
      await view.projection.project(first);
      await view.projection.project(batch(2, 9, [{ token, event: event(8) }]));
      expect(await view.projection.project(first)).toEqual({ gapAt: null });
      expect(await versionsOf(view, token)).toEqual([1, 8]);
      expect((await view.projection.watermark())?.offsets).toEqual({ '3': '9' });
    });

    it('leaves what is newer alone: older events only add to it', async () => {
      const view = await fresh();
      const token = newToken();
      await view.consents.add([{ token, event: event(7, { decision: 'withdrawn' }) }]);
      await view.projection.project(batch(0, 3, [{ token, event: event(2) }]));
      expect(await versionsOf(view, token)).toEqual([2, 7]);
    });

    it('is dated only where it holds all of the feed', async () => {
      const view = await fresh();
      await view.projection.project(batch(0, 4, []));
      const [here, next] = [
        { partition: 3, low: 0, end: 4 },
        { partition: 4, low: 0, end: 1 },
      ];
      expect(await view.projection.beat([here, next], 1000)).toBe(false);
      expect((await view.projection.watermark())?.at).toBe(0);
      expect(await view.projection.beat([here, { ...next, end: 0 }], 1000)).toBe(true);
      expect((await view.projection.watermark())?.at).toBe(1000);
      expect(await view.projection.beat([here], 900)).toBe(true);
      expect((await view.projection.watermark())?.at).toBe(1000);
      expect(await view.projection.beat([{ ...here, end: 5 }], 2000)).toBe(false);
    });

    it('keeps its mark where it has one, and forgets everything where it is made anew', async () => {
      const view = await fresh();
      const token = newToken();
      await view.projection.project(batch(0, 4, [{ token, event: event(3) }]));
      await view.projection.beat([{ partition: 3, low: 0, end: 4 }], 1000);
      await view.projection.begin({ anew: false });
      expect(await view.projection.watermark()).toEqual({ at: 1000, offsets: { '3': '4' } });
      await view.projection.begin({ anew: true });
      expect(await view.projection.watermark()).toEqual({ at: 0, offsets: {} });
      expect(await versionsOf(view, token)).toEqual([]);
    });

    it('ends with every event, in whatever pieces and however often they come', async () => {
      const pieces = fc.array(fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 5 })), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(pieces, async (tries) => {
          const view = await fresh();
          const token = newToken();
          const all = Array.from({ length: 12 }, (_, offset) => ({ token, event: event(offset) }));
          const project = async (from: number, to: number): Promise<void> => {
            const end = Math.min(to, all.length);
            if (from >= end) return;
            const before = Number((await view.projection.watermark())?.offsets['3'] ?? 0);
            const { gapAt } = await view.projection.project(batch(from, end, all.slice(from, end)));
            expect(gapAt).toBe(from > before ? before : null);
          };
          for (const [from, count] of tries) await project(from, from + count);
          const stands = Number((await view.projection.watermark())?.offsets['3'] ?? 0);
          expect(await versionsOf(view, token)).toEqual(all.slice(0, stands).map((one) => one.event.version));
          await project(stands, all.length);
          expect(await versionsOf(view, token)).toEqual(all.map((one) => one.event.version));
        }),
        { numRuns: 25 },
      );
    });
  });
}

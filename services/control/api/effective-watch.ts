import type { ConsentProjection } from '../../core/consent-projection.ts';
import type { ConsentParts } from './parts.ts';

export type EffectiveWatchOptions = {
  readonly view: Pick<ConsentProjection, 'watermark'>;
  /** Resolves after so many milliseconds. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Milliseconds; default 5,000. */
  readonly timeoutMs?: number;
};

const POLL_MS = 25;

/**
 * Waits until the consent view has passed places in the feed: from then on every worker that looks sees them. However
 * many wait, the view is asked once at a time.
 */
export function makeEffectiveWatch({
  view,
  sleep,
  timeoutMs = 5_000,
}: EffectiveWatchOptions): ConsentParts['effective'] {
  let asking: Promise<Readonly<Record<string, string>>> | null = null;

  const offsets = (): Promise<Readonly<Record<string, string>>> => {
    asking ??= view
      .watermark()
      // An outage ends no wait: the events are taken, and that was all that was promised.
      .then((mark) => mark?.offsets ?? {})
      .catch(() => ({}))
      .finally(() => {
        asking = null;
      });
    return asking;
  };

  return async (places) => {
    const ends = new Map<number, number>();
    for (const { partition, offset } of places) ends.set(partition, Math.max(ends.get(partition) ?? 0, offset));
    for (let waited = 0; ; waited += POLL_MS) {
      const standing = await offsets();
      const passed = ([partition, offset]: [number, number]): boolean => Number(standing[partition] ?? 0) > offset;
      if ([...ends].every(passed)) return true;
      if (waited >= timeoutMs) return false;
      await sleep(POLL_MS);
    }
  };
}

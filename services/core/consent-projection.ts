/** The port of whoever brings the consent view up to date with the feed (DESIGN section 5). */
import type { ConsentEvent } from './consent-event.ts';
import type { Watermark } from './ports.ts';

/** Events of one partition of the feed: all those from `start` to before `end`. */
export type ProjectedBatch = {
  readonly partition: number;
  /** The first offset that the partition of the feed holds: where a view that knows nothing of it begins. */
  readonly low: number;
  readonly start: number;
  readonly end: number;
  readonly entries: readonly { readonly token: string; readonly event: ConsentEvent }[];
};

/** Up to where a partition of the feed was written at some moment. */
export type FeedEnd = { readonly partition: number; readonly low: number; readonly end: number };

export type ConsentProjection = {
  /** What the view says of itself; null where nobody ever projected into it, or it was emptied. */
  readonly watermark: () => Promise<Watermark | null>;
  /**
   * Marks the view as not whole: its age is endless, so that workers pause, until a `beat` finds it whole. With `anew`
   * what it says of the feed is forgotten and every consent in it removed; without, only a view without a watermark is
   * marked.
   */
  readonly begin: (how: { readonly anew: boolean }) => Promise<void>;
  /**
   * Adds a batch and moves the view's offset to its end. Nothing is done, and the offset that the view stands at is
   * given back, where events before the batch are missing in the view: it was emptied, restored, or failed over to a
   * replica that lags. A batch that is in the view already does no harm. Where the view can do so, events and offset are
   * one atomic step.
   */
  readonly project: (batch: ProjectedBatch) => Promise<{ readonly gapAt: number | null }>;
  /**
   * Says that the view held all of the feed at a moment; false, and nothing is said, where it does not.
   *
   * @param at epoch milliseconds.
   */
  readonly beat: (ends: readonly FeedEnd[], at: number) => Promise<boolean>;
};

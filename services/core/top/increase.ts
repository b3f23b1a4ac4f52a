/** How much counters grew between two looks, and quantiles of histograms, as Prometheus has them. */

/**
 * A counter that is lower than before began at 0 again in between (its process was restarted): all that it shows now was
 * added since, and maybe more that nobody saw. As `increase` of PromQL, without its extrapolation; never negative.
 *
 * @param before null: it was not there. A counter appears with its first increment, so it was 0.
 */
export function increase(before: number | null, now: number): number {
  if (!Number.isFinite(now) || now < 0) return 0;
  if (before === null || !Number.isFinite(before) || now < before) return now;
  return now - before;
}

/** A cumulative bucket: how many observations were at most `le`. */
export type Bucket = { readonly le: number; readonly count: number };

/**
 * As `histogram_quantile` of PromQL: linear within a bucket; where it falls into the last one (`+Inf`), the greatest
 * bound below that. Null without observations, or without the bucket `+Inf`.
 *
 * @param q from 0 to 1.
 */
export function quantile(q: number, buckets: readonly Bucket[]): number | null {
  const sorted = [...buckets].sort((a, b) => a.le - b.le);
  const total = sorted.at(-1);
  if (total === undefined || total.le !== Number.POSITIVE_INFINITY || !(total.count > 0)) return null;
  const rank = q * total.count;
  let [lower, below] = [0, 0];
  for (const { le, count } of sorted) {
    if (count >= rank && count > below) {
      if (le === Number.POSITIVE_INFINITY) return lower;
      // Ages may lie below 0, where clocks differ: nothing is known about a lowest bound then.
      if (le <= 0) return le;
      return lower + (le - lower) * ((rank - below) / (count - below));
    }
    if (le !== Number.POSITIVE_INFINITY) lower = le;
    below = Math.max(below, count);
  }
  return lower;
}

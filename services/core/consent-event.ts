export const CONSENT_DECISIONS = ['granted', 'denied', 'withdrawn', 'objected', 'erased', 'reinstated'] as const;

export type ConsentDecision = (typeof CONSENT_DECISIONS)[number];

/**
 * What a subject said, or what was said on the subject's behalf (DESIGN section 5). It names no subject: it is always
 * held under a subject token.
 */
export type ConsentEvent = {
  /** A purpose's name, or `*` for all. */
  readonly purpose: string;
  readonly decision: ConsentDecision;
  /** When it takes effect, epoch milliseconds; may lie in the future. */
  readonly at: number;
  /** Place in the feed; of two events with equal `at` the greater wins. */
  readonly version: number;
  /** ISO 3166 code of the subject's region, or null. */
  readonly region: string | null;
  /** Third parties that a grant names. */
  readonly recipients: readonly string[];
  /** `explicit`, `implicit`, `gpc`, …, or null. */
  readonly method: string | null;
  readonly notice: string | null;
  readonly source: string | null;
  /** End of a grant, epoch milliseconds, or null. */
  readonly expires: number | null;
};

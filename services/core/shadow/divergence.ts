/**
 * Where a candidate bundle comes to something else than the active one (issue 4, shadow). Said in words from closed
 * lists and counts alone: neither metrics nor audit learn what either of them would publish.
 */

/** Order is that of schemas/audit/segment.avsc. */
export const DIVERGENCE_KINDS = [
  /** Nothing of the record goes to the output now; the candidate would publish. */
  'newly_published',
  /** It is published now; the candidate would withhold it. */
  'newly_withheld',
  /** The same outcome for another reason, or a dead letter of another code. */
  'reason_changed',
  /** Published by both: other bytes. */
  'value_changed',
  'key_changed',
  'headers_changed',
  /** Decided about now; the candidate would dead-letter it. */
  'newly_dead_lettered',
  /** A dead letter now; the candidate would decide about it. */
  'no_longer_dead_lettered',
  /** The candidate would publish to an output that the active bundle does not have. */
  'output_added',
  /** It is published to an output that the candidate does not have. */
  'output_removed',
  /** The candidate could not be asked about the record. */
  'failed',
] as const;

/** A record counts once for each kind that holds for it at an output. */
export type DivergenceKind = (typeof DIVERGENCE_KINDS)[number];

export type Divergence = {
  /** The output's topic. */
  readonly output: string;
  readonly kind: DivergenceKind;
  /** Records. */
  readonly count: number;
};

/** What a segment says of the candidate that its records were also judged by. */
export type ShadowVerdict = {
  /** Digest of the candidate. */
  readonly bundle: string;
  /** By output, then kind, each pair once; empty where both came to the same for every record. */
  readonly divergence: readonly Divergence[];
};

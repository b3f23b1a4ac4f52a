/** The closed vocabularies of what can become of a record (DESIGN sections 2 and 5). */

export const WITHHELD_REASONS = [
  'erased',
  'consent_missing',
  'consent_denied',
  'consent_withdrawn',
  'consent_expired',
  'consent_not_explicit',
  'recipient_not_named',
  'opted_out',
  'objected',
  'retention_expired',
  'tombstone',
] as const;

/**
 * Why an output got nothing. `tombstone` is ours: a raw tombstone has nothing to say to an output that is not keyed by
 * the subject (services/DECISIONS.md).
 */
export type WithheldReason = (typeof WITHHELD_REASONS)[number];

export const DEAD_LETTER_CODES = [
  'undecodable',
  'schema_unknown',
  'subject_missing',
  'time_invalid',
  'action_failed',
  'output_invalid',
  'too_large',
] as const;

export type DeadLetterCode = (typeof DEAD_LETTER_CODES)[number];

/** A record that cannot be decided about. `path` is a declared path, never a key from data. */
export type Poison = { readonly code: DeadLetterCode; readonly path: string | null };

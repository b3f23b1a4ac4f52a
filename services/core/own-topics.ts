/** Lethe's own topics (DESIGN section 7). */
export const AUDIT_TOPIC = 'lethe.audit';
export const DEAD_LETTER_TOPIC = 'lethe.dead-letters';
export const CONSENT_EVENTS_TOPIC = 'lethe.consent-events';
/** What happened to requests of subjects (issue 5). */
export const REQUESTS_TOPIC = 'lethe.requests';
/** Which keys a subject's records have in compacted outputs that are keyed by a path (gateway/published-keys.ts). */
export const PUBLISHED_KEYS_TOPIC = 'lethe.published-keys';

export const LETHE_TOPICS: readonly string[] = [
  AUDIT_TOPIC,
  DEAD_LETTER_TOPIC,
  CONSENT_EVENTS_TOPIC,
  REQUESTS_TOPIC,
  PUBLISHED_KEYS_TOPIC,
];

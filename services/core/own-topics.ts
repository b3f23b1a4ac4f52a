/** Lethe's own topics (DESIGN section 7). */
export const AUDIT_TOPIC = 'lethe.audit';
export const DEAD_LETTER_TOPIC = 'lethe.dead-letters';
export const CONSENT_EVENTS_TOPIC = 'lethe.consent-events';

export const LETHE_TOPICS: readonly string[] = [AUDIT_TOPIC, DEAD_LETTER_TOPIC, CONSENT_EVENTS_TOPIC];

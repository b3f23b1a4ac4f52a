/** Made-up consents for the made-up customers: every way in which consent is given, refused, limited or taken back. */
import { customerId, placeOf } from './events.ts';

const DAY_MS = 86_400_000;

type Consent = {
  readonly purpose: string;
  readonly decision: string;
  readonly daysAgo: number;
  readonly method?: string;
  readonly recipients?: readonly string[];
  readonly expiresInDays?: number;
};

/** By what is left of a customer's number divided by ten. */
const KINDS: readonly (readonly Consent[])[] = [
  // All of it, explicitly, and the partner is named.
  [{ purpose: '*', decision: 'granted', daysAgo: 300, method: 'explicit', recipients: ['acme'] }],
  [{ purpose: '*', decision: 'granted', daysAgo: 300, method: 'explicit', recipients: ['acme'] }],
  // Implied: enough for what is not sensitive; and nobody named the partner.
  [{ purpose: '*', decision: 'granted', daysAgo: 300, method: 'implicit' }],
  [{ purpose: 'analytics', decision: 'granted', daysAgo: 300, method: 'implicit' }],
  // Given, then withdrawn.
  [
    { purpose: '*', decision: 'granted', daysAgo: 300, method: 'explicit', recipients: ['acme'] },
    { purpose: 'analytics', decision: 'withdrawn', daysAgo: 3 },
  ],
  // A browser that says no (Global Privacy Control).
  [{ purpose: '*', decision: 'denied', daysAgo: 100, method: 'gpc' }],
  // Run out.
  [{ purpose: '*', decision: 'granted', daysAgo: 300, method: 'explicit', recipients: ['acme'], expiresInDays: -2 }],
  // Objected to legitimate interest.
  [
    { purpose: 'analytics', decision: 'granted', daysAgo: 300, method: 'explicit' },
    { purpose: 'fraud_prevention', decision: 'objected', daysAgo: 20 },
  ],
  // Erased.
  [
    { purpose: '*', decision: 'granted', daysAgo: 300, method: 'explicit', recipients: ['acme'] },
    { purpose: '*', decision: 'erased', daysAgo: 1 },
  ],
  // Never asked.
  [],
];

/** Lines of a consents file (DESIGN section 8). */
export function makeConsents(customers: number, now: number): string[] {
  const at = (daysAgo: number): string => new Date(now - daysAgo * DAY_MS).toISOString();
  const lines: string[] = [];
  for (let customer = 0; customer < customers; customer++) {
    for (const consent of KINDS[customer % KINDS.length] ?? []) {
      lines.push(
        JSON.stringify({
          subject: customerId(customer),
          purpose: consent.purpose,
          decision: consent.decision,
          at: at(consent.daysAgo),
          region: placeOf(customer).country,
          ...(consent.method === undefined ? {} : { method: consent.method }),
          ...(consent.recipients === undefined ? {} : { recipients: consent.recipients }),
          notice: '2026-01',
          expires: consent.expiresInDays === undefined ? null : at(-consent.expiresInDays),
        }),
      );
    }
  }
  return lines;
}

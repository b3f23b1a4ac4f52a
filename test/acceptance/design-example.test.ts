/** The configuration that DESIGN section 4 shows, as it stands there, with the categories it uses. */
import { beforeAll, describe, expect, it } from 'vitest';
import { folderOf, lethe } from './command.ts';
import { type Configuration, configFiles, outcomeOf, type Replayed, replayed } from './replayed.ts';

const CONFIG: Configuration = {
  taxonomy: `
categories:
  system: {}                                   # not personal data
  user: {}
  user.contact.email: {}
  user.health: { sensitive: true }
  user.demographic: { quasi_identifier: true } # counts toward re-identification
  user.demographic.date_of_birth: {}
  user.unique_id: {}
  user.behavior: {}
  user.behavior.purchase_history: {}
  user.device.ip_address: {}
  user.location: {}
`,
  purposes: `
purposes:
  analytics:
    basis: { gdpr: consent, ccpa: opt_out, default: consent }
    retention: { default: P365D, user.location: P30D }   # age since event time
  fraud_prevention:
    basis: { default: legitimate_interest }
    retention: { default: P90D }
  partner.acme:
    recipient: acme            # a named third party: the consent must name it
    basis: { default: consent }
    retention: { default: P30D }
`,
  policies: {
    'customer-events': String.raw`
route: customer-events
from: { topic: raw.customer-events, format: json }   # json | avro
subject: customer.id
time: occurred_at              # epoch milliseconds or RFC 3339
region: customer.address.country   # optional, ISO 3166
headers: { traceparent: system }
fields:                        # path → category; an undeclared field never leaves
  event_id: system
  occurred_at: system
  customer.id: user.unique_id
  customer.email: user.contact.email
  "purchase.items[].sku": user.behavior.purchase_history
  "attributes.*": user.behavior          # every value of a map
outputs:
  - topic: clean.analytics.customer-events
    purpose: analytics
    unconsented: withhold      # withhold (default) | strip: publish only non-personal fields
    key: pseudonym             # pseudonym (default) | none | a path released by a rule
    rules:                     # exact path beats category; longer category beats shorter; no match: drop
      - { select: system, action: keep }
      - { select: user.unique_id, action: pseudonymize }
      - { select: user.contact.email, action: mask, mask: email }
      - { select: user.device.ip_address, action: truncate_ip, ipv4: 24, ipv6: 48 }
      - { select: user.demographic.date_of_birth, action: generalize, to: year }
      - { select: "purchase.items[].sku", action: keep }
`,
  },
};
const TOPIC = 'clean.analytics.customer-events';
const record = (id: string, country: string) =>
  JSON.stringify({
    event_id: 'e-1',
    occurred_at: '2026-02-01T10:00:00Z',
    customer: { id, email: 'joe@example.com', phone: 'hiddenvalue', address: { country, street: 'hiddenvalue' } },
    purchase: { items: [{ sku: 's-1', price: 'hiddenvalue' }, { sku: 's-2' }] },
    attributes: { campaign: 'hiddenvalue' },
  });

describe('the configuration of the design', () => {
  let run: Replayed;
  beforeAll(async () => {
    run = await replayed({
      config: CONFIG,
      lines: [
        record('canary-1', 'DE'),
        record('canary-2', 'DE'),
        record('canary-2', 'US-CA'),
        record('canary-3', 'US-CA'),
      ],
      consents: [
        {
          ...{ subject: 'canary-1', purpose: 'analytics', decision: 'granted', at: '2026-01-05T10:00:00Z' },
          ...{ region: 'DE', method: 'explicit', recipients: ['acme'], notice: '2026-01', expires: null },
        },
        { subject: 'canary-3', purpose: '*', decision: 'denied', at: '2026-01-05T10:00:00Z', method: 'gpc' },
      ],
    });
  });

  it('is good', async () => {
    const ran = await lethe(['lint', 'config'], { cwd: folderOf(configFiles(CONFIG)) });
    expect(ran.code).toBe(0);
  });

  it('releases what its rules select, and nothing else', () => {
    const published = run.fate(0).published[TOPIC];
    expect(published?.key).toMatch(/^[\w-]{43}$/);
    expect(published?.value).toEqual({
      event_id: 'e-1',
      occurred_at: '2026-02-01T10:00:00Z',
      customer: { id: published?.key, email: 'j***@example.com' },
      purchase: { items: [{ sku: 's-1' }, { sku: 's-2' }] },
    });
  });

  it('asks for consent in one region and heeds an opt-out in the other', () => {
    const fates = [1, 2, 3].map((line) => outcomeOf(run.fate(line), TOPIC));
    expect(fates).toEqual(['withheld consent_missing', expect.stringContaining('"s-1"'), 'withheld opted_out']);
  });
});

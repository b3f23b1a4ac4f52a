/**
 * Made-up events of a web shop that fit the example configuration: orders as JSON, page views for Avro, and records that
 * nobody can make sense of. The same seed and time give the same events.
 */
import { type Random, seededRandom } from './random.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const PLACES = [
  { country: 'DE', city: 'Berlin', code: '10115', latitude: 52.5321, longitude: 13.3849 },
  { country: 'FR', city: 'Lyon', code: '69001', latitude: 45.7676, longitude: 4.8344 },
  { country: 'US-CA', city: 'Los Angeles', code: '90001', latitude: 33.9731, longitude: -118.2479 },
  { country: 'BR', city: 'Recife', code: '50010', latitude: -8.0632, longitude: -34.8711 },
  { country: 'GB', city: 'Leeds', code: 'LS1 4DY', latitude: 53.7968, longitude: -1.5482 },
] as const;

const SKUS = ['mug-01', 'mug-02', 'tea-07', 'pot-11', 'tin-03'] as const;

/** Where a customer lives; independent of what the customer consented to (consents.ts). */
export function placeOf(customer: number): (typeof PLACES)[number] {
  return PLACES[Math.floor(customer / 10) % PLACES.length] ?? PLACES[0];
}

export function customerId(customer: number): string {
  return `cust-${customer}`;
}

export type EventOptions = {
  readonly seed: number;
  readonly customers: number;
  /** Epoch milliseconds; events lie in the months before. */
  readonly now: number;
};

/** Most events are of the last days; some are too old for one purpose or for all. */
function occurredAt(random: Random, now: number): number {
  const age = random.chance(0.9)
    ? random.below(20 * DAY_MS)
    : random.pick([40 * DAY_MS, 100 * DAY_MS, 200 * DAY_MS, 400 * DAY_MS]);
  return now - HOUR_MS - age;
}

/** Orders, as they lie on raw.customer-events. */
export function makeOrders(
  options: EventOptions,
): (index: number) => { readonly subject: string; readonly value: string } {
  const random = seededRandom(options.seed);
  return (index) => {
    const customer = random.below(options.customers);
    const place = placeOf(customer);
    const items = Array.from({ length: 1 + random.below(4) }, () => ({
      sku: random.pick(SKUS),
      quantity: 1 + random.below(6),
      unit_price: 5 + random.below(4000) / 100,
      engraving: random.chance(0.2) ? 'for you' : null,
    }));
    const order = {
      event_id: `evt-${index}`,
      event_type: random.pick(['order_placed', 'order_paid', 'order_returned']),
      occurred_at: new Date(occurredAt(random, options.now)).toISOString(),
      customer: {
        id: customerId(customer),
        name: { first: `First${customer}`, last: `Last${customer}` },
        email: `user${customer}@example.com`,
        phone: random.chance(0.7) ? `+49 30 555${String(10_000 + customer).slice(-4)}` : null,
        date_of_birth: `${1950 + (customer % 55)}-0${1 + (customer % 9)}-1${customer % 10}`,
        address: {
          street: `Example Street ${1 + (customer % 90)}`,
          city: place.city,
          postal_code: place.code,
          country: place.country,
        },
        ...(customer % 7 === 0 ? { allergies: ['peanut', 'soy'] } : {}),
        loyalty: { tier: 'gold', since: '2021-04-01' },
      },
      device: {
        ip: customer % 3 === 0 ? `2001:db8:85a3::8a2e:370:${(customer % 9000) + 100}` : `192.0.2.${customer % 256}`,
        user_agent: 'ExampleBrowser/1.0 (X11; Linux x86_64)',
        location: { latitude: place.latitude, longitude: place.longitude },
        fingerprint: `fp-${customer * 7919}`,
      },
      purchase: {
        order_id: `ord-${index}`,
        currency: place.country === 'US-CA' ? 'USD' : 'EUR',
        total: Math.round(items.reduce((sum, item) => sum + item.quantity * item.unit_price, 0) * 100) / 100,
        items,
      },
      payment: random.chance(0.5) ? { card_number: '4111 1111 1111 1111' } : { iban: 'DE02120300000000202051' },
      attributes: { channel: random.pick(['web', 'app', 'phone']), gift: random.chance(0.1) },
      support_note: random.chance(0.1) ? 'called twice' : null,
    };
    return { subject: order.customer.id, value: JSON.stringify(order) };
  };
}

/** A page view, in avsc's form of schemas/examples/clickstream.avsc (unions not wrapped, decimals as bytes). */
export type PageView = Readonly<Record<string, unknown>> & { readonly visitor: { readonly id: string } };

/** Page views, for raw.clickstream. */
export function makePageViews(options: EventOptions): (index: number) => PageView {
  const random = seededRandom(options.seed ^ 0x9e3779b9);
  return (index) => {
    const customer = random.below(options.customers);
    const place = placeOf(customer);
    const at = occurredAt(random, options.now);
    return {
      event_id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      occurred_at: at,
      country: place.country,
      visitor: {
        id: customerId(customer),
        email: random.chance(0.5) ? `user${customer}@example.com` : null,
        ip: `198.51.100.${customer % 256}`,
        device: random.pick(['desktop', 'phone', 'tablet', 'other']),
        location: random.chance(0.4) ? { latitude: place.latitude, longitude: place.longitude } : null,
        internal_note: random.chance(0.2) ? 'asked for a call' : null,
      },
      page: { path: `/products/${random.pick(SKUS)}`, title: 'A product', query: `session=${index}` },
      referrer: random.chance(0.3) ? { path: '/', title: null, query: null } : null,
      interactions: Array.from({ length: random.below(4) }, (_, step) => ({
        kind: random.pick(['click', 'scroll', 'input']),
        element: `#item-${step}`,
        at: at + step * 1000,
        typed_text: random.chance(0.3) ? 'a secret wish' : null,
      })),
      experiments: { layout: random.pick(['a', 'b']), price_test: random.below(3) },
      cart_value: random.chance(0.3) ? Buffer.from([0x04, random.below(256)]) : null,
    };
  };
}

/** What goes wrong upstream: each of these is a dead letter, with the code at its left. */
export const BROKEN_ORDERS: readonly (readonly [code: string, value: string | null])[] = [
  ['undecodable', '{"event_id":"evt-x","customer":{"id":"cust-1"'],
  ['undecodable', '{"event_id":"a","event_id":"b","occurred_at":"2026-01-01T00:00:00Z","customer":{"id":"cust-1"}}'],
  ['subject_missing', '{"event_id":"evt-x","occurred_at":"2026-01-01T00:00:00Z","customer":{"id":null}}'],
  ['time_invalid', '{"event_id":"evt-x","occurred_at":"yesterday","customer":{"id":"cust-1"}}'],
  [
    'action_failed',
    '{"event_id":"evt-x","occurred_at":"2026-01-01T00:00:00Z","customer":{"id":"cust-1","email":{"work":"user1@example.com"}}}',
  ],
];

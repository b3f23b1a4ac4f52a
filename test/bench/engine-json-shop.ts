/** What the JSON bench works on: the orders of a shop, what analytics gets of them, and the usual way to make that. */
import type { Scalar } from '../../services/core/apply/action.ts';
import { makeTransform } from '../../services/core/apply/make-transform.ts';
import type { Keyring } from '../../services/core/keyring.ts';
import { compile } from '../../services/core/policy/compile.ts';
import type { Located } from '../../services/core/policy/document.ts';
import type { Action, RoutePlan } from '../../services/core/policy/plan.ts';

const START = Date.UTC(2026, 0, 5);

const FIELDS = {
  event_id: 'system',
  event_type: 'system',
  occurred_at: 'system',
  'customer.id': 'user.unique_id',
  'customer.name': 'user.name',
  'customer.email': 'user.contact.email',
  'customer.phone': 'user.contact.phone',
  'customer.date_of_birth': 'user.demographic.date_of_birth',
  'customer.address.city': 'user.contact.address',
  'customer.address.country': 'user.contact.address',
  'device.ip': 'user.device.ip_address',
  'device.type': 'user.device.type',
  'purchase.total': 'user.behavior',
  'purchase.currency': 'user.behavior',
  'purchase.items[].sku': 'user.behavior',
  'purchase.items[].quantity': 'user.behavior',
  'purchase.items[].price': 'user.behavior',
  'payment.method': 'user.behavior',
  'payment.card': 'user.financial',
};

function located<T>(file: string, value: T): Located<T> {
  return { file, value, at: () => ({ file, line: 1, col: 1 }) };
}

/** Nineteen paths declared, sixteen of them released. */
export function shopPlan(): RoutePlan {
  const result = compile({
    taxonomy: located('taxonomy.yaml', {
      categories: Object.fromEntries(['user', ...new Set(Object.values(FIELDS))].map((name) => [name, {}])),
    }),
    purposes: located('purposes.yaml', {
      purposes: { analytics: { basis: { default: 'consent' as const }, retention: { default: 'P365D' } } },
    }),
    regimes: located('regimes.yaml', { regimes: { gdpr: ['DE'] }, default: 'gdpr' }),
    policies: [
      located('policies/orders.yaml', {
        route: 'orders',
        from: { topic: 'raw.orders', format: 'json' as const },
        subject: 'customer.id',
        time: 'occurred_at',
        region: 'customer.address.country',
        fields: FIELDS,
        outputs: [
          {
            topic: 'clean.orders',
            purpose: 'analytics',
            rules: [
              { select: 'system', action: 'keep' },
              { select: 'user.behavior', action: 'keep' },
              { select: 'user.contact.address', action: 'keep' },
              { select: 'user.device.type', action: 'keep' },
              { select: 'user.unique_id', action: 'pseudonymize' },
              { select: 'user.contact.email', action: 'mask', mask: 'email' },
              { select: 'user.device.ip_address', action: 'truncate_ip', ipv4: 24, ipv6: 48 },
              { select: 'user.demographic.date_of_birth', action: 'generalize', to: 'year' },
            ],
          },
        ],
      }),
    ],
    schemas: {},
  });
  const plan = result.ok ? result.bundle.routes[0]?.plan : undefined;
  if (plan === undefined) throw new Error('the policy of the bench does not compile');
  return plan;
}

/** The order number `n`, of one of 2,000 customers: some 45 values, 1.1 kB. */
function order(n: number) {
  const c = (n * 7919) % 2000;
  return {
    event_id: `evt-${n}-${(n * 104729) % 1_000_000}`,
    event_type: 'order_placed',
    schema_version: 3,
    occurred_at: START + n * 1000,
    customer: {
      id: `cust-${c}`,
      name: `Customer ${c}`,
      email: `user${c}@example.com`,
      phone: `+49 30 555${String(c).padStart(4, '0')}`,
      date_of_birth: `19${50 + (c % 50)}-0${1 + (c % 9)}-1${c % 10}`,
      loyalty_tier: 'gold',
      newsletter: true,
      address: {
        street: `Example Street ${c % 200}`,
        zip: String(10_000 + c),
        city: c % 3 === 0 ? 'Köln' : 'Berlin',
        country: 'DE',
        geo: { lat: 52.52 + c / 1e5, lon: 13.405 + c / 1e5 },
      },
    },
    device: {
      ip: `203.0.113.${c % 256}`,
      type: 'mobile',
      os: 'android',
      os_version: '14.1',
      user_agent:
        'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36',
      session: `s-${(n * 15_485_863) % 1_000_000_000}`,
      screen: '1080x2400',
      locale: 'de-DE',
    },
    purchase: {
      order: `o-${n}`,
      total: 129.97,
      currency: 'EUR',
      discount: 0,
      items: [
        { sku: 'sku-1001', title: 'Espresso cups, set of 4', quantity: 1, price: 49.99 },
        { sku: 'sku-2002', title: 'Coffee beans, 1 kg', quantity: 2, price: 39.99 },
      ],
    },
    payment: { method: 'card', card: `4111 1111 1111 ${1000 + c}`, expires: '12/29', installments: 1, risk: 0.02 },
    consent_banner: { version: '2026-01', choice: 'all' },
    referrer: 'https://shop.example/campaign/winter',
    experiment: null,
  };
}

export function shopRecords(count: number): readonly Buffer[] {
  return Array.from({ length: count }, (_, n) => Buffer.from(JSON.stringify(order(n))));
}

/** JSON.parse, the same actions, JSON.stringify: written by hand for this policy, so there is nothing to interpret. */
export function makeUsualWay(keyring: Keyring): (value: Buffer) => Buffer {
  const made = (action: Exclude<Action, { kind: 'keep' | 'drop' | 'nullify' }>) => {
    const transform = makeTransform(action, keyring);
    return (text: string): string => {
      const changed: Scalar | null = transform({ kind: 'string', text });
      if (changed === null) throw new Error('the bench has a value that an action cannot handle');
      return changed.text;
    };
  };
  const pseudonym = made({ kind: 'pseudonymize', domain: 'analytics' });
  const mask = made({ kind: 'mask', mask: { style: 'email' } });
  const ip = made({ kind: 'truncate_ip', ipv4: 24, ipv6: 48 });
  const year = made({ kind: 'generalize', by: { how: 'date', to: 'year' } });
  return (value) => {
    const { event_id, event_type, occurred_at, customer, device, purchase, payment } = JSON.parse(
      value.toString(),
    ) as ReturnType<typeof order>;
    return Buffer.from(
      JSON.stringify({
        event_id,
        event_type,
        occurred_at,
        customer: {
          id: pseudonym(customer.id),
          email: mask(customer.email),
          date_of_birth: year(customer.date_of_birth),
          address: { city: customer.address.city, country: customer.address.country },
        },
        device: { ip: ip(device.ip), type: device.type },
        purchase: {
          total: purchase.total,
          currency: purchase.currency,
          items: purchase.items.map(({ sku, quantity, price }) => ({ sku, quantity, price })),
        },
        payment: { method: payment.method },
      }),
    );
  };
}

/** Configuration documents written as plain objects, for tests of the compiler. */
import type {
  ConfigurationDocuments,
  GuardDocument,
  Located,
  PolicyDocument,
  PurposesDocument,
  RegimesDocument,
  TaxonomyDocument,
} from '../../../../services/core/policy/document.ts';

/**
 * A document whose lines are the entries of the object, numbered in the order they are written; what is missing stands
 * where its nearest parent does.
 */
export function located<T>(file: string, value: T): Located<T> {
  const lines = new Map<string, number>();
  const number = (path: readonly (string | number)[], part: unknown): void => {
    lines.set(JSON.stringify(path), lines.size + 1);
    if (typeof part !== 'object' || part === null) return;
    for (const [key, child] of Object.entries(part)) {
      number([...path, Array.isArray(part) ? Number(key) : key], child);
    }
  };
  number([], value);
  return {
    file,
    value,
    at: (path) => {
      for (let length = path.length; ; length--) {
        const line = lines.get(JSON.stringify(path.slice(0, length)));
        if (line !== undefined) return { file, line, col: 1 };
      }
    },
  };
}

export const TAXONOMY: TaxonomyDocument = {
  categories: {
    system: {},
    user: {},
    'user.unique_id': {},
    'user.contact.email': {},
    'user.device.ip_address': {},
    'user.behavior': {},
    'user.behavior.purchase_history': {},
    'user.location': {},
    'user.health': { sensitive: true },
    'user.health.blood': {},
    'user.demographic': { quasi_identifier: true },
    'user.demographic.date_of_birth': {},
  },
};

export const PURPOSES: PurposesDocument = {
  purposes: {
    analytics: {
      basis: { gdpr: 'consent', ccpa: 'opt_out', default: 'consent' },
      retention: { default: 'P365D', 'user.location': 'P30D', 'user.behavior': 'PT12H' },
    },
    fraud_prevention: { basis: { default: 'legitimate_interest' }, retention: { default: 'P90D' } },
    'partner.acme': { recipient: 'acme', basis: { default: 'consent' }, retention: { default: 'P1DT12H' } },
  },
};

export const REGIMES: RegimesDocument = { regimes: { gdpr: ['DE', 'FR'], ccpa: ['US-CA'] }, default: 'gdpr' };

export const POLICY: PolicyDocument = {
  route: 'customer-events',
  from: { topic: 'raw.customer-events', format: 'json' },
  subject: 'customer.id',
  fields: { event_id: 'system', 'customer.id': 'user.unique_id', 'customer.email': 'user.contact.email' },
  outputs: [
    {
      topic: 'clean.analytics.customer-events',
      purpose: 'analytics',
      rules: [
        { select: 'system', action: 'keep' },
        { select: 'user.unique_id', action: 'pseudonymize' },
        { select: 'user.contact.email', action: 'mask', mask: 'email' },
      ],
    },
  ],
};

export type Parts = {
  readonly taxonomy?: TaxonomyDocument;
  readonly purposes?: PurposesDocument;
  readonly regimes?: RegimesDocument;
  readonly policies?: readonly PolicyDocument[];
  readonly schemas?: Readonly<Record<string, string>>;
  readonly guards?: readonly GuardDocument[];
};

/** A whole configuration: the parts given, the rest from above. */
export function documents(parts: Parts = {}): ConfigurationDocuments {
  return {
    taxonomy: located('taxonomy.yaml', parts.taxonomy ?? TAXONOMY),
    purposes: located('purposes.yaml', parts.purposes ?? PURPOSES),
    regimes: located('regimes.yaml', parts.regimes ?? REGIMES),
    policies: (parts.policies ?? [POLICY]).map((policy, index) =>
      located(index === 0 ? 'policies/one.yaml' : `policies/other-${index}.yaml`, policy),
    ),
    schemas: parts.schemas ?? {},
    ...(parts.guards === undefined ? {} : { guards: located('guards.yaml', { guards: parts.guards }) }),
  };
}

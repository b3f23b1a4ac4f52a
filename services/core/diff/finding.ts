/**
 * What a static diff finds. "New exposure" is anything by which a value could leave that could not before, or leave in a
 * form that tells more, for longer, on a looser basis, or to another topic or recipient. It is fail-closed: what cannot
 * be ordered counts as exposure.
 */

export type Consequence =
  /** More can leave than before. */
  | 'exposes'
  /** Less can leave than before. */
  | 'hides'
  /** Neither is sure: counts as exposure. */
  | 'unclear'
  /** Nothing more and nothing less. */
  | 'none';

export const FINDING_KINDS = [
  'route_added',
  'route_removed',
  'route_renamed',
  'format',
  'subject',
  'time',
  'region',
  'schemas_unknown',
  'output_added',
  'output_removed',
  'purpose',
  'recipient',
  'basis',
  'retention',
  /** Time that values may lie in the output topic. */
  'published',
  /** What Kafka does with the topic's old records. */
  'cleanup',
  'unconsented',
  /** When consent must have been in force. */
  'consent_at',
  'key',
  /** Records of which nothing is left were withheld, and may be published with their key and headers. */
  'empty_records',
  /** A field (or header) that could not leave can. */
  'field_exposed',
  'field_hidden',
  /** A field leaves in another form. */
  'field_form',
  'field_retention',
  /** Whether explicit consent is asked for. */
  'field_sensitive',
  /** Whether it leaves without consent, where the output strips. */
  'field_personal',
  'category',
] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

export type Finding = {
  readonly kind: FindingKind;
  readonly consequence: Consequence;
  readonly route: string;
  /** Topic of the output, or null: of the route as a whole. */
  readonly output: string | null;
  /** Declared path, `headers.NAME`, or `(tag NAME)` for whatever a schema tags so; null where no field is meant. */
  readonly path: string | null;
  readonly category: string | null;
  /** Of a `basis`. */
  readonly regime: { readonly name: string; readonly regions: readonly string[] } | null;
  readonly before: string | null;
  readonly after: string | null;
  /** Where the rules that decide were written, `file:line:col`. */
  readonly rules: { readonly before: string | null; readonly after: string | null } | null;
};

export function isExposure({ consequence }: Pick<Finding, 'consequence'>): boolean {
  return consequence === 'exposes' || consequence === 'unclear';
}

/** What a finding says; the rest is null. */
export type Said = Pick<Finding, 'kind' | 'consequence'> & Partial<Finding>;

/** Collects findings of one route, each once: versions of a schema mostly say the same. */
export function collectFindings(route: string): {
  readonly add: (said: Said) => void;
  readonly found: () => readonly Finding[];
} {
  const byText = new Map<string, Finding>();
  return {
    add: (said) => {
      const blank = { output: null, path: null, category: null, regime: null, before: null, after: null, rules: null };
      const finding: Finding = { ...blank, ...said, route };
      byText.set(JSON.stringify(Object.entries(finding).sort(([a], [b]) => (a < b ? -1 : 1))), finding);
    },
    found: () => [...byText.values()],
  };
}

/**
 * Configuration as authored, after its shape was checked (adapters/config) and before it means anything. DESIGN
 * section 4.
 */
import type { Basis, Cleanup, ConsentAt, DateUnit, Form, SourcePosition } from './plan.ts';

/** A parsed file that can say where each part of it was written. */
export type Located<T> = {
  /** Relative to the configuration folder, with `/`. */
  readonly file: string;
  readonly value: T;
  /** Where the value at this path stands (its key, for members of a mapping); what is missing: its nearest parent. */
  readonly at: (path: readonly (string | number)[]) => SourcePosition;
};

export type TaxonomyDocument = {
  readonly categories: Readonly<Record<string, { readonly sensitive?: boolean; readonly quasi_identifier?: boolean }>>;
};

export type PurposesDocument = {
  readonly purposes: Readonly<
    Record<
      string,
      {
        readonly recipient?: string;
        /** What the purpose is, for people: `lethe catalog` and `lethe report` show it. Decides nothing. */
        readonly description?: string;
        /** Who may read its outputs, in words: teams, roles. Shown like `description`; Kafka's own rights decide. */
        readonly readers?: readonly string[];
        /** By regime name, and `default` for every other. */
        readonly basis: Readonly<Record<string, Basis>>;
        /** `default` or a category → ISO 8601 duration of days and hours. */
        readonly retention: Readonly<Record<string, string>>;
        /** Of that, how long a value may lie in an output topic: a record is published while it is younger by so much. */
        readonly published?: string;
      }
    >
  >;
};

export type RegimesDocument = {
  readonly regimes: Readonly<Record<string, readonly string[]>>;
  readonly default: string;
};

export type RuleDocument =
  | { readonly select: string; readonly action: 'keep' | 'drop' | 'nullify' | 'encrypt' }
  | { readonly select: string; readonly action: 'redact'; readonly with?: string | number | boolean }
  | {
      readonly select: string;
      readonly action: 'mask';
      readonly mask:
        | 'email'
        | 'phone'
        | 'card'
        | { readonly first?: number; readonly last?: number; readonly char?: string };
    }
  | { readonly select: string; readonly action: 'pseudonymize'; readonly domain?: string }
  | { readonly select: string; readonly action: 'truncate_ip'; readonly ipv4: number; readonly ipv6: number }
  | {
      readonly select: string;
      readonly action: 'generalize';
      readonly to?: DateUnit;
      readonly step?: number;
      readonly decimals?: number;
      readonly bands?: readonly number[];
    };

export type OutputDocument = {
  readonly topic: string;
  readonly purpose: string;
  readonly unconsented?: 'withhold' | 'strip';
  readonly consent_at?: ConsentAt;
  readonly key?: string;
  /** `cleanup.policy` of the topic. */
  readonly cleanup?: Cleanup;
  readonly rules: readonly RuleDocument[];
};

export type PolicyDocument = {
  readonly route: string;
  /** `schema`: an Avro schema file, relative to the policy, for commands that run without a registry. */
  readonly from: { readonly topic: string; readonly format: 'json' | 'avro'; readonly schema?: string };
  readonly subject: string;
  readonly time?: string;
  readonly region?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** `confluent:tags` of an Avro schema → category. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly outputs: readonly OutputDocument[];
};

/** Exactly one of `never_in` and `only_as` is given; `in` belongs to the latter. */
export type GuardDocument = {
  readonly category: string;
  /** Purposes: names, or patterns in which `*` stands for anything. */
  readonly never_in?: string | readonly string[];
  readonly only_as?: Form | readonly Form[];
  /** Like `never_in`; every purpose where it is left out. */
  readonly in?: string | readonly string[];
  readonly name?: string;
  readonly why?: string;
};

/** What must never be, whatever the policies say. */
export type GuardsDocument = { readonly guards: readonly GuardDocument[] };

/** A whole configuration folder. `schemas`: the text of each file a policy names under `from.schema`, by the path as
 * resolved against the configuration folder. */
export type ConfigurationDocuments = {
  readonly taxonomy: Located<TaxonomyDocument>;
  readonly purposes: Located<PurposesDocument>;
  readonly regimes: Located<RegimesDocument>;
  /** Left out where there is no such file. */
  readonly guards?: Located<GuardsDocument>;
  readonly policies: readonly Located<PolicyDocument>[];
  readonly schemas: Readonly<Record<string, string>>;
};

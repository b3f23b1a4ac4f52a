/**
 * The plan: what a bundle becomes once compiled, ready to execute. Everything that can be looked up, parsed or
 * allocated once per bundle has been; the hot path only follows indexes. Plans are frozen.
 */

/** A legal basis (GDPR Art. 6 and its like elsewhere). DESIGN section 5 says when each one allows. */
export type Basis = 'consent' | 'opt_out' | 'legitimate_interest' | 'contract' | 'legal_obligation';

/** A category of the taxonomy, with the flags it inherited. */
export type Category = {
  readonly name: string;
  /** It is `user` or under it. */
  readonly personal: boolean;
  /** GDPR Art. 9 and its like: needs explicit consent. */
  readonly sensitive: boolean;
  readonly quasiIdentifier: boolean;
};

export type DateUnit = 'year' | 'month' | 'day' | 'hour';

export type MaskSpec =
  | { readonly style: 'email' }
  | { readonly style: 'phone' }
  | { readonly style: 'card' }
  | { readonly style: 'ends'; readonly first: number; readonly last: number; readonly char: string };

export type GeneralizeSpec =
  | { readonly how: 'date'; readonly to: DateUnit }
  /** `step` as decimal text, greater than zero, so that no precision is lost. */
  | { readonly how: 'step'; readonly step: string }
  | { readonly how: 'decimals'; readonly decimals: number }
  /** Strictly ascending edges. */
  | { readonly how: 'bands'; readonly bands: readonly number[] };

/** What is done to a value. DESIGN section 4 (table) and 12 (fine print). */
export type Action =
  | { readonly kind: 'keep' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'nullify' }
  | { readonly kind: 'redact'; readonly with: string | number | boolean }
  | { readonly kind: 'mask'; readonly mask: MaskSpec }
  | { readonly kind: 'pseudonymize'; readonly domain: string }
  | { readonly kind: 'truncate_ip'; readonly ipv4: number; readonly ipv6: number }
  | { readonly kind: 'generalize'; readonly by: GeneralizeSpec }
  | { readonly kind: 'encrypt' };

export type ActionKind = Action['kind'];

/** Where something was authored: file relative to the configuration folder, line and column from 1. */
export type SourcePosition = { readonly file: string; readonly line: number; readonly col: number };

/** The rule of an output that decides about a leaf; null where no rule matched (which means drop). */
export type RuleRef = { readonly select: string; readonly position: SourcePosition };

/**
 * A path of the policy at which a scalar may stand. `id` is its index in `RoutePlan.leaves`.
 */
export type Leaf = {
  readonly id: number;
  /** The path as declared, e.g. `purchase.items[].sku`; never holds a key taken from data. */
  readonly path: string;
  /**
   * Null where the path is only read (subject, time, region) and not declared under `fields`: such a leaf is never
   * released, and a container found there is no `action_failed`.
   */
  readonly category: Category | null;
};

/**
 * A state of the route's path automaton. Walking a record from the root and following keys and elements arrives at the
 * node that governs the value found there. Wildcards are already merged into the named children, and a node may be its
 * own `rest` and `items` (`**`), so nodes form a graph, not a tree.
 *
 * At a scalar: `leaf` governs (−1: undeclared, never leaves). At an object: if `leafWins`, or the node has neither
 * `fields` nor `rest`, then a leaf that is declared (category not null) makes the record `action_failed` with the leaf's
 * path, and a node without one is skipped; otherwise walk. At an array likewise with `items`. A null where the node has
 * a walkable container side and no leaf is a null container.
 */
export type ShapeNode = {
  /** Index in `RoutePlan.nodes`. */
  readonly id: number;
  /** Leaf id, or −1. */
  readonly leaf: number;
  /** The leaf's declaration is more specific than any container's: a container here is an `action_failed`. */
  readonly leafWins: boolean;
  /** Children of an object by exact key. */
  readonly fields: ReadonlyMap<string, number> | null;
  /** Node of every other key of an object (`*`, `**`), or −1. */
  readonly rest: number;
  /** Node of each element of an array (`[]`, `**`), or −1. */
  readonly items: number;
  /** All leaf ids reachable beneath this node (itself excluded), ascending. */
  readonly beneath: readonly number[];
};

/** A purpose with everything resolved that a decision needs. */
export type PurposePlan = {
  readonly name: string;
  /** The third party that a consent must name, or null. */
  readonly recipient: string | null;
  /** Basis by exact region code (`DE`, `US-CA`); a region not in it has `defaultBasis`. */
  readonly basisByRegion: ReadonlyMap<string, Basis>;
  /** Basis under the default regime. */
  readonly defaultBasis: Basis;
  /** Milliseconds; a record older than this is withheld. What its time in the topic takes (`publishedMs`) is off. */
  readonly retentionMs: number;
  /** Milliseconds that a value may lie in an output topic; without it nothing is promised about topics. */
  readonly publishedMs?: number;
};

/**
 * What must never be, whatever rules say (guards.yaml, issue 4): values of a category and all under it do not get into
 * outputs of these purposes, or only in the forms allowed.
 */
export type Guard = {
  readonly position: SourcePosition;
  readonly name: string | null;
  /** Why, in the words of whoever wrote it. */
  readonly why: string | null;
  readonly category: string;
  /** As authored, for people; null: every purpose. */
  readonly patterns: readonly string[] | null;
  /** Names of the purposes that the patterns match. */
  readonly purposes: readonly string[];
  /** Forms in which values may leave; null: in none. */
  readonly forms: readonly Form[] | null;
};

/** A form that a guard can allow. */
export type Form = ActionKind;

/** What a rule says would be done, and the guards that forbid it. */
export type Guarded = { readonly action: Action; readonly by: readonly Guard[] };

/** What one output does with one leaf. */
export type LeafRule = {
  /** `drop` where a guard forbids what the rule says, so that no plan that breaks a guard can ever be executed. */
  readonly action: Action;
  /** Only where a guard forbids what the rule says. */
  readonly guarded?: Guarded;
  readonly rule: RuleRef | null;
  /** Milliseconds; the value is dropped once older. Equals the purpose's default where no category is closer. */
  readonly maxAgeMs: number;
};

export type OutputKey =
  | { readonly kind: 'pseudonym' }
  | { readonly kind: 'none' }
  | { readonly kind: 'leaf'; readonly leaf: number };

/** What Kafka does with old records of a topic (`cleanup.policy`). */
export type Cleanup = 'delete' | 'compact' | 'compact,delete';

/** A declared Kafka record header: released by the category rules of each output. */
export type HeaderPlan = { readonly name: string; readonly category: Category };

/** When consent must have been in force: when the record is decided about, or also at its event time (issue 5). */
export type ConsentAt = 'decision' | 'event_and_decision';

export type OutputPlan = {
  /** Index in `RoutePlan.outputs`. */
  readonly index: number;
  readonly topic: string;
  readonly purpose: PurposePlan;
  readonly unconsented: 'withhold' | 'strip';
  readonly consentAt: ConsentAt;
  /** Left out: `delete`. */
  readonly cleanup?: Cleanup;
  /** `none` where a guard forbids what was asked for. */
  readonly key: OutputKey;
  /** Only where a guard forbids the pseudonym of the subject, which is the key that was asked for. */
  readonly guardedKey?: Guarded;
  /** Where the key was written, or else the output. */
  readonly keyPosition?: SourcePosition;
  /** By leaf id; undeclared (read-only) leaves are always `drop`. */
  readonly leaves: readonly LeafRule[];
  /** By index in `RoutePlan.headers`. */
  readonly headers: readonly LeafRule[];
};

export type RoutePlan = {
  readonly name: string;
  /** The raw topic. */
  readonly topic: string;
  readonly format: 'json' | 'avro';
  readonly leaves: readonly Leaf[];
  /** The root is node 0. */
  readonly nodes: readonly ShapeNode[];
  /** Leaf ids of the three values that are read of each record; `time` and `region` may be −1: not in the policy. */
  readonly read: { readonly subject: number; readonly time: number; readonly region: number };
  readonly headers: readonly HeaderPlan[];
  readonly outputs: readonly OutputPlan[];
};

/** A route as compiled. For Avro with `tags`, the final plan depends on each writer schema. */
export type CompiledRoute = {
  readonly name: string;
  readonly topic: string;
  readonly format: 'json' | 'avro';
  /** The plan of the declared `fields` alone. */
  readonly plan: RoutePlan;
  /** `confluent:tags` → category name; null where the policy maps none. */
  readonly tags: ReadonlyMap<string, string> | null;
  /** The plan with fields that a schema's tags declare: path → category name. What `fields` says wins. */
  readonly planWith: (tagged: ReadonlyMap<string, string>) => RoutePlan;
  /** Text of the schema file named under `from.schema`, or null. */
  readonly schemaText: string | null;
};

/** Which regime applies where; a purpose's legal basis by region follows from it. */
export type RegimePlan = {
  readonly names: readonly string[];
  /** By exact region code. */
  readonly byRegion: ReadonlyMap<string, string>;
  /** Of unknown and unlisted regions. */
  readonly fallback: string;
};

/** All of a configuration, compiled. */
export type CompiledBundle = {
  readonly routes: readonly CompiledRoute[];
  /** Names of all purposes, sorted. */
  readonly purposes: readonly string[];
  /** Every category of the taxonomy, as listed. */
  readonly categories: readonly Category[];
  readonly regimes: RegimePlan;
  readonly guards: readonly Guard[];
};

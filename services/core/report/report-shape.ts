/**
 * The record of processing as `lethe report --format json` prints it (GDPR Art. 30(1)). `version` changes when a member
 * changes its meaning or goes; members may be added.
 */
import type { CatalogForm, CatalogKey } from '../catalog/catalog.ts';
import type { Basis } from '../policy/plan.ts';

/** By reason or code; what did not occur is not in it. */
export type Counted = Readonly<Record<string, number>>;

export type ReportCounts = {
  readonly published: number;
  /** Of these: published with what is not personal alone, by what was in the way of the rest. */
  readonly inPart: Counted;
  /** Of these: tombstones. */
  readonly tombstones: number;
  readonly withheld: Counted;
  readonly deadLettered: Counted;
};

export type ReportOutput = ReportCounts & {
  readonly topic: string;
  readonly rawTopic: string;
  /** Null: no bundle tells. */
  readonly route: string | null;
  /** Records decided about or dead-lettered: the sum of `published`, `withheld` and `deadLettered`. */
  readonly records: number;
  /** Dead letters replayed in the period; counted nowhere else. */
  readonly replayed: ReportCounts;
};

/** `bundles`: digests under which it was so. */
export type Under<T> = T & { readonly bundles: readonly string[] };

export type ReportField = {
  readonly output: string;
  /** `map_keys`: names found in data, of values under a wildcard, which leave beside them. */
  readonly kind: 'field' | 'map_keys' | 'header';
  /** The declared path, `headers.NAME`. */
  readonly path: string;
  /** Null: no bundle tells. */
  readonly category: string | null;
  readonly form: CatalogForm;
  /** Published records in which the field leaves in this form where they hold it, replays included. */
  readonly records: number;
  /** Oldest value published, milliseconds; null: no bundle tells. */
  readonly maxAgeMs: number | null;
  /** ISO 8601. */
  readonly maxAge: string | null;
};

export type ReportPurpose = {
  /** Null: the bundles of these outputs are not at hand. */
  readonly purpose: string | null;
  readonly description: string | null;
  /** The third party that consents name; null: none. */
  readonly recipient: string | null;
  readonly readers: readonly string[];
  readonly legalBases: readonly Under<{
    readonly regime: string;
    readonly basis: Basis;
    /** The regime of every region that is listed nowhere. */
    readonly elsewhere: boolean;
  }>[];
  /** The oldest record published; `inTopicMs`: how long it may lie in the topic then, null: nothing is promised. */
  readonly retention: readonly Under<{
    readonly maxAgeMs: number;
    readonly maxAge: string;
    readonly inTopicMs: number | null;
  }>[];
  readonly recordKeys: readonly Under<{ readonly output: string; readonly key: CatalogKey }>[];
  readonly outputs: readonly ReportOutput[];
  readonly released: readonly Under<ReportField>[];
};

export type ReportBundle = {
  readonly digest: string;
  /** Where it was read; null: it is not at hand, so its purposes and categories are unknown. */
  readonly from: 'folder' | 'redis' | null;
  readonly firstDecision: string;
  readonly lastDecision: string;
  readonly segments: number;
  readonly records: number;
};

export type ReportRawTopic = {
  readonly topic: string;
  readonly route: string | null;
  readonly records: number;
  readonly deadLettered: Counted;
  readonly partitions: readonly {
    readonly partition: number;
    readonly firstOffset: number;
    readonly lastOffset: number;
    readonly records: number;
    readonly missing: number;
    readonly repeated: number;
  }[];
  /** Replayed dead letters of the topic; by partition, their raw offsets lie between these. */
  readonly replayed: readonly {
    readonly partition: number;
    readonly firstOffset: number;
    readonly lastOffset: number;
    readonly records: number;
  }[];
};

export type Report = {
  readonly version: 1;
  /** RFC 3339; decisions from the first moment on and before the second. */
  readonly from: string;
  readonly to: string;
  /** The topic or file. */
  readonly audit: string;
  readonly segments: number;
  readonly records: number;
  /** By purpose and recipient. */
  readonly purposes: readonly ReportPurpose[];
  readonly rawTopics: readonly ReportRawTopic[];
  /** In the order of their first decisions. */
  readonly bundles: readonly ReportBundle[];
  /** What a reader has to know: an empty period, a bundle that is not at hand, offsets that are missing. */
  readonly notes: readonly string[];
  /** Records of the audit that are altered or cut off, and were not counted; the first ones, by coordinate. */
  readonly unusable: { readonly count: number; readonly first: readonly string[] };
};

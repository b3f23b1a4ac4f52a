/** What `lethe top` shows, and prints as JSON, one object a look: this shape is version 1. */

/** Something counted: since the workers that answer were started, and a second of what passed since the last look. */
export type Flow = {
  readonly total: number;
  /** Null: there was no look before this one at a worker that counts it. */
  readonly perSecond: number | null;
};

export type FlowOf<K extends string> = Flow & { readonly [name in K]: string };

export type TopRoute = {
  readonly route: string;
  readonly records: Flow;
  readonly bytesIn: Flow;
  readonly bytesOut: Flow;
  /** Of all outputs: a record with two outputs is two decisions. */
  readonly published: Flow;
  readonly withheld: Flow;
  readonly deadLetters: Flow;
  /** The most frequent first. */
  readonly withheldBy: readonly FlowOf<'reason'>[];
  readonly deadLettersBy: readonly FlowOf<'code'>[];
  /** By output topic. */
  readonly outputs: readonly { readonly topic: string; readonly published: Flow; readonly withheld: Flow }[];
  /** Of the records decided about since the last look, seconds; null: there were none. */
  readonly ageP99: number | null;
};

export type TopTopic = {
  /** A raw topic. */
  readonly topic: string;
  /** Records that wait; null: no worker that answers has a partition of it. */
  readonly lag: number | null;
  readonly paused: readonly { readonly cause: string; readonly partitions: number }[];
};

export type TopView = {
  readonly version: 1;
  /** When the look was taken, RFC 3339. */
  readonly at: string;
  readonly workers: {
    readonly answering: number;
    /** Those that were asked and did not answer, as those that they are not. */
    readonly silent: readonly { readonly endpoint: string; readonly problem: string }[];
    /** What /readyz finds wanting. */
    readonly notReady: readonly { readonly check: string; readonly workers: number }[];
  };
  /** In use, by how many workers: more than one is a roll-out under way, or a worker that cannot load the new one. */
  readonly bundles: readonly { readonly digest: string; readonly workers: number }[];
  /** Seconds, of the worker whose view is oldest; null: no consents are projected. */
  readonly consentViewAge: number | null;
  readonly routes: readonly TopRoute[];
  readonly topics: readonly TopTopic[];
  /** Lines of the workers' metrics that could not be read. */
  readonly malformed: number;
};

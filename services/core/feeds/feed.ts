/**
 * A feed: a provider of consents that calls Lethe by itself. What its deliveries look like, how one proves where it
 * comes from, and what its words mean here. Made from the feeds file (adapters/config/feeds.ts).
 */
import type { ConsentDecision } from '../consent-event.ts';
import type { Pointer } from './pointer.ts';

/** How a delivery proves that it is the provider's. Several secrets: any of them, so that they can be changed. */
export type FeedAuth =
  /** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
  | { readonly scheme: 'standard_webhooks'; readonly secrets: readonly Uint8Array[] }
  /** A MAC of the body's bytes in a header, as Segment sends it in `X-Signature`. */
  | {
      readonly scheme: 'hmac';
      /** Lower case. */
      readonly header: string;
      readonly algorithm: 'sha1' | 'sha256' | 'sha512';
      readonly encoding: 'hex' | 'base64';
      /** What the header has before the MAC, such as `sha256=`. */
      readonly prefix: string;
      readonly secrets: readonly Uint8Array[];
    }
  /** A secret sent along, for providers that do not sign: it proves who sends, not that what was sent stayed as it was. */
  | {
      readonly scheme: 'shared_header';
      readonly header: string;
      readonly prefix: string;
      readonly secrets: readonly Uint8Array[];
    }
  /** Transcend's `x-sombra-token` (https://docs.transcend.io/docs/receiving-a-webhook-from-transcend). PEM keys. */
  | { readonly scheme: 'sombra_token'; readonly publicKeys: readonly string[] }
  /** A token of the API with the scope `feeds:write`: for one's own sites. */
  | { readonly scheme: 'api_token' };

/** The provider's purposes, and those that are knowingly not Lethe's business. A purpose in neither is refused. */
export type PurposeMapping = {
  /** Null: the provider uses Lethe's names. */
  readonly purposes: ReadonlyMap<string, readonly string[]> | null;
  readonly ignore: ReadonlySet<string>;
};

/** Deliveries with a list of answers, each of which names a purpose and a decision. */
export type MappedFeed = PurposeMapping & {
  readonly kind: 'webhook' | 'onetrust';
  /** Where the list is; null: the body is the one answer. */
  readonly items: Pointer | null;
  readonly fields: {
    readonly subject: Pointer;
    readonly purpose: Pointer;
    readonly decision: Pointer;
    readonly at: Pointer;
    readonly id: Pointer | null;
    readonly region: Pointer | null;
    readonly method: Pointer | null;
    readonly notice: Pointer | null;
    readonly recipients: Pointer | null;
    readonly expires: Pointer | null;
  };
  /** The provider's words; booleans by their text. */
  readonly decisions: ReadonlyMap<string, ConsentDecision>;
};

export type SegmentFeed = PurposeMapping & { readonly kind: 'segment'; readonly subject: Pointer };

export type TranscendFeed = PurposeMapping & {
  readonly kind: 'transcend';
  /** The name of the identifier that holds the subject, in records of preferences. */
  readonly identifier: string;
};

export type TcfFeed = {
  readonly kind: 'tcf';
  readonly subject: Pointer;
  readonly tcString: Pointer;
  readonly at: Pointer;
  /** Lethe's purpose → the TCF purposes that must all be consented to. */
  readonly purposes: ReadonlyMap<string, readonly number[]>;
  /** TCF vendor → the recipient that it is here. */
  readonly vendors: ReadonlyMap<number, string>;
};

export type GpcFeed = {
  readonly kind: 'gpc';
  readonly subject: Pointer;
  readonly at: Pointer;
  readonly purposes: readonly string[];
};

export type Feed = (MappedFeed | SegmentFeed | TranscendFeed | TcfFeed | GpcFeed) & {
  /** Part of the URL. */
  readonly name: string;
  readonly auth: FeedAuth;
  /** Whether it may erase and reinstate subjects. */
  readonly mayErase: boolean;
  /** Where a delivery says nothing. */
  readonly region: string | null;
  readonly method: string | null;
  readonly notice: string | null;
  readonly source: string;
};

/** What a delivery says, before it is accepted. Problems hold nothing from the delivery. */
import type { Violation } from '../api/problem.ts';
import { parseInstant } from '../apply/time.ts';
import type { ConsentDecision } from '../consent-event.ts';
import type { UnplacedConsentEvent } from '../consent-file.ts';
import type { Feed, PurposeMapping } from './feed.ts';
import type { Pointer } from './pointer.ts';
import { valueAt } from './pointer.ts';

/** One answer of a subject. */
export type FedConsent = Omit<UnplacedConsentEvent, 'at'> & {
  readonly subject: string;
  /** Where in the delivery it stands. */
  readonly pointer: string;
  /** Epoch milliseconds; null where the delivery does not say. */
  readonly at: number | null;
};

export type FeedReading =
  | {
      readonly ok: true;
      /** The provider's name for what happened: the same each time it is delivered. Null where it has none. */
      readonly id: string | null;
      readonly consents: readonly FedConsent[];
      /** Answers that the feed knowingly ignores. */
      readonly ignored: number;
    }
  | { readonly ok: false; readonly errors: readonly Violation[] };

/** What a reader is given beside the feed. */
export type Delivery = {
  readonly body: unknown;
  /** Epoch milliseconds. */
  readonly now: number;
  /** `Sec-GPC: 1` came with it. */
  readonly gpc: boolean;
};

const MAX_SUBJECT = 1_024;
const MAX_NAME = 200;
const MAX_ERRORS = 50;
/** How far a provider's clock may be ahead. */
const AHEAD_MS = 5 * 60_000;
/** Seconds taken for milliseconds lie in 1970: such a refusal would lose against every answer there ever was. */
const EARLIEST = Date.UTC(2000, 0, 1);
const REGION = /^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$/;
const METHOD = /^[a-z][a-z0-9_.-]{0,63}$/;

/** Collects what a delivery says and what is wrong with it. */
export type Collector = {
  readonly refuse: (pointer: string, detail: string) => void;
  /** Each returns null where there is nothing, or (with a problem) where it is not as it must be. */
  readonly subject: (pointer: Place) => string | null;
  readonly text: (pointer: Place, max?: number) => string | null;
  readonly time: (pointer: Place) => number | null;
  readonly region: (pointer: Place | null) => string | null;
  readonly method: (pointer: Place | null) => string | null;
  readonly names: (pointer: Place | null) => readonly string[];
  /** Lethe's purposes for one of the provider's; none where it is ignored, or refused with a problem. */
  readonly purposes: (name: string, mapping: PurposeMapping, pointer: string) => readonly string[];
  readonly add: (consent: FedConsent) => void;
  readonly ignore: () => void;
  readonly done: (id: string | null) => FeedReading;
};

/** A value and where it stands. */
export type Place = { readonly value: unknown; readonly pointer: string };

/** What a feed's pointer means: in the body, or in the item at `above`. */
export function placeOf(pointer: Pointer, body: unknown, item: Place = { value: body, pointer: '' }): Place {
  const root = pointer.from === 'item' ? item : { value: body, pointer: '' };
  return { value: valueAt(root.value, pointer.steps), pointer: root.pointer + pointer.text };
}

export function makeCollector(now: number): Collector {
  const errors: Violation[] = [];
  const consents: FedConsent[] = [];
  let ignored = 0;
  const refuse = (pointer: string, detail: string): null => {
    if (errors.length < MAX_ERRORS) errors.push({ pointer, detail });
    return null;
  };
  const text = ({ value, pointer }: Place, max = MAX_NAME): string | null => {
    if (value === undefined || value === null) return null;
    if (typeof value === 'string' && isPlain(value) && value.length <= max) return value;
    return refuse(pointer, `must be text of 1 to ${max} characters, without control characters`);
  };
  return {
    refuse,
    text,
    subject: (place) => {
      // What became of a whole number beyond 2^53 on its way, nobody can tell.
      const { value, pointer } = place;
      if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
      if (value === undefined || value === null) return refuse(pointer, 'must be the id of the subject');
      return text(place, MAX_SUBJECT);
    },
    time: ({ value, pointer }) => {
      if (value === undefined || value === null) return null;
      const at =
        typeof value === 'string' ? parseInstant(value) : Number.isSafeInteger(value) ? (value as number) : null;
      if (at !== null && at >= EARLIEST) return at;
      return refuse(pointer, 'must be a time since 2000: RFC 3339 with a zone, or epoch milliseconds');
    },
    region: (place) => {
      const value = place === null ? null : text(place);
      if (value === null || REGION.test(value)) return value;
      return refuse(place!.pointer, 'must be an ISO 3166 code such as DE or US-CA');
    },
    method: (place) => {
      const value = place === null ? null : text(place);
      if (value === null || METHOD.test(value)) return value;
      return refuse(place!.pointer, `must match ${METHOD.source}`);
    },
    names: (place) => {
      const value = place?.value ?? [];
      const names = Array.isArray(value) ? value : [value];
      if (
        names.length <= 100 &&
        names.every((name) => typeof name === 'string' && isPlain(name) && name.length <= MAX_NAME)
      ) {
        return names as readonly string[];
      }
      refuse(place!.pointer, 'must be at most 100 names');
      return [];
    },
    purposes: (name, { purposes, ignore }, pointer) => {
      if (ignore.has(name)) {
        ignored++;
        return [];
      }
      const meant = purposes === null ? [name] : purposes.get(name);
      if (meant !== undefined) return meant;
      refuse(pointer, 'is no purpose that the feed maps or ignores');
      return [];
    },
    add: (consent) => {
      if (!isRefusal(consent.decision)) {
        // A grant of no known time could be an old one that comes again, and undo the withdrawal since.
        if (consent.at === null) refuse(consent.pointer, 'needs a time: only a refusal may come without');
        else if (consent.at > now + AHEAD_MS) refuse(consent.pointer, 'must not lie in the future');
        if (consent.expires !== null && consent.expires <= (consent.at ?? 0))
          refuse(consent.pointer, 'must end after it begins');
      }
      consents.push(consent);
    },
    ignore: () => void ignored++,
    done: (id) => {
      if (errors.length > 0) return { ok: false, errors };
      // Of equal times the later in the feed wins: of two answers in one delivery, the refusal.
      const refusals = consents.filter(({ decision }) => isRefusal(decision));
      const grants = consents.filter(({ decision }) => !isRefusal(decision));
      return { ok: true, id, consents: [...grants, ...refusals], ignored };
    },
  };
}

/** What a feed says of every answer that does not say it itself. */
export function defaultsOf(
  feed: Feed,
): Pick<FedConsent, 'region' | 'method' | 'notice' | 'source' | 'recipients' | 'expires'> {
  const { region, method, notice, source } = feed;
  return { region, method, notice, source, recipients: [], expires: null };
}

/**
 * The event as it is appended. A refusal without a time, or with one that has yet to come, counts from now: a provider's
 * clock that is ahead must not put a withdrawal off.
 */
export function placed(consent: FedConsent, now: number): UnplacedConsentEvent {
  const { purpose, decision, region, recipients, method, notice, source, expires } = consent;
  const said = consent.at ?? now;
  const at = isRefusal(decision) ? Math.min(said, now) : said;
  return { purpose, decision, at, region, recipients, method, notice, source, expires };
}

function isRefusal(decision: ConsentDecision): boolean {
  return decision !== 'granted' && decision !== 'reinstated';
}

function isPlain(text: string): boolean {
  return text !== '' && text.isWellFormed() && !/\p{Cc}/u.test(text);
}

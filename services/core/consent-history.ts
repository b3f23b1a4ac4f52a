/** What a subject's consents came to at every moment: `lethe consent history` (issue 5, interval semantics). */
import type { ConsentDecision, ConsentEvent } from './consent-event.ts';
import { consentStateOfTokens } from './decide/consent-state.ts';
import { type AskingBasis, consentIntervals, type Interval } from './decide/intervals.ts';
import type { Keyring } from './keyring.ts';
import type { WithheldReason } from './outcome.ts';
import type { ConsentStore } from './ports.ts';

/** Times in RFC 3339. */
export type ShownInterval = {
  /** Inclusive; null: from the beginning. */
  readonly from: string | null;
  /** Exclusive; null: to the end. */
  readonly until: string | null;
  /** The last word, as said; null: nothing was said that counts. */
  readonly decision: ConsentDecision | null;
  /** It is a grant that ran out. */
  readonly expired: boolean;
  /** The subject was erased: withheld whatever was said, but for legal obligations. */
  readonly erased: boolean;
  /** By legal basis: `allowed`, or the reason it is not. Recipients are not asked about: they are listed. */
  readonly bases: Readonly<Record<AskingBasis, WithheldReason | 'allowed'>>;
  /** Of the event of the last word; version is its place in the feed. */
  readonly version: number | null;
  readonly region: string | null;
  readonly method: string | null;
  readonly notice: string | null;
  readonly recipients: readonly string[];
};

/** The subject's id is not among it. */
export type ConsentHistory = {
  readonly tokens: readonly string[];
  /** How far a projector has brought the view, or null where none ever ran. */
  readonly viewOf: string | null;
  /** The moment that was asked for; then each purpose has the one interval that holds it. */
  readonly at: string | null;
  /** Oldest first; by purpose, for every purpose that an event names, or for the one that was asked for. */
  readonly purposes: Readonly<Record<string, readonly ShownInterval[]>>;
};

/**
 * The intervals in force, by purpose. For a purpose that no event names, what was said of `*` counts.
 *
 * @param asked `at` in epoch milliseconds.
 * @throws LetheError `unavailable`.
 */
export async function readConsentHistory(
  subject: string,
  keyring: Pick<Keyring, 'subjectTokens'>,
  view: Pick<ConsentStore, 'load'>,
  asked: { readonly purpose?: string; readonly at?: number },
): Promise<ConsentHistory> {
  const tokens = keyring.subjectTokens(subject);
  const { events, watermark } = await view.load(tokens);
  const state = consentStateOfTokens(tokens, events);
  const all = tokens.flatMap((token) => events.get(token) ?? []);
  const named = asked.purpose === undefined ? [...new Set(all.map(({ purpose }) => purpose))].sort() : [asked.purpose];
  const { at } = asked;
  const purposes = Object.create(null) as Record<string, readonly ShownInterval[]>;
  for (const name of named) {
    // A recipient is a purpose's, and the purposes of a configuration are not at hand here.
    const intervals = consentIntervals(state, all, { name, recipient: null });
    purposes[name] = intervals.filter((one) => at === undefined || holds(one, at)).map(shown);
  }
  return {
    tokens,
    viewOf: watermark === null ? null : instant(watermark.at),
    at: at === undefined ? null : instant(at),
    purposes,
  };
}

function holds({ from, until }: Interval, at: number): boolean {
  return (from === null || from <= at) && (until === null || at < until);
}

function shown({ from, until, event, expired, erased, refusals }: Interval): ShownInterval {
  return {
    from: from === null ? null : instant(from),
    until: until === null ? null : instant(until),
    ...{ decision: event?.decision ?? null, expired, erased },
    bases: {
      consent: refusals.consent ?? 'allowed',
      opt_out: refusals.opt_out ?? 'allowed',
      legitimate_interest: refusals.legitimate_interest ?? 'allowed',
    },
    ...ofEvent(event),
  };
}

function ofEvent(
  event: ConsentEvent | null,
): Pick<ShownInterval, 'version' | 'region' | 'method' | 'notice' | 'recipients'> {
  if (event === null) return { version: null, region: null, method: null, notice: null, recipients: [] };
  const { version, region, method, notice, recipients } = event;
  return { version, region, method, notice, recipients };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

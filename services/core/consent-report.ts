import type { ConsentDecision, ConsentEvent } from './consent-event.ts';
import { consentStateOfTokens } from './decide/consent-state.ts';
import type { Keyring } from './keyring.ts';
import type { ConsentStore } from './ports.ts';

/** An event with its times in RFC 3339. */
export type ShownEvent = Omit<ConsentEvent, 'at' | 'expires'> & {
  readonly at: string;
  readonly expires: string | null;
};

/** What counts for a purpose now. `decision` is null where nothing does. */
export type ShownState = { readonly decision: ConsentDecision | null; readonly expired: boolean } & Partial<
  Omit<ShownEvent, 'purpose' | 'decision'>
>;

/** The subject's id is not among it. */
export type ConsentReport = {
  /** The names under which the subject is known in Redis, Kafka and the audit. */
  readonly tokens: readonly string[];
  readonly now: string;
  /** How far a projector has brought the view, or null where none ever ran. */
  readonly viewOf: string | null;
  /** Withheld everywhere but for legal obligations. */
  readonly erased: boolean;
  /** The region that the latest event names. */
  readonly region: string | null;
  /** By purpose, for every purpose that an event names, `*` among them. */
  readonly purposes: Readonly<Record<string, ShownState>>;
  /** All events, in the order in which they count; those of the future too. */
  readonly events: readonly ShownEvent[];
};

/**
 * What a subject has consented to: the state of each purpose as the worker sees it, and the events it comes from, those
 * of every version of the `subject` key.
 *
 * @param now epoch milliseconds.
 * @throws LetheError `unavailable`.
 */
export async function readConsents(
  subject: string,
  keyring: Pick<Keyring, 'subjectTokens'>,
  view: Pick<ConsentStore, 'load'>,
  now: number,
): Promise<ConsentReport> {
  const tokens = keyring.subjectTokens(subject);
  const { events, watermark } = await view.load(tokens);
  const state = consentStateOfTokens(tokens, events);
  const all = tokens.flatMap((token) => events.get(token) ?? []).sort((a, b) => a.at - b.at || a.version - b.version);
  const purposes = Object.create(null) as Record<string, ShownState>;
  for (const { purpose } of all) purposes[purpose] ??= shownState(state.latest(purpose, now), now);
  return {
    tokens,
    now: instant(now),
    viewOf: watermark === null ? null : instant(watermark.at),
    erased: state.erased(now, now),
    region: state.region(now),
    purposes,
    events: all.map(shownEvent),
  };
}

function shownState(event: ConsentEvent | null, now: number): ShownState {
  if (event === null) return { decision: null, expired: false };
  const { purpose: _, decision, ...rest } = shownEvent(event);
  return { decision, expired: event.expires !== null && event.expires <= now, ...rest };
}

function shownEvent(event: ConsentEvent): ShownEvent {
  return { ...event, at: instant(event.at), expires: event.expires === null ? null : instant(event.expires) };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

/**
 * Telling others of a request (OpenDSR 2.0 `status_callback_urls`): what is told to whom, and when it is tried again.
 * What became of it is an event of the request, so that it is known whoever tells, and after any crash; who dies between
 * telling and recording tells it again, under the same id.
 */
import type { ChangeOfStatus, RequestStatus, SubjectRequest } from './request.ts';

export const MOST_CALLBACKS = 5;

/** Tried for so long after the change; a change that was never tried is tried once, however late. */
const GIVE_UP_MS = 24 * 3_600_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 3_600_000;

export type CallbackState = {
  readonly url: string;
  /** Its place among the request's callbacks. */
  readonly place: number;
  readonly change: ChangeOfStatus;
  readonly state: 'waiting' | 'delivered' | 'given_up';
  /** Why it was given up. */
  readonly reason: string | null;
};

/** Every change told to every callback: the changes in their order. */
export function callbackStates({ received, changes, calledBack }: SubjectRequest): readonly CallbackState[] {
  return changes.flatMap((change) =>
    received.callbacks.map((url, place): CallbackState => {
      const end = calledBack.find((one) => one.message === change.message && one.url === place);
      const state = end === undefined ? 'waiting' : end.delivered ? 'delivered' : 'given_up';
      return { url, place, change, state, reason: end?.code ?? null };
    }),
  );
}

/** The host, and the port where it is not the usual one: all of a URL that is shown, logged or counted. */
export function hostOf(url: string): string {
  return /^https?:\/\/([^/?#@]+)(?:[/?#]|$)/.exec(url)?.[1] ?? '';
}

/** The JSON that is sent, in the words of `GET /v1/requests/{id}`. The same each time. */
export type CallbackBody = {
  readonly subject_request_id: string;
  readonly subject_request_type: string;
  readonly request_status: RequestStatus;
  readonly received_time: string;
  readonly expected_completion_time: string;
  readonly completed_time: string | null;
  readonly regime: string;
  /** Of the change: what comes late does not undo what came earlier. */
  readonly event_time: string;
};

/** Holds neither a subject's id nor a token of it. */
export function callbackBody(
  { id, receivedAt, received }: SubjectRequest,
  { status, at }: ChangeOfStatus,
): CallbackBody {
  return {
    subject_request_id: id,
    subject_request_type: received.type,
    request_status: status,
    received_time: instant(receivedAt),
    expected_completion_time: instant(received.due),
    completed_time: status === 'completed' || status === 'cancelled' ? instant(at) : null,
    regime: received.regime,
    event_time: instant(at),
  };
}

/**
 * The headers of Standard Webhooks 1.0.0, signed with Ed25519 (`v1a`): over the id, the time and the body, joined by dots.
 *
 * @param sign base64 of the signature of a text's UTF-8.
 * @param now epoch milliseconds.
 */
export function callbackHeaders(
  message: string,
  body: string,
  sign: (text: string) => string,
  now: number,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(now / 1000));
  return {
    'content-type': 'application/json',
    'webhook-id': message,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1a,${sign(`${message}.${timestamp}.${body}`)}`,
  };
}

/** Milliseconds until the next try after so many that failed: twice as long each time, a random half of it. */
export function retryDelay(failures: number, random: number): number {
  const delay = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 30), LONGEST_RETRY_MS);
  return Math.round(delay / 2 + (delay / 2) * random);
}

/**
 * Whether a try that failed was the last.
 *
 * @param reason `status_410`: the receiver says that it wants no more (Standard Webhooks).
 */
export function isGivenUp({ at }: ChangeOfStatus, reason: string, now: number): boolean {
  return reason === 'status_410' || now - at >= GIVE_UP_MS;
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

/** Requests as people and other systems see them: the words of OpenDSR 2.0, and Lethe's own beside them. */
import { type CallbackBody, type CallbackState, callbackStates, hostOf } from './callbacks.ts';
import { nextStep, type RequestStatus, statusOf, type SubjectRequest } from './request.ts';

export type ShownRequest = Omit<CallbackBody, 'event_time'> & {
  readonly overdue: boolean;
  readonly next_step: string | null;
  readonly waiting_for: string | null;
  readonly steps: readonly {
    readonly step: string;
    readonly at: string;
    readonly result: string | null;
    readonly coordinates: readonly string[];
  }[];
  /** Each change of the status, and each of the callbacks; of a URL the host alone. */
  readonly callbacks: readonly {
    readonly host: string;
    readonly request_status: RequestStatus;
    readonly event_time: string;
    readonly state: CallbackState['state'];
    readonly reason: string | null;
  }[];
};

/** @param now epoch milliseconds. */
export function showRequest(request: SubjectRequest, now: number): ShownRequest {
  const { id, receivedAt, received, done, waiting, endedAt } = request;
  return {
    subject_request_id: id,
    subject_request_type: received.type,
    request_status: statusOf(request),
    received_time: instant(receivedAt),
    expected_completion_time: instant(received.due),
    completed_time: endedAt === null ? null : instant(endedAt),
    regime: received.regime,
    overdue: isOverdue(request, now),
    next_step: nextStep(request),
    waiting_for: waiting?.code ?? null,
    steps: done.map(({ step, at, code, coordinates }) => ({ step, at: instant(at), result: code, coordinates })),
    callbacks: callbackStates(request).map(({ url, change, state, reason }) => ({
      host: hostOf(url),
      request_status: change.status,
      event_time: instant(change.at),
      state,
      reason,
    })),
  };
}

/** Open past its deadline, or completed after it. */
export function isOverdue({ status, received, endedAt }: SubjectRequest, now: number): boolean {
  return status !== 'cancelled' && (endedAt ?? now) > received.due;
}

/** What metrics say of open requests, by type. Ages in seconds. */
export type OpenRequests = {
  readonly open: number;
  readonly oldestSeconds: number;
  readonly overdue: number;
  /** To the next deadline, negative once it is past; null where none is open. */
  readonly leftSeconds: number | null;
};

export const NONE_OPEN: OpenRequests = { open: 0, oldestSeconds: 0, overdue: 0, leftSeconds: null };

export function openRequests(
  requests: Iterable<SubjectRequest>,
  now: number,
): ReadonlyMap<SubjectRequest['received']['type'], OpenRequests> {
  const byType = new Map<SubjectRequest['received']['type'], OpenRequests>();
  for (const request of requests) {
    if (request.status !== 'open') continue;
    const { type } = request.received;
    const { open, oldestSeconds, overdue, leftSeconds } = byType.get(type) ?? NONE_OPEN;
    const left = (request.received.due - now) / 1000;
    byType.set(type, {
      open: open + 1,
      oldestSeconds: Math.max(oldestSeconds, (now - request.receivedAt) / 1000),
      overdue: overdue + (isOverdue(request, now) ? 1 : 0),
      leftSeconds: Math.min(leftSeconds ?? left, left),
    });
  }
  return byType;
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

/**
 * Requests of subjects (GDPR Art. 15–18, 21; CCPA 1798.105, .106, .110, .120; issue 5). What happened to a request is a
 * list of events in `lethe.requests`; its state is what they come to. None of them names the subject: tokens and
 * pseudonyms are worked out when the request is received, and the id is then forgotten.
 */
import type { ConsentEvent } from '../consent-event.ts';

export const REQUEST_TYPES = [
  'erasure',
  'access',
  'rectification',
  'objection',
  'restriction',
  'opt_out_of_sale',
] as const;

export type RequestType = (typeof REQUEST_TYPES)[number];

/** In the order in which they are done. */
export const STEPS = {
  erasure: ['mark', 'settle', 'tombstone', 'shred', 'check', 'receipt'],
  access: ['gather', 'receipt'],
  rectification: ['mark', 'settle', 'receipt'],
  objection: ['mark', 'settle', 'receipt'],
  restriction: ['mark', 'settle', 'receipt'],
  opt_out_of_sale: ['mark', 'settle', 'receipt'],
} as const satisfies Readonly<Record<RequestType, readonly string[]>>;

/** Of a rectification that comes with a corrected record, and so with no corrected consents. */
const RECORD_STEPS = ['correct', 'receipt'] as const;

/**
 * `mark`: the consent events are in the feed and in the view. `settle`: no worker can publish any more on what it read
 * before. `tombstone`: one in each compacted output for every key of the subject. `shred`: the data key is destroyed.
 * `check`: all of it is so. `gather`: the report was made once. `correct`: the corrected
 * record is in the outputs. `receipt`: signed, the request is completed.
 */
export type Step = (typeof STEPS)[RequestType][number] | (typeof RECORD_STEPS)[number];

export type RequestOutput = {
  readonly topic: string;
  readonly purpose: string;
  readonly keyedBy: 'subject' | 'path' | 'none';
};

export type RequestConsent = Omit<ConsentEvent, 'version' | 'source'>;

/** All that the steps need to know, worked out when the subject's id was at hand. */
export type Received = {
  readonly type: RequestType;
  readonly regime: string;
  /** Epoch milliseconds. */
  readonly due: number;
  readonly bundle: string;
  readonly tokens: readonly string[];
  /** The subject's record keys for every purpose of the bundle. */
  readonly keys: readonly { readonly purpose: string; readonly keys: readonly string[] }[];
  readonly sources: readonly string[];
  readonly outputs: readonly RequestOutput[];
  readonly consents: readonly RequestConsent[];
  /** URLs that are told of each change of the status; normalized, no two the same. */
  readonly callbacks: readonly string[];
};

export type SignedReceipt = { readonly body: string; readonly key: string; readonly signature: string };

export type RequestEventKind =
  | 'received'
  | 'step_done'
  | 'rewound'
  | 'blocked'
  | 'completed'
  | 'cancelled'
  | 'called_back';

/** The words of OpenDSR 2.0. */
export type RequestStatus = 'pending' | 'in_progress' | 'completed' | 'cancelled';

/** What became of telling one callback of one change. */
export type CalledBack = {
  /** The id of what was told: `ChangeOfStatus.message`. */
  readonly message: string;
  /** Which of the request's callbacks, from 0 on. */
  readonly url: number;
  /** False: it was given up. */
  readonly delivered: boolean;
};

export type RequestEvent = {
  readonly id: string;
  readonly kind: RequestEventKind;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly step: Step | null;
  readonly code: string | null;
  readonly coordinates: readonly string[];
  readonly received: Received | null;
  readonly receipt: SignedReceipt | null;
  readonly callback: CalledBack | null;
};

/** An event, and where it lies: `topic/partition/offset`. */
export type PlacedRequestEvent = { readonly coordinate: string; readonly event: RequestEvent };

export type StepDone = {
  readonly step: Step;
  readonly at: number;
  readonly code: string | null;
  readonly coordinates: readonly string[];
};

/** The first time that a request came to a status. */
export type ChangeOfStatus = {
  /** The request's id, `_`, the offset of the event: the same however often, and by whomever, it is told. */
  readonly message: string;
  readonly status: RequestStatus;
  readonly at: number;
};

export type SubjectRequest = {
  readonly id: string;
  /** Where its first event lies. */
  readonly coordinate: string;
  readonly receivedAt: number;
  readonly received: Received;
  readonly status: 'open' | 'completed' | 'cancelled';
  /** In the order in which they were done. */
  readonly done: readonly StepDone[];
  /** The step that waits, and what for; null where none was seen waiting. */
  readonly waiting: { readonly step: Step; readonly code: string; readonly since: number } | null;
  readonly endedAt: number | null;
  readonly receipt: SignedReceipt | null;
  /** In the order in which they came. */
  readonly changes: readonly ChangeOfStatus[];
  readonly calledBack: readonly (CalledBack & { readonly at: number; readonly code: string | null })[];
};

/** An event without what its kind does not say. */
export function requestEvent(
  said: Pick<RequestEvent, 'id' | 'kind' | 'at'> & Partial<Omit<RequestEvent, 'id' | 'kind' | 'at'>>,
): RequestEvent {
  return { step: null, code: null, coordinates: [], received: null, receipt: null, callback: null, ...said };
}

/** The step to be done next; null where the request is at its end. */
export function nextStep({ status, received, done }: SubjectRequest): Step | null {
  if (status !== 'open') return null;
  const { type, consents } = received;
  const steps = type === 'rectification' && consents.length === 0 ? RECORD_STEPS : STEPS[type];
  return steps.find((step) => !done.some((one) => one.step === step)) ?? null;
}

export function statusOf({ status, done, waiting }: SubjectRequest): RequestStatus {
  if (status !== 'open') return status;
  return done.length === 0 && waiting === null ? 'pending' : 'in_progress';
}

/**
 * A request after one more of its events. Events that say again what is so (two processes drove it at once) change
 * nothing, nor does any that comes after its end, but for what became of callbacks. Null where the first event is not
 * that it was received.
 */
export function applyEvent(request: SubjectRequest | null, placed: PlacedRequestEvent): SubjectRequest | null {
  const { coordinate, event } = placed;
  if (event.kind === 'called_back') return request === null ? null : withCallback(request, event);
  const after = advance(request, placed);
  if (after === null || after === request) return after;
  const status = statusOf(after);
  // A request may be set back: whoever was told that it is in progress is not told that it waits to begin.
  if (after.changes.some((known) => known.status === status)) return after;
  const message = `${after.id}_${coordinate.slice(coordinate.lastIndexOf('/') + 1)}`;
  return { ...after, changes: [...after.changes, { message, status, at: event.at }] };
}

function withCallback(request: SubjectRequest, { at, code, callback }: RequestEvent): SubjectRequest {
  if (callback === null) return request;
  const { message, url, delivered } = callback;
  const known = request.calledBack.find((one) => one.message === message && one.url === url);
  // Two processes told it at once: that it arrived counts, whoever else gave it up.
  if (known !== undefined && (known.delivered || !delivered)) return request;
  const others = request.calledBack.filter((one) => one !== known);
  return { ...request, calledBack: [...others, { message, url, delivered, at, code }] };
}

function advance(request: SubjectRequest | null, { coordinate, event }: PlacedRequestEvent): SubjectRequest | null {
  const { id, kind, at, step, code, coordinates, received, receipt } = event;
  if (request === null) {
    if (kind !== 'received' || received === null) return null;
    const open = { status: 'open', done: [], waiting: null, endedAt: null, receipt: null } as const;
    return { id, coordinate, receivedAt: at, received, ...open, changes: [], calledBack: [] };
  }
  if (request.status !== 'open') return request;
  switch (kind) {
    case 'received':
      return request;
    case 'step_done':
      // What was done before its turn was done by somebody who had not heard of a rewinding.
      if (step === null || nextStep(request) !== step) return request;
      return { ...request, done: [...request.done, { step, at, code, coordinates }], waiting: null };
    case 'rewound': {
      const place = request.done.findIndex((one) => one.step === step);
      return place === -1 ? request : { ...request, done: request.done.slice(0, place), waiting: null };
    }
    case 'blocked':
      if (step === null || code === null) return request;
      return { ...request, waiting: { step, code, since: at } };
    case 'completed':
      if (nextStep(request) !== 'receipt' || receipt === null) return request;
      return {
        ...request,
        done: [...request.done, { step: 'receipt', at, code, coordinates }],
        status: 'completed',
        waiting: null,
        endedAt: at,
        receipt,
      };
    case 'cancelled':
      // What was done cannot be taken back: who cancels is told that it is too late.
      if (request.done.length > 0) return request;
      return { ...request, status: 'cancelled', waiting: null, endedAt: at };
    case 'called_back':
      return request;
  }
}

/** All requests, in the order in which they came. */
export function foldRequests(events: Iterable<PlacedRequestEvent>): Map<string, SubjectRequest> {
  const requests = new Map<string, SubjectRequest>();
  for (const placed of events) {
    const { id } = placed.event;
    const request = applyEvent(requests.get(id) ?? null, placed);
    if (request !== null) requests.set(id, request);
  }
  return requests;
}

/** What the routes of requests need, on Kafka and Redis. */
import { randomUUID } from 'node:crypto';
import { type CallbackHosts, checkCallbackUrl } from '../adapters/callbacks/allowed.ts';
import { cancelRequest } from '../core/requests/cancel.ts';
import { type Deadlines, deadlineOf } from '../core/requests/deadline.ts';
import { LetheError } from '../core/errors.ts';
import type { Keyring } from '../core/keyring.ts';
import { type NewRequest, receive } from '../core/requests/new-request.ts';
import { foldRequests, requestEvent, type SubjectRequest } from '../core/requests/request.ts';
import type { RequestApi } from './api/request-routes.ts';
import type { WiredRequests } from './requests.main.ts';

/** Receives a request: keeps it, and forgets the subject's id. Throws `usage`; `unavailable` where no bundle is active. */
export async function createRequest(
  wired: Pick<WiredRequests, 'ports' | 'bundle'>,
  keyring: Pick<Keyring, 'subjectTokens' | 'pseudonymsOf'>,
  /** @param now epoch milliseconds. */
  asked: (now: number) => NewRequest,
): Promise<SubjectRequest> {
  const bundle = await wired.bundle();
  if (bundle === null) {
    throw new LetheError('unavailable', 'No bundle is active: nobody can tell what the request is about', {
      dependency: 'bundle',
      fix: 'Push one: lethe push DIR.',
    });
  }
  const now = Date.now();
  const received = receive(asked(now), { bundle, keyring, now });
  const event = requestEvent({ id: randomUUID(), kind: 'received', at: now, received });
  const coordinate = await wired.ports.log.append(event);
  const request = foldRequests([{ coordinate, event }]).get(event.id);
  if (request === undefined) throw new LetheError('bug', 'a request that was received is none');
  return request;
}

export function makeRequestApi(
  wired: WiredRequests,
  keyring: Pick<Keyring, 'subjectTokens' | 'pseudonymsOf'>,
  deadlines: Deadlines,
  callbackHosts: CallbackHosts,
): RequestApi {
  return {
    callback: (url) => checkCallbackUrl(url, callbackHosts),
    create: (asked) =>
      createRequest(wired, keyring, (now) => ({
        ...asked,
        due: now + deadlineOf(asked.regime, deadlines),
        corrections: [],
      })),
    all: async () => foldRequests(await wired.ports.log.read()),
    report: wired.report,
    cancel: (id) => cancelRequest(id, wired.ports.log, Date.now()),
  };
}

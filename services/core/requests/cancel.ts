/** Taking a request back before anything was done for it. */
import type { RequestLog } from './ports.ts';
import { foldRequests, requestEvent, type SubjectRequest } from './request.ts';

/**
 * Cancels a request. Consent events and tombstones cannot be taken back: a request of which a step is done stays as it
 * is. Whichever stands first in the log counts, the cancelling or the first step; a step that was in hand at that very
 * moment may have had its effect all the same.
 *
 * @param now epoch milliseconds.
 * @returns the request as it is now, cancelled or not; null where there is none of that id.
 */
export async function cancelRequest(id: string, log: RequestLog, now: number): Promise<SubjectRequest | null> {
  const request = foldRequests(await log.read()).get(id) ?? null;
  if (request === null || request.status !== 'open' || request.done.length > 0) return request;
  await log.append(requestEvent({ id, kind: 'cancelled', at: now }));
  return foldRequests(await log.read()).get(id) ?? null;
}

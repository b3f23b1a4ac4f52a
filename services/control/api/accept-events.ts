/** Takes consent events into the feed: the one way in for every route, and for feeds. */
import { type Answer, problem, type Violation } from '../../core/api/problem.ts';
import type { Call } from '../../core/api/route.ts';
import type { UnplacedConsentEvent } from '../../core/consent-file.ts';
import { LetheError } from '../../core/errors.ts';
import { CONSENT_EVENTS_TOPIC } from '../../core/own-topics.ts';
import { idempotently } from './idempotently.ts';
import type { ConsentParts, FeedPlace } from './parts.ts';

/** An event that somebody asks to be taken, and where in the request it stands. */
export type OfferedEvent = {
  readonly subject: string;
  readonly pointer: string;
  /** @param now what a missing time is. */
  readonly event: (now: number) => UnplacedConsentEvent;
};

type Accepted = { readonly at: string; readonly places: readonly FeedPlace[] };

const ERASE = new Set(['erased', 'reinstated']);

/**
 * Appends all events or none: 202 once the feed has them, acknowledged by all in-sync replicas; with `wait`, 200 once
 * workers see them. Answers a problem where one of the events may not be.
 *
 * @param what names the operation for the Idempotency-Key.
 */
export async function acceptEvents(
  parts: ConsentParts,
  call: Pick<Call<unknown, unknown>, 'caller' | 'header' | 'body'>,
  what: string,
  offered: readonly OfferedEvent[],
  wait: boolean,
): Promise<Answer> {
  const refusal = mayNot(call, offered) ?? (await unknownPurposes(parts, offered));
  if (refusal !== null) return refusal;
  const done = await idempotently(parts, call, what, call.body, () => append(parts, offered));
  if (!done.ok) return done.answer;
  const { at, places } = done.result;
  const effective = wait && (await parts.effective(places));
  const receipts = places.map(({ partition, offset }) => {
    const id = `${CONSENT_EVENTS_TOPIC}/${partition}/${offset}`;
    return { id, href: `/v1/receipts/${id}` };
  });
  return { status: effective ? 200 : 202, body: { accepted_at: at, effective, receipts } };
}

async function append(parts: ConsentParts, offered: readonly OfferedEvent[]): Promise<Accepted> {
  const now = parts.now();
  const entries = offered.map(({ subject, event }) => {
    const token = parts.keyring.subjectTokens(subject)[0];
    if (token === undefined) throw new LetheError('invalid_config', 'the keys file has no "subject" key');
    return { token, event: event(now) };
  });
  // Before the append: whatever fails after it would deny what was done.
  const partitions = await Promise.all(entries.map(({ token }) => parts.partitionOf(token)));
  const offsets = await parts.log.append(entries);
  return {
    at: new Date(now).toISOString(),
    places: partitions.map((partition, index) => ({ partition, offset: offsets[index]! })),
  };
}

function mayNot({ caller }: Pick<Call<unknown, unknown>, 'caller'>, offered: readonly OfferedEvent[]): Answer | null {
  if (caller?.scopes.has('consents:erase') === true) return null;
  const errors = offered
    .filter(({ event }) => ERASE.has(event(0).decision))
    .map(({ pointer }) => ({ pointer: `${pointer}/decision`, detail: 'needs the scope consents:erase' }));
  if (errors.length === 0) return null;
  return problem('insufficient_scope', 'Erasing and reinstating need the scope consents:erase.', {
    errors,
    headers: { 'www-authenticate': 'Bearer realm="lethe", error="insufficient_scope", scope="consents:erase"' },
  });
}

/** A misspelt withdrawal would be taken and do nothing; whoever sent it must hear of it while somebody listens. */
async function unknownPurposes(parts: ConsentParts, offered: readonly OfferedEvent[]): Promise<Answer | null> {
  const known = await parts.purposes();
  if (known === null) return null;
  const errors: readonly Violation[] = offered
    .filter(({ event }) => {
      const { purpose } = event(0);
      return purpose !== '*' && !known.has(purpose);
    })
    .map(({ pointer }) => ({ pointer: `${pointer}/purpose`, detail: 'is no purpose of the active configuration' }));
  if (errors.length === 0) return null;
  const names = [...known].sort().join(', ');
  return problem('unknown_purpose', `The active configuration has these purposes: ${names}.`, { errors });
}

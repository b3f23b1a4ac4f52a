/**
 * Tells callbacks of requests, beside the saga and never in its way: the hosts at once, each host one after the other.
 * At least once: what was told is recorded after it was told. Only who holds the lease tells.
 */
import { LetheError } from '../core/errors.ts';
import { makeInTurn } from '../core/in-turn.ts';
import type { Log } from '../core/log.ts';
import {
  callbackBody,
  callbackHeaders,
  callbackStates,
  type CallbackState,
  hostOf,
  isGivenUp,
  retryDelay,
} from '../core/requests/callbacks.ts';
import type { RequestPorts } from '../core/requests/ports.ts';
import { applyEvent, type RequestEvent, requestEvent, type SubjectRequest } from '../core/requests/request.ts';

export type CallbackOptions = {
  readonly log: Log;
  readonly requests: Pick<RequestPorts['log'], 'append' | 'read'>;
  readonly lease: { readonly hold: () => Promise<boolean>; readonly release: () => Promise<void> };
  /** Null: it was taken. Otherwise why not. Never rejects. */
  readonly send: (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<string | null>;
  /** base64 of the signature of a text's UTF-8. */
  readonly sign: (text: string) => string;
  readonly count: (result: 'delivered' | 'failed' | 'given_up') => void;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Resolves after so many milliseconds, or at once when the signal fires. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
};

type Open = CallbackState & { readonly request: SubjectRequest };

const POLL_MS = 1_000;

/** Tells until the signal fires, and ends what it began. Outages are waited out; rejects for what is no LetheError. */
export async function tellCallbacks(options: CallbackOptions, signal: AbortSignal): Promise<void> {
  const { log, requests, lease, now } = options;
  const known = new Map<string, SubjectRequest>();
  /** Requests with something still to be told. */
  const waiting = new Set<string>();
  let seen = 0;
  /** What was told, or given up, and is not yet known to be recorded. */
  const ended = new Map<string, { readonly event: RequestEvent; recorded: boolean }>();
  const failures = new Map<string, { readonly count: number; readonly notBefore: number }>();
  const busy = new Map<string, Promise<void>>();
  const inTurn = makeInTurn();
  let holding = false;
  let bug: Error | null = null;
  let told = '';

  const catchUp = async (): Promise<void> => {
    const events = await requests.read();
    for (const placed of events.slice(seen)) {
      const { id } = placed.event;
      const request = applyEvent(known.get(id) ?? null, placed);
      if (request === null || request.received.callbacks.length === 0) continue;
      known.set(id, request);
      if (callbackStates(request).some(({ state }) => state === 'waiting')) waiting.add(id);
      else waiting.delete(id);
      const { callback } = placed.event;
      if (callback !== null) ended.delete(nameOf(callback.message, callback.url));
    }
    seen = events.length;
  };
  const record = (): Promise<void> =>
    inTurn(async () => {
      for (const one of ended.values()) {
        if (one.recorded) continue;
        await requests.append(one.event);
        one.recorded = true;
      }
    });
  const isDue = ({ state, change, place }: CallbackState): boolean => {
    const name = nameOf(change.message, place);
    return state === 'waiting' && !ended.has(name) && (failures.get(name)?.notBefore ?? 0) <= now();
  };
  /** By host, of those that nobody is telling anything just now. */
  const due = (): ReadonlyMap<string, readonly Open[]> => {
    const byHost = new Map<string, Open[]>();
    for (const id of waiting) {
      const request = known.get(id);
      if (request === undefined) continue;
      for (const state of callbackStates(request)) {
        if (!isDue(state)) continue;
        const host = hostOf(state.url);
        if (busy.has(host)) continue;
        const others = byHost.get(host);
        // There may be tens of thousands, where a receiver has been away for a while.
        if (others === undefined) byHost.set(host, [{ ...state, request }]);
        else others.push({ ...state, request });
      }
    }
    return byHost;
  };

  const tell = async ({ request, change, url, place }: Open): Promise<void> => {
    const { message } = change;
    const name = nameOf(message, place);
    const body = JSON.stringify(callbackBody(request, change));
    const reason = await options.send(url, callbackHeaders(message, body, options.sign, now()), body);
    const fields = { request: request.id, host: hostOf(url), status: change.status };
    if (reason !== null && !isGivenUp(change, reason, now())) {
      const count = (failures.get(name)?.count ?? 0) + 1;
      failures.set(name, { count, notBefore: now() + retryDelay(count, options.random()) });
      options.count('failed');
      log.info({ ...fields, reason, failures: count }, 'A callback of a request did not arrive; it is tried again');
      return;
    }
    failures.delete(name);
    const callback = { message, url: place, delivered: reason === null };
    const event = requestEvent({ id: request.id, kind: 'called_back', at: now(), code: reason, callback });
    ended.set(name, { event, recorded: false });
    options.count(reason === null ? 'delivered' : 'given_up');
    if (reason === null) log.debug(fields, 'A callback of a request arrived');
    else log.warn({ ...fields, reason }, 'A callback of a request is given up');
  };
  const tellAll = async (all: readonly Open[]): Promise<void> => {
    for (const one of all) {
      if (signal.aborted || !holding) return;
      // It was looked up before the lease was asked for, and may have been told meanwhile.
      if (!isDue(one)) continue;
      await tell(one);
      // Not told again for an outage: the next round records it.
      await record().catch(outage);
    }
  };

  while (!signal.aborted) {
    try {
      await catchUp();
      await record();
      const byHost = due();
      holding = byHost.size + busy.size > 0 && (await lease.hold());
      if (holding) {
        for (const [host, all] of byHost) {
          const work = tellAll(all)
            .catch((error: unknown) => {
              bug ??= error instanceof Error ? error : new Error('what was thrown is no error');
            })
            .finally(() => busy.delete(host));
          busy.set(host, work);
        }
      }
      told = '';
    } catch (error) {
      holding = false;
      const { code, message } = outage(error);
      if (told !== message) log.warn({ code }, `Callbacks wait: ${message}`);
      told = message;
    }
    if (bug !== null) throw bug as Error;
    await options.sleep(POLL_MS, signal);
  }
  await Promise.all(busy.values());
  // What is not recorded is told again, and the lease runs out by itself.
  await record().catch(outage);
  await lease.release().catch(outage);
}

function outage(error: unknown): LetheError {
  if (error instanceof LetheError) return error;
  throw error;
}

function nameOf(message: string, place: number): string {
  return `${message}/${place}`;
}

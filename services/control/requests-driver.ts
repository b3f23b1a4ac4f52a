/** Carries open requests of subjects out in the background. Several may run: what is done twice comes to the same. */
import { LetheError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { RequestPorts } from '../core/requests/ports.ts';
import { foldRequests, type SubjectRequest } from '../core/requests/request.ts';
import { drive } from '../core/requests/saga.ts';

export type RequestsDriverOptions = {
  readonly ports: RequestPorts;
  /** Resolves after so many milliseconds, or at once when the signal fires. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly log: Log;
  /** Told of all requests after each look. */
  readonly seen: (requests: readonly SubjectRequest[], now: number) => void;
};

const POLL_MS = 1_000;
/** What waits, or failed, is tried again after so long. */
const AGAIN_MS = 10_000;

/** Drives until the signal fires. Outages are waited out; rejects for what is no LetheError. */
export async function driveRequests(options: RequestsDriverOptions, signal: AbortSignal): Promise<void> {
  const { ports, log } = options;
  const notBefore = new Map<string, number>();
  let told = '';
  const failed = (error: unknown, request: string | null): void => {
    if (!(error instanceof LetheError)) throw error;
    const text = `${request ?? ''} ${error.message}`;
    if (told !== text) {
      const fields = { code: error.code, ...(request === null ? {} : { request }) };
      log[error.retryable ? 'warn' : 'error'](fields, `${error.message} ${error.fix ?? ''}`.trim());
    }
    told = text;
  };

  while (!signal.aborted) {
    try {
      const requests = foldRequests(await ports.log.read());
      options.seen([...requests.values()], ports.now());
      for (const request of requests.values()) {
        if (request.status !== 'open' || signal.aborted) continue;
        if ((notBefore.get(request.id) ?? 0) > ports.now()) continue;
        try {
          const after = await drive(request, ports);
          requests.set(after.id, after);
          if (after.status === 'open') notBefore.set(after.id, ports.now() + AGAIN_MS);
          else notBefore.delete(after.id);
          const { status, waiting, received } = after;
          log.info({ request: after.id, type: received.type, status, waiting: waiting?.code }, 'Request of a subject');
        } catch (error) {
          notBefore.set(request.id, ports.now() + AGAIN_MS);
          failed(error, request.id);
        }
      }
      options.seen([...requests.values()], ports.now());
    } catch (error) {
      failed(error, null);
    }
    await options.sleep(POLL_MS, signal);
  }
}

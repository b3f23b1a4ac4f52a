/**
 * Ends kafkajs 2.2.4's idle turning (#1704, #1751): each connection sets a timer for its queue of waiting requests even
 * where nothing waits, to a time in the past, which comes to one wake-up a millisecond and a warning of Node's.
 */
import { createRequire } from 'node:module';

type RequestQueue = { readonly pending: readonly unknown[]; scheduleCheckPendingRequests: () => void };

let installed = false;

/** For every client of this process; the second call does nothing. */
export function installRequestQueue(): void {
  if (installed) return;
  installed = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as {
    prototype: RequestQueue;
  };
  const schedule = prototype.scheduleCheckPendingRequests;
  // `push` asks for the timer once something waits.
  prototype.scheduleCheckPendingRequests = function scheduleWhereSomethingWaits(this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
}

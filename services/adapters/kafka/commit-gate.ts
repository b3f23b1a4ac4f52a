/**
 * A last word before a transaction is committed. kafkajs 2.2.4 looks for the coordinator before it sends EndTxn, and
 * while brokers are away it does so for seconds: whoever was asked before `commit()` was called was asked too early.
 * Its `commit` cannot be given anything, so that the gate comes in beneath it, and finds its lane by the asynchronous
 * context. Nothing but a commit is held up; an abort never is.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';

type EndTxn = (this: unknown, request: { readonly transactionResult: boolean }) => Promise<unknown>;

const gates = new AsyncLocalStorage<() => Promise<void>>();
let installed = false;

/** For every client of this process; the second call does nothing. */
export function installCommitGate(): void {
  if (installed) return;
  installed = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/broker/index.js') as {
    prototype: { endTxn: EndTxn };
  };
  const send = prototype.endTxn;
  prototype.endTxn = async function endTxnThroughGate(request) {
    if (request.transactionResult) await gates.getStore()?.();
    return send.call(this, request);
  };
}

/** Commits; `gate` is asked when nothing is left to do but to send the request. What it throws the commit throws. */
export function commitThrough(gate: () => Promise<void>, commit: () => Promise<void>): Promise<void> {
  return gates.run(gate, commit);
}

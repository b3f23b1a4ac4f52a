/**
 * Carries requests out, step by step. A step is done, then it is recorded that it was done: who is killed in between
 * does it again, and every step comes to the same however often it is done. Two may drive one request at once.
 */
import { checkBurial, firstOfEach, outputFates, sourcesOf, tombstonesOf } from './erase.ts';
import type { RequestPorts } from './ports.ts';
import { receiptBody, signReceipt } from './receipt.ts';
import {
  applyEvent,
  foldRequests,
  nextStep,
  type RequestEvent,
  requestEvent,
  type Step,
  type SubjectRequest,
} from './request.ts';
import { settle } from './settle.ts';

/** `code`: what it found. `wait`: it cannot be done yet, for this reason. `back`: something done earlier is not so. */
type StepResult =
  | { readonly coordinates: readonly string[]; readonly code: string | null }
  | { readonly wait: string }
  | { readonly back: Step; readonly code: string };

/** So often something may turn out not to be so in one go. */
const MAX_REWINDS = 5;

/**
 * Drives a request to its end, or to where it has to wait. Gives what became of it.
 *
 * @throws LetheError for outages; driving it again goes on where it stopped.
 */
export async function drive(request: SubjectRequest, ports: RequestPorts): Promise<SubjectRequest> {
  let current = request;
  const record = async (said: Partial<RequestEvent> & Pick<RequestEvent, 'kind'>): Promise<void> => {
    const event = requestEvent({ ...said, id: current.id, at: ports.now() });
    const coordinate = await ports.log.append(event);
    current = applyEvent(current, { coordinate, event }) ?? current;
  };

  for (let rewinds = 0; ; ) {
    const step = nextStep(current);
    if (step === null) return current;
    // Before anything is done it may have been cancelled meanwhile; later it cannot be.
    if (current.done.length === 0) {
      const now = foldRequests(await ports.log.read()).get(current.id);
      if (now?.status === 'cancelled') return now;
    }
    if (step === 'receipt') {
      const fates = current.received.type === 'erasure' ? await outputFates(current, ports) : [];
      const receipt = signReceipt(receiptBody(current, fates, ports.now()), ports.sign);
      await record({ kind: 'completed', step, receipt });
      return current;
    }
    const result = await perform(step, current, ports);
    if ('wait' in result) {
      // Said once: a request may wait for days, and be looked at every minute.
      if (current.waiting?.step !== step || current.waiting.code !== result.wait) {
        await record({ kind: 'blocked', step, code: result.wait });
      }
      return current;
    }
    if ('back' in result) {
      await record({ kind: 'rewound', step: result.back, code: result.code });
      if (++rewinds > MAX_REWINDS) {
        await record({ kind: 'blocked', step: result.back, code: result.code });
        return current;
      }
      continue;
    }
    await record({ kind: 'step_done', step, ...result });
  }
}

async function perform(
  step: Exclude<Step, 'receipt'>,
  request: SubjectRequest,
  ports: RequestPorts,
): Promise<StepResult> {
  const { received } = request;
  switch (step) {
    case 'mark': {
      // Under every token: a worker with an older keys file knows the subject by an older one.
      const entries = received.tokens.flatMap((token) =>
        received.consents.map((consent) => ({ token, event: { ...consent, source: `request:${request.id}` } })),
      );
      return { coordinates: await ports.consents.append(entries), code: null };
    }
    case 'settle': {
      const events = coordinatesOf(request, 'mark');
      const waiting = await settle(events, received.tokens, await sourcesOf(received, ports), ports);
      return waiting === null ? { coordinates: [], code: null } : { wait: waiting };
    }
    case 'tombstone': {
      const wanted = await tombstonesOf(received, ports);
      if ('unknownPurpose' in wanted) return { wait: `purpose_unknown:${wanted.unknownPurpose}` };
      const { tombstones } = wanted;
      const coordinates = tombstones.length === 0 ? [] : await ports.outputs.bury(tombstones, request.coordinate);
      return { coordinates: firstOfEach(coordinates), code: String(coordinates.length) };
    }
    case 'shred':
      return { coordinates: [], code: await ports.dataKeys.shred(received.tokens, ports.now()) };
    case 'check':
      return check(request, ports);
    case 'correct':
      // The record is kept nowhere: whoever has it brings it (cli/request-correction.ts).
      return { wait: 'record_needed' };
    case 'gather':
      return { coordinates: [], code: await ports.gather(request) };
  }
}

async function check(request: SubjectRequest, ports: RequestPorts): Promise<StepResult> {
  const { received, coordinate } = request;
  const { tokens } = received;
  const erasedAt = Math.max(...received.consents.map(({ at }) => at));
  if (!(await ports.consents.erased(tokens, erasedAt))) return { back: 'mark', code: 'not_erased' };
  const written = request.done.find(({ step }) => step === 'tombstone');
  const { buried, uncovered } = await checkBurial(written?.coordinates ?? [], coordinate, ports.outputs);
  if (uncovered > 0 || buried < Number(written?.code ?? 0)) return { back: 'tombstone', code: 'not_buried' };
  const keysKept = request.done.some(({ step, code }) => step === 'shred' && code === 'shredded');
  if (keysKept && !(await ports.dataKeys.shredded(tokens))) return { back: 'shred', code: 'not_shredded' };
  // Only now: whoever has to bury again needs it.
  await ports.outputs.forget(tokens);
  return { coordinates: [], code: keysKept ? 'erased,buried,shredded' : 'erased,buried' };
}

function coordinatesOf({ done }: SubjectRequest, step: Step): readonly string[] {
  return done.find((one) => one.step === step)?.coordinates ?? [];
}

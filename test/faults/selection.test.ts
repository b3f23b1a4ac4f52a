/**
 * Issue 6: a short selection of `npm run test:faults`; and one run in which the fault is to break
 * the invariants, so that referee and checker are known to see what they look for.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CANARY, invariantsOf } from './checker.ts';
import type { Fault } from './fault.ts';
import { runFault } from './run-fault.ts';
import { faultNamed } from './table.ts';
import { startWorld, type World } from './world.ts';

const SEED = 1;
const SELECTION = ['kill-at-end-txn', 'redis-values-swapped'];

let world: World;

beforeAll(async () => {
  world = await startWorld(() => undefined);
});
afterAll(async () => {
  await world?.end();
});

// Each takes about 12 s; a machine that does much else takes a while longer.
const TIMEOUT = { timeout: 240_000 };

it.each(SELECTION)('%s: every invariant holds', TIMEOUT, async (name) => {
  const { breaches, error, records } = await runFault(world, faultNamed(name), SEED);
  expect({ breaches, error }, `again: npm run test:faults -- --fault ${name} --seed ${SEED}`).toEqual({
    breaches: [],
    error: null,
  });
  expect(records).toBeGreaterThan(100);
});

it('sees what breaks: a doubled record, a raw value in an output, a transaction left open', TIMEOUT, async () => {
  const breaker: Fault = {
    name: 'planted',
    what: 'breaks invariants',
    expected: 'is found out',
    withdrawsMeanwhile: false,
    happen: async ({ referee, outputs, atEnd }) => {
      const [first] = await referee.published(outputs.analytics);
      const producer = world.client.producer({ transactionalId: 'planted', maxInFlightRequests: 1 });
      await producer.connect();
      atEnd(() => producer.disconnect());
      const send = async (value: string, headers: Record<string, string>) => {
        const transaction = await producer.transaction();
        await transaction.send({ topic: outputs.analytics, messages: [{ partition: 0, value, headers }] });
        return transaction;
      };
      await (await send(`of ${CANARY}`, { 'lethe-source': first?.source ?? '' })).commit();
      await send('never committed', {});
    },
  };
  const { breaches, error } = await runFault(world, breaker, SEED);
  expect(error).toBeNull();
  expect(invariantsOf(breaches)).toEqual(new Set(['once', 'order', 'no canary', 'no hanging transaction']));
});

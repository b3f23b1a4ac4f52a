/** Every fault there is (issue 6, "Fault suite"), by name. */
import type { Fault } from './fault.ts';
import { BROKER_FAULTS } from './table/broker.ts';
import { NETWORK_FAULTS } from './table/network.ts';
import { REDIS_FAULTS } from './table/redis.ts';
import { RECORD_FAULTS } from './table/records.ts';
import { REGISTRY_FAULTS } from './table/registry.ts';
import { TRANSACTION_FAULTS } from './table/transactions.ts';
import { WORKER_FAULTS } from './table/workers.ts';

export const FAULTS: readonly Fault[] = [
  ...TRANSACTION_FAULTS,
  ...WORKER_FAULTS,
  ...BROKER_FAULTS,
  ...NETWORK_FAULTS,
  ...REDIS_FAULTS,
  ...REGISTRY_FAULTS,
  ...RECORD_FAULTS,
];

/** @throws Error naming those that there are */
export function faultNamed(name: string): Fault {
  const found = FAULTS.find((fault) => fault.name === name);
  if (found === undefined) throw new Error(`no fault is called ${name}; --list names them`);
  return found;
}

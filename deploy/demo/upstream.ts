/** What the demo's upstream services put on the raw topics: 20,000 events, some of them malformed. */
import { readFileSync } from 'node:fs';
import { BROKEN_ORDERS, makeOrders, makePageViews } from './events.ts';
import { avroWire, type RawMessage } from './topics.ts';

export const ORDERS = 14_000;
export const PAGE_VIEWS = 6_000;
export const CUSTOMERS = 400;
export const PARTITIONS = 4;
export const RAW_ORDERS = 'raw.customer-events';
export const RAW_VIEWS = 'raw.clickstream';

const SEED = 20_260_301;

/** The Avro schema of raw.clickstream. */
export const CLICKSTREAM_SCHEMA = readFileSync(
  new URL('../../schemas/examples/clickstream.avsc', import.meta.url),
  'utf8',
);

/** By coordinate, `topic/partition/offset`: what each raw record looked like before it was encoded. */
export type Seen = Map<string, unknown>;

/** Every 200th order is broken. Keyed by subject, as an upstream service would. */
export function rawOrders(now: number, seen: Seen): RawMessage[] {
  const order = makeOrders({ seed: SEED, customers: CUSTOMERS, now });
  return place(RAW_ORDERS, ORDERS, seen, (index) => {
    if (index % 200 === 199) {
      const [, value] = BROKEN_ORDERS[Math.floor(index / 200) % BROKEN_ORDERS.length] ?? ['', ''];
      return { key: null, value, looks: value };
    }
    const { subject, value } = order(index);
    return { key: subject, value, looks: value };
  });
}

/** Every 1,000th page view is cut off. */
export function rawPageViews(now: number, schemaId: number, seen: Seen): RawMessage[] {
  const view = makePageViews({ seed: SEED, customers: CUSTOMERS, now });
  const wire = avroWire(CLICKSTREAM_SCHEMA, schemaId);
  return place(RAW_VIEWS, PAGE_VIEWS, seen, (index) => {
    const looks = view(index);
    const bytes = wire.encode(looks);
    return {
      key: looks.visitor.id,
      value: index % 1_000 === 999 ? bytes.subarray(0, bytes.length - 20) : bytes,
      looks,
    };
  });
}

type Made = Pick<RawMessage, 'key' | 'value'> & { readonly looks: unknown };

/** Deals records out to partitions in turn. */
function place(topic: string, count: number, seen: Seen, make: (index: number) => Made): RawMessage[] {
  return Array.from({ length: count }, (_, index) => {
    const { key, value, looks } = make(index);
    const partition = index % PARTITIONS;
    seen.set(`${topic}/${partition}/${Math.floor(index / PARTITIONS)}`, looks);
    return { partition, key, value };
  });
}

/** Where a record lies, as people and the header `lethe-source` write it: `topic/partition/offset`. */
export type Coordinate = { readonly topic: string; readonly partition: number; readonly offset: number };

/** Topics as Kafka names them, then two whole numbers without leading zeros. */
const COORDINATE = /^([A-Za-z0-9._-]{1,249})\/(0|[1-9][0-9]{0,9})\/(0|[1-9][0-9]{0,15})$/;

/** Null where the text is no coordinate. */
export function parseCoordinate(text: string): Coordinate | null {
  const [, topic, partition, offset] = COORDINATE.exec(text) ?? [];
  if (topic === undefined) return null;
  const parsed = { topic, partition: Number(partition), offset: Number(offset) };
  return Number.isSafeInteger(parsed.offset) && parsed.partition <= 0x7fffffff ? parsed : null;
}

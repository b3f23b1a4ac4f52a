import { LetheError } from '../core/errors.ts';

export type Coordinate = { readonly topic: string; readonly partition: number; readonly offset: number };

/** `topic/partition/offset`, as the header `lethe-source` writes it. `flag` as people write it: `--at`. */
export function parseCoordinate(text: string, flag: string): Coordinate {
  // Kafka's own rule for topic names: none holds a slash.
  const match = /^([A-Za-z0-9._-]{1,249})\/(0|[1-9][0-9]*)\/(0|[1-9][0-9]*)$/.exec(text);
  const [, topic = '', partition = '', offset = ''] = match ?? [];
  if (match === null || !Number.isSafeInteger(Number(partition)) || !Number.isSafeInteger(Number(offset))) {
    throw new LetheError('usage', `${flag} is no coordinate of a record`, {
      fix: `Write it as topic/partition/offset, like raw.customer-events/0/42; the header lethe-source holds one.`,
    });
  }
  return { topic, partition: Number(partition), offset: Number(offset) };
}

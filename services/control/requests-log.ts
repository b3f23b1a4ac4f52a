/** `lethe.requests` as a log: what was read once is not read again. */
import { makeInTurn } from '../core/in-turn.ts';
import { LetheError } from '../core/errors.ts';
import type { RequestLog } from '../core/requests/ports.ts';
import type { PlacedRequestEvent, RequestEvent } from '../core/requests/request.ts';
import type { TopicReader } from '../core/topic-reader.ts';

export type RequestLogOptions = {
  readonly reader: Pick<TopicReader, 'bounds' | 'read'>;
  readonly records: {
    readonly append: (
      records: readonly {
        readonly topic: string;
        readonly partition: number;
        readonly key: string;
        readonly value: Uint8Array;
        readonly headers: Readonly<Record<string, string>>;
      }[],
    ) => Promise<readonly string[]>;
  };
  readonly codec: {
    readonly encode: (event: RequestEvent) => Uint8Array;
    readonly decode: (
      bytes: Uint8Array,
    ) => { readonly ok: true; readonly event: RequestEvent } | { readonly ok: false };
  };
  readonly topic: string;
};

export function makeRequestLog({ reader, records, codec, topic }: RequestLogOptions): RequestLog {
  const events: PlacedRequestEvent[] = [];
  const next = new Map<number, number>();
  const inTurn = makeInTurn();

  const catchUp = async (): Promise<void> => {
    for (const { partition, low, end } of await reader.bounds(topic)) {
      const from = next.get(partition) ?? low;
      if (from >= end) continue;
      for await (const batch of reader.read({ topic, partition, from, to: end })) {
        for (const { offset, key, value } of batch.records) {
          const read = value === null ? null : codec.decode(value);
          if (read?.ok !== true || key === null || new TextDecoder().decode(key) !== read.event.id) {
            throw new LetheError('data_lost', `${topic}/${partition}/${offset} is no event of the request of its key`, {
              retryable: false,
              fix: 'Find out who wrote it, or run the version of Lethe that did.',
            });
          }
          events.push({ coordinate: `${topic}/${partition}/${offset}`, event: read.event });
        }
        next.set(partition, batch.nextOffset);
      }
    }
  };

  return {
    append: async (event) => {
      const [coordinate] = await records.append([
        { topic, partition: 0, key: event.id, value: codec.encode(event), headers: {} },
      ]);
      return coordinate ?? '';
    },
    read: () =>
      inTurn(async () => {
        await catchUp();
        return [...events];
      }),
  };
}

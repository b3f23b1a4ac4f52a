/**
 * Puts our reader of fetch responses (record-reader.ts) into kafkajs 2.2.4, and ends its habit of starting over, with a
 * commit of its own, where a position is out of range (#1119): that loses records, and the evidence of it.
 */
import { createRequire } from 'node:module';
import { type AbortedTransaction, isFormat2, type ReadRecord, readRecords } from './record-reader.ts';

type Partition = { partition: number; errorCode: number; [more: string]: unknown };
type FetchResponse = { responses: { topicName: string; partitions: Partition[] }[]; [more: string]: unknown };
type ResponseModule = {
  decode: (payload: Buffer) => Promise<FetchResponse>;
  parse: (response: FetchResponse) => Promise<FetchResponse>;
};
type OldReader = (decoder: object) => Promise<unknown[]>;
type KafkaJsBatch = { isEmpty: () => boolean; firstOffset: () => string | null; readonly fetchedOffset: string };

/** Versions of the request that know transactions; kafkajs speaks no later one, Kafka 4 no earlier one. */
const VERSIONS = [4, 5, 6, 7, 8, 9, 10, 11] as const;
const OFFSET_OUT_OF_RANGE = 1;
const FETCH = 'kafkajs/src/protocol/requests/fetch';

/**
 * A position that the broker does not have. kafkajs gives up at once, since it is not `retriable`; the session tells
 * whether it is a loss.
 */
export class OffsetOutOfRange extends Error {
  override readonly name = 'OffsetOutOfRange';
  readonly type = 'OFFSET_OUT_OF_RANGE';
  readonly retriable = false;
  readonly topic: string;
  readonly partition: number;

  constructor(topic: string, partition: number) {
    super(`${topic}/${partition} is out of range`);
    this.topic = topic;
    this.partition = partition;
  }
}

let installed = false;

/** For every client of this process; the second call does nothing. */
export function installFetchResponse(): void {
  if (installed) return;
  installed = true;
  const require = createRequire(import.meta.url);
  const oldReader = require(`${FETCH}/v4/decodeMessages.js`) as OldReader;
  const OldDecoder = require('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => object;
  for (const version of VERSIONS) {
    const module = require(`${FETCH}/v${version}/response.js`) as ResponseModule;
    const parse = module.parse;
    module.decode = (payload) => decode(payload, version, (bytes) => oldReader(new OldDecoder(bytes)));
    module.parse = async (response) => {
      for (const { topicName, partitions } of response.responses) {
        const out = partitions.find(({ errorCode }) => errorCode === OFFSET_OUT_OF_RANGE);
        if (out !== undefined) throw new OffsetOutOfRange(topicName, out.partition);
      }
      return parse(response);
    };
  }
  // What an empty batch passes begins where it was fetched, not at the first record that it happens to hold: session.ts
  // has to know whether the consumer left anything out.
  const { prototype } = require('kafkajs/src/consumer/batch.js') as { prototype: KafkaJsBatch };
  const firstOffset = prototype.firstOffset;
  prototype.firstOffset = function first(this: KafkaJsBatch) {
    return this.isEmpty() ? this.fetchedOffset : firstOffset.call(this);
  };
}

/** https://kafka.apache.org/protocol.html#The_Messages_Fetch, as kafkajs' own decoders give it. */
async function decode(payload: Buffer, version: number, old: OldBytesReader): Promise<FetchResponse> {
  let at = 0;
  const int8s = (count: number): Buffer => payload.subarray(at, (at += count));
  const int16 = (): number => int8s(2).readInt16BE(0);
  const int32 = (): number => int8s(4).readInt32BE(0);
  const int64 = (): bigint => int8s(8).readBigInt64BE(0);

  const throttleTime = int32();
  const head = version >= 7 ? { errorCode: int16(), sessionId: int32() } : {};
  const responses: FetchResponse['responses'] = [];
  for (let topics = int32(); topics > 0; topics--) {
    const topicName = int8s(int16()).toString();
    const partitions: Partition[] = [];
    for (let count = int32(); count > 0; count--) {
      const partition = { partition: int32(), errorCode: int16(), highWatermark: String(int64()) };
      const lastStableOffset = String(int64());
      const lastStartOffset = version >= 5 ? String(int64()) : '-1';
      const aborted: AbortedTransaction[] = [];
      for (let left = int32(); left > 0; left--) aborted.push({ producerId: int64(), firstOffset: int64() });
      const preferredReadReplica = version >= 11 ? int32() : -1;
      const size = int32();
      const set = int8s(Math.max(size, 0));
      const messages = await recordsOf(set, aborted, old);
      // The reader has left aborted records out; kafkajs' own filter must not have another go.
      const rest = { lastStableOffset, lastStartOffset, preferredReadReplica, abortedTransactions: [], messages };
      partitions.push({ ...partition, ...rest });
    }
    responses.push({ topicName, partitions });
  }
  // From version 8 the client is expected to hold back, which kafkajs calls clientSideThrottleTime.
  const throttle = version >= 8 ? { throttleTime: 0, clientSideThrottleTime: throttleTime } : { throttleTime };
  return { ...throttle, ...head, responses };
}

type OldBytesReader = (sizedSet: Buffer) => Promise<unknown[]>;

/** Message formats before 2 know no transactions and no headers: kafkajs reads them well enough. */
function recordsOf(
  set: Buffer,
  aborted: readonly AbortedTransaction[],
  old: OldBytesReader,
): Promise<readonly ReadRecord[] | unknown[]> {
  if (isFormat2(set)) return readRecords(set, aborted);
  const size = Buffer.alloc(4);
  size.writeInt32BE(set.length);
  return old(Buffer.concat([size, set]));
}

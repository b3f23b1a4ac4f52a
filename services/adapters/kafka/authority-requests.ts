/**
 * Requests that kafkajs 2.2.4 does not know: what a user is authorised to do (KIP-430) stands in answers to Metadata 8 and
 * DescribeGroups 3, of which it speaks 6 and 2.
 */
import { KAFKA_OPERATIONS, type KafkaOperation } from '../../core/check/kafka-rights.ts';

/** What kafkajs' connections send: `encode` gives the body, `decode` reads the answer's. */
export type RawRequest<T> = {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    readonly encode: () => Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
  };
  readonly response: {
    readonly decode: (payload: Buffer) => Promise<T>;
    readonly parse: (decoded: T) => Promise<T>;
  };
};

export type MetadataAnswer = {
  readonly clusterId: string | null;
  readonly brokers: number;
  readonly topics: readonly {
    readonly error: number;
    readonly name: string;
    readonly partitions: number;
    /** The least of all partitions. */
    readonly replication: number;
    readonly operations: ReadonlySet<KafkaOperation>;
  }[];
  readonly cluster: ReadonlySet<KafkaOperation>;
};

export type GroupAnswer = { readonly error: number; readonly operations: ReadonlySet<KafkaOperation> };

/** @param topics null: all that the user may know of */
export function metadataRequest(topics: readonly string[] | null): RawRequest<MetadataAnswer> {
  // Topics are not to be made by asking; rights on the cluster and on topics are wanted.
  const flags = Buffer.from([0, 1, 1]);
  const body = Buffer.concat([topics === null ? int32(-1) : texts(topics), flags]);
  return raw<MetadataAnswer>(3, 8, 'Metadata', body, (reader) => {
    reader.int32();
    const brokers = reader.list(() => [reader.int32(), reader.text(), reader.int32(), reader.text()]).length;
    const clusterId = reader.text();
    reader.int32();
    const found = reader.list(() => {
      const error = reader.int16();
      const name = reader.text() ?? '';
      reader.int8();
      const replicas = reader.list(() => {
        reader.int16();
        reader.int32();
        reader.int32();
        reader.int32();
        const count = reader.list(() => reader.int32()).length;
        reader.list(() => reader.int32());
        reader.list(() => reader.int32());
        return count;
      });
      const replication = replicas.length === 0 ? 0 : Math.min(...replicas);
      return { error, name, partitions: replicas.length, replication, operations: operationsIn(reader.int32()) };
    });
    return { clusterId, brokers, topics: found, cluster: operationsIn(reader.int32()) };
  });
}

export function groupRequest(groupId: string): RawRequest<GroupAnswer> {
  return raw<GroupAnswer>(15, 3, 'DescribeGroups', Buffer.concat([texts([groupId]), Buffer.from([1])]), (reader) => {
    reader.int32();
    const [group] = reader.list(() => {
      const error = reader.int16();
      for (let field = 0; field < 4; field++) reader.text();
      reader.list(() => [reader.text(), reader.text(), reader.text(), reader.bytes(), reader.bytes()]);
      return { error, operations: operationsIn(reader.int32()) };
    });
    return group ?? { error: -1, operations: new Set() };
  });
}

/** Bits by the operation's code; the smallest number there is where the broker tells nothing. */
function operationsIn(bits: number): ReadonlySet<KafkaOperation> {
  const told = bits === -(2 ** 31) ? 0 : bits;
  const known = Object.keys(KAFKA_OPERATIONS) as KafkaOperation[];
  return new Set(known.filter((operation) => (told & (1 << KAFKA_OPERATIONS[operation])) !== 0));
}

function raw<T>(
  apiKey: number,
  apiVersion: number,
  apiName: string,
  body: Buffer,
  read: (reader: Reader) => T,
): RawRequest<T> {
  return {
    request: { apiKey, apiVersion, apiName, encode: async () => ({ buf: body, buffer: body }) },
    response: { decode: async (payload) => read(new Reader(payload)), parse: async (decoded) => decoded },
  };
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function texts(values: readonly string[]): Buffer {
  const parts = values.map((value) => {
    const bytes = Buffer.alloc(2 + Buffer.byteLength(value));
    bytes.writeInt16BE(bytes.length - 2);
    bytes.write(value, 2);
    return bytes;
  });
  return Buffer.concat([int32(values.length), ...parts]);
}

class Reader {
  #at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int8(): number {
    return this.#bytes.readInt8(this.#skip(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#skip(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#skip(4));
  }

  text(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.#bytes.toString('utf8', this.#skip(length), this.#at);
  }

  bytes(): void {
    this.#skip(Math.max(0, this.int32()));
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, read);
  }

  #skip(bytes: number): number {
    const from = this.#at;
    this.#at += bytes;
    return from;
  }
}

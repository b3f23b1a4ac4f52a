import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fasterThan,
  type MakeProduceRequest,
  type ProduceOptions,
} from '../../../../services/adapters/kafka/produce-request.ts';

const original = createRequire(import.meta.url)(
  'kafkajs/src/protocol/requests/produce/v3/request.js',
) as MakeProduceRequest;
const ours = fasterThan(original);

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }));
const headerName = fc.oneof(
  fc.constant('lethe-source'),
  text.filter((name) => name !== '__proto__'),
);
const message = fc.record(
  {
    key: fc.oneof(fc.constant(null), text, bytes),
    value: fc.oneof(fc.constant(null), text, bytes),
    headers: fc.dictionary(headerName, fc.oneof(text, bytes, fc.array(fc.oneof(text, bytes), { maxLength: 3 })), {
      maxKeys: 4,
    }),
    // kafkajs sorts timestamps as text; of one length that is the order of numbers.
    timestamp: fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 }).map(String),
  },
  { requiredKeys: ['value', 'timestamp'] },
);
const options: fc.Arbitrary<ProduceOptions> = fc.record({
  transactionalId: fc.oneof(fc.constant(null), text),
  acks: fc.constantFrom(-1, 1),
  timeout: fc.nat(),
  producerId: fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 62n }).map((value) => ({ value })),
    fc.nat(),
    fc.nat().map(String),
  ),
  producerEpoch: fc.integer({ min: 0, max: 32_767 }),
  topicData: fc.array(
    fc.record({
      topic: text,
      partitions: fc.array(
        fc.record({
          partition: fc.nat(),
          firstSequence: fc.nat(),
          messages: fc.array(message, { minLength: 1, maxLength: 5 }),
        }),
        { maxLength: 3 },
      ),
    }),
    { maxLength: 3 },
  ),
}) as never;

describe('the produce request', () => {
  it('is the one of kafkajs, to the byte', async () => {
    await fc.assert(
      fc.asyncProperty(options, async (given) => {
        const expected = original(given);
        const request = ours(given);
        expect({ ...request, encode: null, expectResponse: null }).toEqual({
          ...expected,
          encode: null,
          expectResponse: null,
        });
        expect(request.expectResponse()).toBe(expected.expectResponse());
        expect((await request.encode()).buffer.toString('hex')).toBe((await expected.encode()).buffer.toString('hex'));
      }),
      { numRuns: 300 },
    );
  });

  it('holds large batches, whose numbers take several bytes', async () => {
    const messages = Array.from({ length: 9_000 }, (_, index) => ({
      key: `key-${index}`,
      value: Buffer.alloc(index % 400, index),
      timestamp: String(1_700_000_000_000 + index * 1_000_000),
    }));
    const given: ProduceOptions = {
      ...{ transactionalId: 'lethe.raw.0', acks: -1, timeout: 30_000, producerId: 7, producerEpoch: 1 },
      topicData: [{ topic: 'clean', partitions: [{ partition: 3, firstSequence: 70_000, messages }] }],
    };
    expect((await ours(given).encode()).buffer.equals((await original(given).encode()).buffer)).toBe(true);
  });

  it('leaves compression to kafkajs', () => {
    const request = { encode: async () => ({ buf: Buffer.alloc(0), buffer: Buffer.alloc(0) }) } as never;
    const given = { compression: 1, topicData: [] } as never;
    expect(fasterThan(() => request)(given)).toBe(request);
  });

  it('is what kafkajs sends once it is installed', () => {
    const script = `
      import { createRequire } from 'node:module';
      import 'kafkajs';
      import { installProduceRequest } from './services/adapters/kafka/produce-request.ts';
      const require = createRequire(import.meta.url);
      installProduceRequest();
      installProduceRequest();
      const { protocol } = require('kafkajs/src/protocol/requests/produce/index.js');
      const { request } = protocol({ version: 7 })({ acks: -1, timeout: 1, producerId: 1, producerEpoch: 0, topicData: [] });
      const { buf, buffer } = await request.encode();
      process.stdout.write(String(request.apiVersion) + ' ' + String(buf === buffer));
    `;
    // kafkajs' own encoder makes a new view each time it is asked for its buffer.
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })).toBe('7 true');
  });
});

import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { registerCodecs } from '../../../../services/adapters/kafka/compression.ts';
import { crc32c } from '../../../../services/adapters/kafka/crc32c.ts';
import { readRecords } from '../../../../services/adapters/kafka/record-reader.ts';
import { RecordBatch } from '../../../../services/adapters/kafka/record-batch.ts';

registerCodecs();

const HEAD = { producerId: -1n, producerEpoch: -1, firstSequence: -1, transactional: false };
const GZIP = 1;
const ZSTD = 4;

function sealed(bytes: Buffer): Buffer {
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeUInt32BE(crc32c(bytes, 21, bytes.length), 17);
  return bytes;
}

/** A batch of these values from an offset on, its records packed by `pack`. */
function batch(base: number, values: readonly string[], codec = 0, pack: (records: Buffer) => Buffer = (all) => all) {
  const messages = values.map((value) => ({ key: null, value: Buffer.from(value), timestamp: '7' }));
  const plain = new RecordBatch(messages, HEAD, 0);
  const bytes = Buffer.alloc(plain.bytes);
  plain.write(bytes, 0);
  const out = Buffer.concat([bytes.subarray(0, 61), pack(bytes.subarray(61))]);
  out.writeBigInt64BE(BigInt(base), 0);
  out.writeInt16BE(codec, 21);
  return sealed(out);
}

const seen = async (...batches: readonly Buffer[]) =>
  (await readRecords(Buffer.concat(batches), [])).map(({ offset, value, unreadable, isControlRecord }) =>
    isControlRecord ? `${offset} passed` : `${offset} ${unreadable ?? value?.toString()}`,
  );

describe('readRecords', () => {
  it('reads batches one behind the other, packed or not', async () => {
    expect(
      await seen(batch(5, ['a', 'b']), batch(7, ['c'], GZIP, gzipSync), batch(8, ['d'], ZSTD, zstdCompressSync)),
    ).toEqual(['5 a', '6 b', '7 c', '8 d']);
  });

  it('reads more records than an argument list takes', async () => {
    const values = Array.from({ length: 200_000 }, () => '');
    expect(await readRecords(batch(0, values), [])).toHaveLength(200_000);
  });

  it('leaves a batch that is cut off for the next fetch', async () => {
    expect(await seen(batch(5, ['a']), batch(6, ['b']).subarray(0, 65))).toEqual(['5 a']);
  });

  it.each([
    ['is packed badly', () => Buffer.from('this is no gzip')],
    ['is packed well, and nonsense inside', () => gzipSync(Buffer.from([0x7e, 1, 2, 3]))],
    ['ends too soon', (records: Buffer) => gzipSync(records.subarray(0, -3))],
  ])('shows the records of a batch that %s as unreadable, and goes on behind it', async (_name, pack) => {
    expect(await seen(batch(5, ['a']), batch(6, ['b', 'c'], GZIP, pack), batch(8, ['d']))).toEqual([
      '5 a',
      '6 undecodable',
      '7 undecodable',
      '8 d',
    ]);
  });

  it('calls a batch too large that a few bytes would inflate without bound', async () => {
    const bomb = batch(6, ['b'], ZSTD, () => zstdCompressSync(Buffer.alloc(257 * 1024 * 1024)));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await seen(batch(5, ['a']), bomb, batch(7, ['c']))).toEqual(['5 a', '6 too_large', '7 c']);
  }, 60_000);

  it('refuses bytes that are not those that were sent: another fetch may bring them', async () => {
    const spoilt = batch(6, ['b'], GZIP, gzipSync);
    spoilt[spoilt.length - 9]! ^= 1;
    await expect(seen(spoilt)).rejects.toThrow();
  });

  it('refuses what is packed in a way it does not know, which is no fault of the records', async () => {
    await expect(seen(batch(6, ['b'], 7))).rejects.toThrow(/codec 7/);
  });
});

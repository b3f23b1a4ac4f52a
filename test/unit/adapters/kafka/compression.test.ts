import { gzipSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerCodecs } from '../../../../services/adapters/kafka/compression.ts';

type Codec = {
  compress: (encoder: { buffer: Buffer }) => Promise<Buffer>;
  decompress: (buffer: Buffer) => Promise<Buffer>;
};

const codecOf = (type: number): Codec => (kafkajs.CompressionCodecs as unknown as Record<number, () => Codec>)[type]!();

describe('compression codecs', () => {
  beforeAll(registerCodecs);

  it.each([
    ['gzip', kafkajs.CompressionTypes.GZIP],
    ['snappy', kafkajs.CompressionTypes.Snappy],
    ['lz4', kafkajs.CompressionTypes.LZ4],
    ['zstd', kafkajs.CompressionTypes.ZSTD],
  ])('%s gives back what it got, and makes it smaller', async (_name, type) => {
    const buffer = Buffer.from('lethe '.repeat(5000));
    const compressed = await codecOf(type).compress({ buffer });
    expect(compressed.length).toBeLessThan(buffer.length / 4);
    expect((await codecOf(type).decompress(compressed)).equals(buffer)).toBe(true);
  });

  it('refuses a batch that inflates without bound', async () => {
    const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(1024 * 1024);
    await expect(codecOf(kafkajs.CompressionTypes.GZIP).decompress(bomb)).rejects.toThrow();
  }, 60_000);
});

/**
 * The codecs that kafkajs leaves out (#1141: a missing one crashes the consumer), and gzip with a bound, which its own
 * lacks: a small compressed batch must not become an unbounded one.
 */
import { promisify } from 'node:util';
import { gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs from 'kafkajs';
import snappy from 'kafkajs-snappy';
import { compressFrame, decompressFrame } from 'lz4-napi';

/** Bytes that one compressed record batch may come to. Brokers hand out batches of a few MiB at the most. */
const MAX_INFLATED_BYTES = 256 * 1024 * 1024;

type Encoder = { readonly buffer: Buffer };
type Codec = { compress: (encoder: Encoder) => Promise<Buffer>; decompress: (buffer: Buffer) => Promise<Buffer> };

const gzipAsync = promisify(gzip);
const gunzipAsync = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);
const zstdCompressAsync = promisify<Buffer, Buffer>(zstdCompress);
const zstdDecompressAsync = promisify<Buffer, { maxOutputLength: number }, Buffer>(zstdDecompress);
const limit = { maxOutputLength: MAX_INFLATED_BYTES };

const codecs: Readonly<Record<number, () => Codec>> = {
  [kafkajs.CompressionTypes.GZIP]: () => ({
    compress: (encoder) => gzipAsync(encoder.buffer),
    decompress: (buffer) => gunzipAsync(buffer, limit),
  }),
  [kafkajs.CompressionTypes.Snappy]: snappy as () => Codec,
  [kafkajs.CompressionTypes.LZ4]: () => ({
    compress: (encoder) => compressFrame(encoder.buffer),
    decompress: (buffer) => decompressFrame(buffer),
  }),
  [kafkajs.CompressionTypes.ZSTD]: () => ({
    compress: (encoder) => zstdCompressAsync(encoder.buffer),
    decompress: (buffer) => zstdDecompressAsync(buffer, limit),
  }),
};

/** Registers gzip, snappy, lz4 and zstd with kafkajs, for the whole process. */
export function registerCodecs(): void {
  for (const [type, codec] of Object.entries(codecs)) {
    (kafkajs.CompressionCodecs as Record<string, unknown>)[type] = codec;
  }
}

import { readFileSync } from 'node:fs';
import type { AuditSegment } from '../../core/audit/segment.ts';
import { makeSingleObjectCodec, type SingleObjectResult } from './codec.ts';

type Stored = Omit<AuditSegment, 'previous' | 'hash'> & { readonly previous: Uint8Array; readonly hash: Uint8Array };

export type SegmentCodec = {
  /** @throws LetheError `bug` where the segment does not fit the schema. */
  readonly encode: (segment: AuditSegment) => Uint8Array;
  /** Says nothing about whether the hashes are right: see `recomputeHash`. */
  readonly decode: (bytes: Uint8Array) => SingleObjectResult<AuditSegment>;
};

/** The values of `lethe.audit`: schemas/audit/segment.avsc in Avro's single-object encoding, hashes as 32 bytes. */
export function makeSegmentCodec(): SegmentCodec {
  const schema: unknown = JSON.parse(
    readFileSync(new URL('../../../schemas/audit/segment.avsc', import.meta.url), 'utf8'),
  );
  const codec = makeSingleObjectCodec<Stored>(schema);
  return {
    encode: (segment) =>
      codec.encode({
        ...segment,
        previous: Buffer.from(segment.previous, 'hex'),
        hash: Buffer.from(segment.hash, 'hex'),
      }),
    decode(bytes) {
      const result = codec.decode(bytes);
      if (!result.ok) return result;
      const { previous, hash, ...content } = result.value;
      return { ok: true, value: { ...content, previous: hex(previous), hash: hex(hash) } };
    },
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

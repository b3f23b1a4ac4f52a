import { readFileSync } from 'node:fs';
import type { AuditSegment } from '../../core/audit/segment.ts';
import type { ShadowVerdict } from '../../core/shadow/divergence.ts';
import { makeSingleObjectCodec, type SingleObjectResult } from './codec.ts';

type Stored = Omit<AuditSegment, 'shadow' | 'previous' | 'hash'> & {
  readonly shadow: ShadowVerdict | null;
  readonly previous: Uint8Array;
  readonly hash: Uint8Array;
};

export type SegmentCodec = {
  /** @throws LetheError `bug` where the segment does not fit the schema. */
  readonly encode: (segment: AuditSegment) => Uint8Array;
  /** Says nothing about whether the hashes are right: see `recomputeHash`. */
  readonly decode: (bytes: Uint8Array) => SingleObjectResult<AuditSegment>;
};

/**
 * The values of `lethe.audit`: schemas/audit/segment.avsc in Avro's single-object encoding, hashes as 32 bytes. Audit is
 * kept for ever, so what was written under an earlier version (segment-1.avsc: before there was a shadow; segment-2.avsc: before
 * values were encrypted) is read too.
 */
export function makeSegmentCodec(): SegmentCodec {
  const codec = makeSingleObjectCodec<Stored>(schema('segment.avsc'), [
    schema('segment-1.avsc'),
    schema('segment-2.avsc'),
  ]);
  return {
    encode: (segment) =>
      codec.encode({
        ...segment,
        shadow: segment.shadow ?? null,
        previous: Buffer.from(segment.previous, 'hex'),
        hash: Buffer.from(segment.hash, 'hex'),
      }),
    decode(bytes) {
      const result = codec.decode(bytes);
      if (!result.ok) return result;
      const { shadow, previous, hash, ...content } = result.value;
      const said = shadow === null ? content : { ...content, shadow };
      return { ok: true, value: { ...said, previous: hex(previous), hash: hex(hash) } };
    },
  };
}

function schema(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../schemas/audit/${name}`, import.meta.url), 'utf8'));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

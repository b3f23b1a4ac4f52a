/** HMAC-SHA-256 of short texts, made for being called once a record. */
import { createHmac, hash, type KeyObject } from 'node:crypto';

const BLOCK_BYTES = 64;
const SCRATCH_BYTES = 1024;
/** UTF-8 needs at most three bytes for a UTF-16 unit. */
const LONGEST_IN_SCRATCH = SCRATCH_BYTES / 3;

/**
 * HMAC-SHA-256 (RFC 2104) of texts under one key, as base64url without padding.
 *
 * `createHmac` builds and collects native objects and takes about twice as long as two one-shot hashes over prepared
 * blocks (measured on Node 24: 4.0 µs against 2.1 µs); long texts go through it all the same.
 */
export const makeHmac = (key: KeyObject): ((text: string) => string) => {
  const bytes = key.export();
  if (bytes.length > BLOCK_BYTES) throw new RangeError('an HMAC key longer than a block would have to be hashed first');
  const inner = Buffer.alloc(BLOCK_BYTES + SCRATCH_BYTES, 0);
  const outer = Buffer.alloc(BLOCK_BYTES + 32, 0);
  for (let i = 0; i < BLOCK_BYTES; i += 1) {
    const byte = bytes[i] ?? 0;
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  return (text) => {
    if (!text.isWellFormed()) return createHmac('sha256', key).update(bytesOfIllFormed(text)).digest('base64url');
    if (text.length > LONGEST_IN_SCRATCH) return createHmac('sha256', key).update(text, 'utf8').digest('base64url');
    const length = BLOCK_BYTES + inner.write(text, BLOCK_BYTES, 'utf8');
    outer.write(hash('sha256', inner.subarray(0, length), 'binary'), BLOCK_BYTES, 'latin1');
    return hash('sha256', outer, 'base64url');
  };
};

/**
 * UTF-8 would turn every lone surrogate into the same U+FFFD, and two subjects into one. Ids compare by their units:
 * such a text is hashed as UTF-16 behind a byte that UTF-8 never uses.
 */
const bytesOfIllFormed = (text: string): Buffer => Buffer.concat([Buffer.of(0xff), Buffer.from(text, 'utf16le')]);

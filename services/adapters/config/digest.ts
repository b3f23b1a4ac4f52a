import { createHash } from 'node:crypto';

/** Changes when the meaning of the serialization does, so that no two ever share a digest. */
const FORMAT = 'lethe-bundle-1';

/**
 * Names a set of files: SHA-256, lower-case hex, of a canonical form of their paths and texts. The order of the files and
 * the system they were read on make no difference; any changed byte does.
 */
export function digestFiles(files: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  // JSON is unambiguous, and well-formed even for text that holds lone surrogates.
  const canonical = JSON.stringify([FORMAT, sorted]);
  return createHash('sha256').update(canonical, 'utf8').digest('hex');
}

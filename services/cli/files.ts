import { createReadStream, statSync } from 'node:fs';
import { LetheError } from '../core/errors.ts';

/** Makes sure that a file named on the command line can be read, and returns its size in bytes. */
export function sizeOfFile(file: string, flag: string): number {
  try {
    const stat = statSync(file);
    if (stat.isDirectory()) throw new LetheError('usage', `${flag} ${file}: this is a folder`);
    return stat.size;
  } catch (error) {
    if (error instanceof LetheError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new LetheError('usage', `${flag} ${file}: the file ${missing ? 'does not exist' : 'cannot be read'}`, {
      fix: 'Name a file that exists and that you may read.',
      cause: error,
    });
  }
}

/** The bytes of a file, from the beginning. */
export function bytesOf(file: string): AsyncIterable<Uint8Array> {
  return createReadStream(file, { highWaterMark: 1024 * 1024 });
}

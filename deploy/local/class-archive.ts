import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.ts';
import type { Log } from './error.ts';
import { capture } from './run-command.ts';

const FILE = 'classes.jsa';

/**
 * Options that let `java` start from an archive of loaded classes (JEP 350), which halves the start of a JVM server.
 * The archive is made once per Java version by `train`, which runs the server once with the options that it is given
 * and lets it end in peace.
 *
 * Only speed hangs on it: where it cannot be made the result is no options, and a later run tries again.
 */
export const classArchive = async (
  name: string,
  log: Log,
  train: (options: readonly string[]) => Promise<void>,
): Promise<string[]> => {
  const { output } = await capture('java', ['-version']);
  // An archive fits the very JVM that wrote it and no other.
  const jvm = createHash('sha256').update(`${process.arch} ${output}`).digest('hex').slice(0, 12);
  try {
    const directory = await cached(`${name}-classes-${jvm}`, log, async (partial) => {
      log(`${name}: one trial run, so that later starts are quick`);
      await train([`-XX:ArchiveClassesAtExit=${join(partial, FILE)}`]);
      if (!existsSync(join(partial, FILE))) throw new Error('the JVM wrote no archive');
    });
    return [`-XX:SharedArchiveFile=${join(directory, FILE)}`, '-Xshare:auto'];
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    log(`${name}: goes on without a class archive: ${why}`);
    return [];
  }
};

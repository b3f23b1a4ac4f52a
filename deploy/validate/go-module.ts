import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Log, StackError } from '../local/error.ts';
import { ensureTools, thisMachine } from '../local/tools.ts';

/**
 * Copies files of a Go module into `target`. Go checks the module against its checksum database; nothing of it is built,
 * so that any Go will do.
 *
 * @throws StackError where Go is missing and may not be installed, or the module or a file cannot be had
 */
export const copyFromGoModule = async (
  module: string,
  files: readonly string[],
  target: string,
  log: Log,
): Promise<void> => {
  await ensureTools(['go'], log);
  log(`${module}: first time here, fetching it by Go`);
  const work = mkdtempSync(join(tmpdir(), 'lethe-go-module-'));
  try {
    const settings = [`GOPATH=${work}`, `GOMODCACHE=${work}/mod`, 'GOFLAGS=-modcacherw', 'GOTOOLCHAIN=local'];
    const { code, output } = await thisMachine.capture('env', [...settings, 'go', 'mod', 'download', '-json', module]);
    const folder = /"Dir": "([^"]+)"/.exec(output)?.[1];
    if (code !== 0 || folder === undefined) {
      throw new StackError(`${module} cannot be had from the Go proxy:\n${output.trimEnd().slice(-500)}`);
    }
    mkdirSync(target, { recursive: true });
    for (const file of files) copyFileSync(join(folder, file), join(target, basename(file)));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

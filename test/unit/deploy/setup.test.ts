import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const source = fileURLToPath(new URL('../../../deploy/local/setup.mjs', import.meta.url));

const lockOf = (packages: object): string => JSON.stringify({ lockfileVersion: 3, packages });
const WANTED = {
  '': { name: 'x', version: '1.0.0' },
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/for-macs': { version: '1.0.0', integrity: 'sha512-m', optional: true },
};
const INSTALLED = { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lethe-setup-'));
  write('deploy/local/setup.mjs', readFileSync(source, 'utf8'));
  write('package-lock.json', lockOf(WANTED));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (file: string, text: string, mode = 0o644): void => {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text, { mode });
};
const installBy = (packages: object): void => {
  write('node_modules/.package-lock.json', lockOf(packages));
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true });
  symlinkSync(process.execPath, join(root, 'node_modules/.bin/node'));
};

/** Stands in for npm: notes how it was called, takes a while, and does `then`. */
const npmThat = (then: string): void => {
  write('bin/npm', `#!/bin/sh\necho "$@" >> calls\necho noise\necho "$PATH" > path\nsleep 0.3\n${then}\n`, 0o755);
};
const INSTALL = `mkdir -p node_modules/.bin && echo '${lockOf(INSTALLED)}' > node_modules/.package-lock.json`;
const WITH_NODE = `ln -sf ${process.execPath} node_modules/.bin/node`;
const calls = (): string[] =>
  existsSync(join(root, 'calls')) ? readFileSync(join(root, 'calls'), 'utf8').trim().split('\n') : [];

const setup = async (): Promise<{ code: number | null; stdout: string; stderr: string }> => {
  const PATH = [join(root, 'bin'), join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
  const child: ChildProcess = spawn(process.execPath, [join(root, 'deploy/local/setup.mjs')], {
    cwd: tmpdir(),
    env: { ...process.env, PATH },
  });
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => (said.stdout += chunk));
  child.stderr?.on('data', (chunk) => (said.stderr += chunk));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, ...said };
};

describe('setup, where node_modules matches the lock file', () => {
  it('does and says nothing', async () => {
    npmThat('exit 1');
    installBy(INSTALLED);
    expect(await setup()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(calls()).toEqual([]);
  });
});

describe('setup, where it does not', () => {
  it.each<[string, () => void]>([
    ['nothing is installed', () => undefined],
    ['a package is missing', () => installBy({})],
    ['a version differs', () => installBy({ 'node_modules/a': { version: '1.0.1', integrity: 'sha512-a' } })],
    ['a hash differs', () => installBy({ 'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' } })],
    ['node is missing', () => write('node_modules/.package-lock.json', lockOf(INSTALLED))],
    [
      'an install was interrupted',
      () => {
        installBy(INSTALLED);
        rmSync(join(root, 'node_modules/.package-lock.json'));
      },
    ],
    [
      'what npm wrote is cut off',
      () => {
        installBy(INSTALLED);
        write('node_modules/.package-lock.json', '{"packages": {');
      },
    ],
  ])('installs: %s', async (_, given) => {
    given();
    npmThat(`${INSTALL} && ${WITH_NODE}`);
    const { code, stdout, stderr } = await setup();
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/^setup: installing [^]*noise\nsetup: done in \d+ s\n$/);
    expect(calls()).toEqual(['ci --include=dev --no-audit --no-fund --loglevel=error']);
    expect((await setup()).stderr).toBe('');
    expect(calls()).toHaveLength(1);
  });

  it('keeps npm off the node that it replaces', async () => {
    npmThat(`${INSTALL} && ${WITH_NODE}`);
    await setup();
    const path = readFileSync(join(root, 'path'), 'utf8').trim().split(delimiter);
    expect(path).toContain(join(root, 'bin'));
    expect(path).not.toContain(join(root, 'node_modules/.bin'));
  });

  it('installs once for two at a time; the other waits', async () => {
    npmThat(`${INSTALL} && ${WITH_NODE}`);
    const both = await Promise.all([setup(), setup()]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(calls()).toHaveLength(1);
    expect(both.filter(({ stderr }) => stderr.includes('waiting for it'))).toHaveLength(1);
  });

  it('takes over from a process that died', async () => {
    npmThat(`${INSTALL} && ${WITH_NODE}`);
    write('.cache/setup.lock', 'somebody');
    utimesSync(join(root, '.cache/setup.lock'), new Date(0), new Date(Date.now() - 11_000));
    const all = await Promise.all([setup(), setup(), setup()]);
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(calls()).toHaveLength(1);
    expect(existsSync(join(root, '.cache/setup.lock'))).toBe(false);
  });

  it('waits as long as the other process lives', async () => {
    npmThat(`${INSTALL} && ${WITH_NODE}`);
    write('.cache/setup.lock', 'somebody');
    const waiting = setup();
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(calls()).toEqual([]);
    rmSync(join(root, '.cache/setup.lock'));
    expect((await waiting).code).toBe(0);
  });

  it('fetches node itself where install scripts are forbidden', async () => {
    npmThat(
      `${INSTALL} && mkdir -p node_modules/node && cp installer.js node_modules/node/installArchSpecificPackage.js`,
    );
    write(
      'installer.js',
      `require('fs').mkdirSync('bin');
      require('fs').symlinkSync(${JSON.stringify(process.execPath)}, 'bin/node');`,
    );
    const { code, stderr } = await setup();
    expect(stderr).toContain('install script');
    expect(code).toBe(0);
  });

  it.each([
    ['npm fails', 'echo registry is away >&2; exit 7', 'registry is away\nsetup: `npm ci` failed'],
    ['node is no working one', `${INSTALL}; printf 'no' > node_modules/.bin/node`, 'is not a working Node 24'],
  ])('exits with 69 and says what to do where %s', async (_, npm, told) => {
    npmThat(npm);
    const { code, stdout, stderr } = await setup();
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
    expect(stderr).toContain(told);
    expect(existsSync(join(root, '.cache/setup.lock'))).toBe(false);
  });
});

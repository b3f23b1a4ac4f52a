/**
 * Makes `node_modules` match `package-lock.json`, so that every npm script works in a fresh clone. Plain JavaScript
 * without dependencies: it is what runs before there are any, on whatever node the machine has (18 or newer).
 *
 * Talks on stderr only: the stdout of `npm run -s lethe` belongs to the command. Exit codes: 0, or 69 where packages
 * cannot be had.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const BEAT_MS = 1_000;
/** A holder that has not beaten for so long is dead, or its machine was asleep. */
const DEAD_AFTER_MS = 10_000;
const EXIT_UNREACHABLE = 69;

/**
 * Whether everything of the lock file is installed, in its version. npm writes `node_modules/.package-lock.json` as the
 * last step of each install, so an interrupted one does not match. Optional packages may be absent: most are for other
 * machines.
 *
 * @param {string} root
 */
export const isInstalled = (root) => {
  if (!existsSync(join(root, 'node_modules/.bin/node'))) return false;
  try {
    const wanted = packagesOf(join(root, 'package-lock.json'));
    const present = packagesOf(join(root, 'node_modules/.package-lock.json'));
    return Object.entries(wanted).every(([path, { version, integrity, optional, devOptional }]) => {
      const found = present[path];
      if (path === '') return true;
      if (found === undefined) return optional === true || devOptional === true;
      return found.version === version && (integrity === undefined || found.integrity === integrity);
    });
  } catch {
    return false;
  }
};

/** @param {string} file @returns {Record<string, Record<string, unknown>>} */
const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;

/** @param {string} text */
const say = (text) => process.stderr.write(`setup: ${text}\n`);

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Runs `work` while no other process does, in this checkout. The lock is a file that its holder touches every second;
 * process ids would not do, since a container sees others than the machine.
 *
 * @param {string} file @param {() => Promise<number>} work
 */
export const alone = async (file, work) => {
  const mine = randomUUID();
  for (let told = false; !take(file, mine); told = true) {
    if (!told) say('another process is installing packages; waiting for it');
    await sleep(BEAT_MS / 4);
    removeDead(file, mine);
  }
  const beat = setInterval(() => touch(file), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    release(file, mine);
  }
};

/** @param {string} file @param {string} mine */
const release = (file, mine) => {
  try {
    if (readFileSync(file, 'utf8') === mine) rmSync(file);
  } catch {
    // Somebody removed it by hand.
  }
};

/** @param {string} file @param {string} mine */
const take = (file, mine) => {
  try {
    writeFileSync(file, mine, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
};

/** @param {string} file */
const touch = (file) => {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // Somebody removed it by hand; the work goes on.
  }
};

/** @param {string} file */
const isDead = (file) => Date.now() - statSync(file).mtimeMs > DEAD_AFTER_MS;

/**
 * Removes a dead holder's lock. Of several that see it dead, the rename lets one win; one that comes late and finds it
 * has renamed the winner's gives it back.
 *
 * @param {string} file @param {string} mine
 */
const removeDead = (file, mine) => {
  const aside = `${file}.${mine}`;
  try {
    if (!isDead(file)) return;
    renameSync(file, aside);
    if (!isDead(aside)) linkSync(aside, file);
    rmSync(aside);
  } catch {
    // It was released or removed in between.
  }
};

/**
 * The environment for npm: without this checkout's own `node_modules/.bin`, whose node the install replaces while npm
 * runs on it.
 *
 * @param {string} root
 */
const npmEnvironment = (root) => {
  const own = join(root, 'node_modules') + sep;
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.startsWith(own));
  return { ...process.env, PATH: path.join(delimiter) };
};

/** @param {string} root @param {string} command @param {string[]} args @param {string} cwd @returns {Promise<number>} */
const run = (root, command, args, cwd = root) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: npmEnvironment(root), stdio: ['ignore', 2, 2] });
    child.on('error', (error) => {
      say(`${command} does not start: ${error.message}`);
      resolve(1);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });

/** @param {string} root */
const nodeWorks = (root) =>
  spawnSync(join(root, 'node_modules/.bin/node'), ['--version'], { encoding: 'utf8' }).stdout?.startsWith('v24.') ===
  true;

/**
 * npm links no binary that was not there when it installed.
 *
 * @param {string} root
 */
const linkNode = (root) => {
  try {
    symlinkSync('../node/bin/node', join(root, 'node_modules/.bin/node'));
  } catch {
    // It is there; whether it works is asked next.
  }
};

/** @param {string} root */
const install = async (root) => {
  if (isInstalled(root)) return 0;
  say('installing the packages of package-lock.json (once; about a minute)');
  const start = Date.now();
  // Dev packages whatever NODE_ENV says, for one of them is the node that everything runs on; the log level because
  // `npm run -s` hands its silence down.
  const code = await run(root, 'npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  if (code !== 0) {
    say('`npm ci` failed, see above. Is the package registry reachable (`npm ping`)? Then run the command again.');
    return EXIT_UNREACHABLE;
  }
  if (!nodeWorks(root)) {
    // The npm package `node` fetches its binary in an install script, which a machine's npm settings may forbid.
    say('fetching Node 24: the install script of the package "node" did not run');
    await run(root, process.execPath, ['installArchSpecificPackage'], join(root, 'node_modules/node'));
    linkNode(root);
  }
  if (!nodeWorks(root)) {
    say('node_modules/.bin/node is not a working Node 24. Allow the install script of the package "node" and run');
    say('`npm ci`, or check that the registry has node-PLATFORM-ARCH for this machine.');
    return EXIT_UNREACHABLE;
  }
  say(`done in ${Math.round((Date.now() - start) / 1000)} s`);
  return 0;
};

/**
 * Installs what is missing, one process at a time. Resolves to the exit code.
 *
 * @param {string} root
 */
export const setUp = async (root) => {
  if (isInstalled(root)) return 0;
  mkdirSync(join(root, '.cache'), { recursive: true });
  return await alone(join(root, '.cache/setup.lock'), () => install(root));
};

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await setUp(fileURLToPath(new URL('../..', import.meta.url)));
}

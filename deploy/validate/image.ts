import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { linesOf } from './check.ts';
import { DOCKERFILE } from './dockerfile.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

type Instruction = { readonly name: string; readonly rest: string };

/** The instructions of the stages of a Dockerfile, by the name of the stage. Our Dockerfile has no continued lines. */
const stagesOf = (text: string): Map<string, Instruction[]> => {
  const stages = new Map<string, Instruction[]>();
  let current: Instruction[] = [];
  for (const line of text.split('\n')) {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === '') continue;
    if (name === 'FROM') {
      current = [];
      stages.set(/ AS (\S+)$/.exec(rest)?.[1] ?? '', current);
    } else {
      current.push({ name, rest });
    }
  }
  return stages;
};

/** What .dockerignore lets into the build: ours forbids everything and lends out again top-level names. */
const allowed = (root: string): string[] => {
  const lines = linesOf(readFileSync(join(root, '.dockerignore'), 'utf8'), /^#/);
  if (lines[0] !== '*') throw new Error('.dockerignore does not begin by leaving out everything');
  return lines.slice(1).map((line) => line.replace(/^!/, ''));
};

/**
 * What the Dockerfile's image would hold, put together in `folder` without a Docker engine: its COPY and RUN lines are
 * carried out as they stand, with the machine's npm and our Node in place of the base image's. Gives what is wrong.
 *
 * Not proven by it: the base images, and that a real build accepts the file.
 */
export const assembleImage = (folder: string, root: string = ROOT, dockerfile: string = DOCKERFILE): string[] => {
  const stages = stagesOf(readFileSync(dockerfile, 'utf8'));
  const build = join(folder, 'build');
  const app = join(folder, 'app');
  for (const directory of [build, app]) mkdirSync(directory);
  const mayEnter = allowed(root);
  const steps = (stages.get('build') ?? []).map(({ name, rest }) => ({ name, rest, words: rest.split(/\s+/) }));
  for (const { words } of steps.filter(({ name }) => name === 'COPY')) {
    for (const source of words.slice(0, -1)) {
      if (!mayEnter.includes(source)) return [`COPY ${source}: .dockerignore leaves it out`];
      if (!existsSync(join(root, source))) return [`COPY ${source}: it is not there`];
    }
  }
  for (const { name, rest, words } of steps) {
    const target = words.at(-1) ?? '.';
    if (name === 'COPY') {
      for (const source of words.slice(0, -1)) {
        cpSync(join(root, source), join(build, target, target.endsWith('/') ? basename(source) : ''), {
          recursive: true,
        });
      }
    } else if (name === 'RUN') {
      const path = [join(ROOT, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter);
      const env = {
        ...process.env,
        PATH: path,
        npm_config_prefer_offline: 'true',
        npm_config_update_notifier: 'false',
      };
      const ran = spawnSync('sh', ['-c', rest], { cwd: build, env, encoding: 'utf8', timeout: 240_000 });
      if (ran.status !== 0) return [`RUN ${rest} failed:`, ...linesOf(ran.stderr).slice(-8)];
    }
  }
  for (const { name, rest } of stages.get('lethe') ?? []) {
    if (name !== 'COPY') continue;
    const [from, ...words] = rest.split(/\s+/);
    const target = words.pop() ?? '';
    if (from !== '--from=build') return [`COPY ${rest}: not from the build stage`];
    for (const source of words) {
      const path = join(build, source.replace(/^\/app\//, ''));
      if (!existsSync(path)) return [`COPY ${source}: the build stage does not make it`];
      renameSync(path, join(app, target.endsWith('/') ? basename(source) : target));
    }
  }
  return [];
};

/** Runs `lethe ARGS` of an assembled image by our Node, as another user where we are root (one who may write nothing). */
const lethe = (app: string, args: readonly string[]): { status: number | null; output: string } => {
  const nobody = process.getuid?.() === 0 ? { uid: 65_532, gid: 65_532 } : {};
  const { status, stdout, stderr } = spawnSync(join(app, '../node'), [join(app, 'services/cli/main.ts'), ...args], {
    cwd: '/',
    env: { NODE_ENV: 'production' },
    encoding: 'utf8',
    timeout: 60_000,
    ...nobody,
  });
  return { status, output: stdout + stderr };
};

/** Loads every module of the production code and every native part, so that none needs a package that is not there. */
const IMPORT_ALL = `
import { globSync } from 'node:fs';
import { join } from 'node:path';
const app = process.argv[1];
// Not the two that do something when they are loaded; the first is run above, the second writes what is committed.
const programs = ['services/cli/main.ts', 'services/adapters/config/write-json-schemas.ts'];
const files = globSync('services/**/*.ts', { cwd: app }).filter((file) => !programs.includes(file) && !file.endsWith('.d.ts'));
for (const file of files) await import(join(app, file));
const lz4 = await import(join(app, 'node_modules/lz4-napi/index.js'));
const { compressFrameSync, decompressFrameSync } = lz4.default ?? lz4;
if (decompressFrameSync(compressFrameSync(Buffer.from('lethe'))).toString() !== 'lethe') throw new Error('lz4-napi does not work');
console.log(files.length);
process.exit(0);
`;

/** Puts the image together and runs it without the right to write. */
export const imageProblems = (root: string = ROOT, dockerfile: string = DOCKERFILE): string[] => {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-image-'));
  try {
    chmodSync(folder, 0o755);
    const failed = assembleImage(folder, root, dockerfile);
    if (failed.length > 0) return failed;
    const app = join(folder, 'app');
    // A user who is not root may not reach our own Node where the checkout is in root's home.
    cpSync(process.execPath, join(folder, 'node'));
    const config = join(folder, 'config');
    cpSync(join(ROOT, 'config'), config, { recursive: true });
    // The example names a schema beside it.
    cpSync(join(ROOT, 'schemas'), join(folder, 'schemas'), { recursive: true });
    spawnSync('chmod', ['-R', 'a-w,a+rX', folder]);

    const problems: string[] = [];
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    for (const name of Object.keys(devDependencies)) {
      if (existsSync(join(app, 'node_modules', name)) && !isNeeded(app, name)) {
        problems.push(`the development package ${name} is in the image`);
      }
    }
    const bill = JSON.parse(readFileSync(join(app, 'sbom.cdx.json'), 'utf8')) as { components: unknown[] };
    if (bill.components.length === 0) problems.push('the bill of materials names no component');
    for (const args of [['--help'], ['--version'], ['lint', config]]) {
      const { status, output } = lethe(app, args);
      if (status !== 0) problems.push(`lethe ${args[0]} ends with ${status}:`, ...linesOf(output).slice(0, 8));
    }
    const loaded = spawnSync(join(folder, 'node'), ['--input-type=module', '-e', IMPORT_ALL, app], {
      cwd: '/',
      env: {},
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (loaded.status !== 0) problems.push('not every module can be loaded:', ...linesOf(loaded.stderr).slice(0, 8));
    return problems;
  } finally {
    spawnSync('chmod', ['-R', 'u+w', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Whether production code needs it too, through a dependency: then npm does not count it as one of development. */
const isNeeded = (app: string, name: string): boolean => {
  const lock = JSON.parse(readFileSync(join(app, 'node_modules/.package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  return lock.packages[`node_modules/${name}`]?.dev !== true;
};

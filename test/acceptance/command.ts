/** The `lethe` command as a person runs it: a process of its own, of which only files, exit code and text are seen. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = new URL('../..', import.meta.url).pathname;

export type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Settings of the machine that runs the tests must not reach the command. */
const CLEAN = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(LETHE_|KAFKA_|REDIS_|SCHEMA_REGISTRY_)/.test(name)),
);

/** Runs `lethe ARGS`. `cwd` defaults to the repository's root. */
export function lethe(
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    /** Default: nothing. */
    readonly stdin?: string;
  } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(ROOT, 'node_modules/.bin/node'), [join(ROOT, 'services/cli/main.ts'), ...args], {
      cwd: options.cwd ?? ROOT,
      // Compiled modules are kept between processes: it halves the time of a run. Node checks them against the sources.
      env: { ...CLEAN, NODE_COMPILE_CACHE: join(ROOT, '.cache/compiled'), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // A command that does not read it may be gone by now.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}

/** A new folder holding `files` (path → text or bytes). It goes when the test process ends. */
export function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-acceptance-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return folder;
}

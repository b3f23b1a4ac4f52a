import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { formatProblems } from '../adapters/config/format.ts';
import { parseConfiguration } from '../adapters/config/parse.ts';
import { readFolder } from '../adapters/config/read-folder.ts';
import { checkValue } from '../adapters/detect/value-checks.ts';
import { LetheError } from '../core/errors.ts';
import { compile } from '../core/policy/compile.ts';
import type { Problem } from '../core/policy/problem.ts';
import { makeObserver, type Observer } from '../core/propose/observe.ts';
import { proposePolicy } from '../core/propose/propose.ts';
import type { InitOptions } from './commands/init.ts';
import { EXIT } from './exit.ts';
import { bytesOf, sizeOfFile } from './files.ts';
import { type Observed, observeFile } from './init.ts';
import { draftPolicy, type Files, policyFiles, withVocabulary } from './init-draft.ts';
import { initNames, type NamedSource } from './init-names.ts';
import { initSummary } from './init-summary.ts';
import { makeProgress, megabytes } from './progress.ts';
import { commandSettings } from './settings.main.ts';

/** `lethe init [DIR]`: a first configuration that releases nothing yet. */
export async function init(dir: string, options: InitOptions): Promise<number> {
  const source = sourceOf(options);
  const names = initNames(source, options);
  const most = options.all === true ? null : sampleOf(options.sample);
  const existing = await existingFiles(dir, names.route, options.force === true);
  const { files, added } = withVocabulary(existing, names.route);
  const parsed = parseConfiguration(files);
  if (!parsed.ok) throw unusable(dir, parsed.problems);

  const observer = makeObserver(checkValue);
  const observed = await observe(observer, source, most, options);
  if (observed.failure !== null) {
    process.stderr.write(`lethe: ${observed.failure}\n  Nothing was written.\n`);
    return EXIT.findings;
  }
  const drafted = draftPolicy({
    name: names.route,
    topic: names.topic,
    format: observed.format,
    source: observed.source,
    proposals: proposePolicy(observer, checkValue),
    docs: parsed.docs,
    newPurposes: Object.hasOwn(added, 'purposes.yaml'),
  });
  const written: Files = { ...added, ...drafted.files };
  check(dir, { ...existing, ...written }, names.route);

  const summary = (paths: readonly string[]): string =>
    initSummary({
      ...drafted,
      unreadable: observed.unreadable,
      dir: shown(dir),
      written: paths,
      kept: Object.keys(existing).filter((file) => /^[a-z]+\.yaml$/.test(file)),
    });
  if (options.dryRun === true) {
    for (const [file, text] of Object.entries(written)) process.stdout.write(`# ==> ${file} <==\n${text}\n`);
    process.stderr.write(summary([]));
    return EXIT.ok;
  }
  write(dir, written, options.force === true ? new Set(Object.keys(drafted.files)) : new Set());
  process.stdout.write(summary(Object.keys(written).map((file) => `${shown(dir)}/${file}`)));
  return EXIT.ok;
}

function sourceOf({ in: file, fromTopic, subject }: InitOptions): NamedSource {
  const sources: NamedSource[] = [
    ...(file === undefined ? [] : [{ kind: 'file' as const, file }]),
    ...(fromTopic === undefined ? [] : [{ kind: 'topic' as const, topic: fromTopic }]),
    ...(subject === undefined ? [] : [{ kind: 'subject' as const, subject }]),
  ];
  const [source] = sources;
  if (source !== undefined && sources.length === 1) return source;
  throw new LetheError('usage', sources.length === 0 ? 'init needs something to look at' : 'init looks at one thing', {
    fix: 'Give one of --in FILE, --from-topic TOPIC and --subject SUBJECT.',
  });
}

function sampleOf(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new LetheError('usage', '--sample is no number of records', {
    fix: 'Write a whole number above zero, or --all.',
  });
}

async function observe(
  observer: Observer,
  source: NamedSource,
  most: number | null,
  options: InitOptions,
): Promise<Observed> {
  switch (source.kind) {
    case 'file': {
      const size = sizeOfFile(source.file, '--in');
      const { limits } = commandSettings({}, []);
      const progress = makeProgress(process.stderr, 'Reading', most === null ? size : null, megabytes);
      try {
        return await observeFile(observer, source.file, () => bytesOf(source.file), limits.maxBytes, most, progress.at);
      } finally {
        progress.end();
      }
    }
    default: {
      // The libraries of brokers and registries take longer to load than a file takes to read.
      const { observeServers } = await import('./init-servers.main.ts');
      return observeServers(observer, source, most, options);
    }
  }
}

/** What the folder has, but for the policy that may be overwritten. */
async function existingFiles(dir: string, route: string, force: boolean): Promise<Files> {
  const { policy, test } = policyFiles(route);
  const there = [policy, test, policy.replace(/yaml$/, 'yml')].filter((file) => existsSync(join(dir, file)));
  if (there.length > 0 && !force) {
    throw new LetheError(
      'usage',
      `${there.map((file) => `${shown(dir)}/${file}`).join(' and ')} ${there.length === 1 ? 'is' : 'are'} there already`,
      {
        fix: 'Name another route with --route, or overwrite it with --force.',
      },
    );
  }
  const { files, problems } = await readFolder(dir);
  const errors = problems.filter(({ severity, code }) => severity === 'error' && code !== 'missing-folder');
  if (errors.length > 0) throw unusable(dir, errors);
  return Object.fromEntries(Object.entries(files).filter(([file]) => file !== policy && file !== test));
}

/** Nothing is written that `lethe lint` would refuse. */
function check(dir: string, files: Files, route: string): void {
  const parsed = parseConfiguration(files);
  const result = parsed.ok ? compile(parsed.docs) : parsed;
  if (result.ok) return;
  const errors = result.problems.filter(({ severity }) => severity === 'error');
  const { policy } = policyFiles(route);
  const own = errors.find(({ position }) => position.file === policy);
  const clash = errors.some(({ code }) => /^(?:route-duplicate|topic-)/.test(code));
  if (own === undefined && !clash) throw unusable(dir, errors);
  if (!clash) throw new LetheError('bug', `the proposed policy does not compile: ${own?.code ?? ''}`);
  throw new LetheError('usage', `${shown(dir)} has a route for that already: ${errors[0]?.message ?? ''}`, {
    fix: 'Name another route with --route, or another raw topic with --topic.',
  });
}

function unusable(dir: string, problems: readonly Problem[]): LetheError {
  process.stderr.write(formatProblems(problems, 'text', relative('.', dir)));
  return new LetheError('invalid_config', `${dir} cannot be added to: ${problems.length} problem(s), listed above`, {
    fix: `Correct them; "lethe lint ${dir}" lists them again.`,
  });
}

/** @param overwrite files that may be there. */
function write(dir: string, files: Files, overwrite: ReadonlySet<string>): void {
  for (const [file, text] of Object.entries(files)) {
    const path = join(dir, file);
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { flag: overwrite.has(file) ? 'w' : 'wx' });
    } catch (error) {
      throw new LetheError('usage', `${path} cannot be written`, {
        fix: 'Name a folder that you may write to.',
        cause: error,
      });
    }
  }
}

/** A folder as people write it. */
function shown(dir: string): string {
  return dir.replace(/(?<=.)\/+$/, '');
}

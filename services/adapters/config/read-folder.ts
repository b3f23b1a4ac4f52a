import { isUtf8 } from 'node:buffer';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../core/policy/problem.ts';
import { type ConfigurationFiles, isPolicyFile, schemaPath } from './parse.ts';
import { readYaml } from './yaml-document.ts';

/** The last may be missing. */
const TOP_FILES = ['taxonomy.yaml', 'purposes.yaml', 'regimes.yaml', 'guards.yaml'];
/** Nobody would miss guards that are not read. */
const MISNAMED_GUARDS = /^guards?\.ya?ml$/i;

/** A bundle travels through Redis and memory whole; no file that a person writes comes near this. */
const MAX_FILE_BYTES = 2 * 1024 * 1024;

export type FolderResult = {
  /** What could be read, by path relative to the folder, with `/`. */
  readonly files: ConfigurationFiles;
  /** What could not be read, and YAML files that look like configuration but are none (warnings). */
  readonly problems: readonly Problem[];
};

/**
 * Reads what makes up a bundle from a configuration folder: the top files, the policies, and the schema files that
 * policies name (which may lie outside the folder). A file that is missing altogether is left to `parseConfiguration`.
 */
export async function readFolder(folder: string): Promise<FolderResult> {
  const files: Record<string, string> = Object.create(null);
  const problems: Problem[] = [];
  const report = (
    code: string,
    file: string,
    message: string,
    fix: string,
    severity: Problem['severity'] = 'error',
    line = 1,
  ): void => {
    problems.push({ code, severity, position: { file, line, col: 1 }, message, fix });
  };

  async function read(file: string): Promise<void> {
    if (file in files) return;
    const found = await readText(join(folder, ...file.split('/')));
    if ('text' in found) files[file] = found.text;
    else if (found.code !== 'missing-file') report(found.code, file, found.message, found.fix, 'error', found.line);
  }

  const top = await names(folder);
  if (top === null) {
    report('missing-folder', '.', 'there is no such configuration folder', 'Name a folder that holds taxonomy.yaml.');
    return { files, problems };
  }
  for (const file of TOP_FILES) await read(file);
  for (const file of top) {
    const meant = TOP_FILES.find((known) => file.replace(/\.ya?ml$/i, '.yaml').toLowerCase() === known);
    if (MISNAMED_GUARDS.test(file) && file !== 'guards.yaml') {
      report('unread-file', file, 'the guards in this file are not read under its name', 'Rename it to guards.yaml.');
    } else if (meant !== undefined && file !== meant) {
      report('unread-file', file, 'the file is not read under this name', `Rename it to ${meant}.`, 'warning');
    }
  }
  for (const name of (await names(join(folder, 'policies'))) ?? []) {
    const file = `policies/${name}`;
    if (isPolicyFile(file)) {
      await read(file);
      const schema = namedSchema(file, files[file]);
      if (schema !== null) await read(schema);
    } else if ((await stat(join(folder, 'policies', name)).catch(() => null))?.isDirectory() === true) {
      const fix = 'Move its policies right beneath policies/.';
      report('unread-file', `${file}/`, 'folders beneath policies/ are not read', fix, 'warning');
    }
  }
  return { files, problems };
}

/** Sorted names in a folder without the hidden ones (editors and Kubernetes put those there); null: no folder. */
export async function names(folder: string): Promise<string[] | null> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  } catch {
    return null;
  }
}

/** The schema file a policy names, even if other things are wrong with the policy. */
function namedSchema(file: string, text: string | undefined): string | null {
  const yaml = text === undefined ? null : readYaml(file, text);
  const value = yaml?.ok === true ? yaml.document.value : null;
  const schema = (value as { from?: { schema?: unknown } } | null)?.from?.schema;
  return typeof schema === 'string' ? schemaPath(file, schema) : null;
}

type Unreadable = { readonly code: string; readonly message: string; readonly fix: string; readonly line?: number };

/** Reads a file as UTF-8, to the letter. */
export async function readText(path: string): Promise<{ readonly text: string } | Unreadable> {
  try {
    const info = await stat(path);
    if (!info.isFile()) return { code: 'unreadable-file', message: 'this is no file', fix: 'Put a file here.' };
    if (info.size > MAX_FILE_BYTES) {
      const fix = `Keep it under ${MAX_FILE_BYTES} bytes.`;
      return { code: 'file-too-large', message: 'the file is too large for a configuration', fix };
    }
    const bytes = await readFile(path);
    if (isUtf8(bytes)) return { text: bytes.toString('utf8') };
    const line = (bytes.toString('utf8').split('\uFFFD')[0] ?? '').split('\n').length;
    return { code: 'not-utf8', message: 'the file is not UTF-8', fix: 'Save it as UTF-8.', line };
  } catch (error) {
    const reason = (error as { code?: unknown }).code;
    if (reason === 'ENOENT' || reason === 'ENOTDIR') {
      return { code: 'missing-file', message: 'the file is missing', fix: 'Add it.' };
    }
    return {
      code: 'unreadable-file',
      message: `the file cannot be read (${String(reason)})`,
      fix: 'Check its rights.',
    };
  }
}

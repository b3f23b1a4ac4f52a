/** Where settings come from: the environment, else gateway.yaml, directly or through a `_FILE`. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Located } from '../../core/policy/document.ts';
import { didYouMean } from '../../core/policy/nearest.ts';
import { formatPosition } from '../../core/policy/report.ts';
import { checkShape } from './check-shape.ts';
import { contentOf, liveContent } from './live-file.ts';
import { SETTING_NAMES, type SettingName, type SettingsDocument, settingsShape } from './settings-shape.ts';
import { readYaml } from './yaml-document.ts';

/** Something wrong with a setting. No text in it holds the setting's value. */
export type SettingProblem = {
  readonly severity: 'error' | 'warning';
  /** `environment`, or `file:line:col`. */
  readonly from: string;
  readonly message: string;
  readonly fix: string;
};

/** A setting as text, and where it was found. */
export type Found = { readonly name: SettingName; readonly text: string; readonly from: string };

/** A setting that may stand in a file. */
export type FoundContent = Found & {
  /** The text as it is now: of the file's content by then; `text` is the one found at the start. */
  readonly now: () => string;
};

export type SettingsSource = {
  /** Null where it is not set; empty text in the environment is not set. */
  readonly find: (name: SettingName) => Found | null;
  /** Like `find`, from the file that `NAME_FILE` names where that is set instead. A line end at its end is no part. */
  readonly findSecret: (name: SecretName) => FoundContent | null;
  /** The absolute path that a setting names. */
  readonly findPath: (name: SettingName) => Found | null;
  /** The content of the file that a setting names; later ones that are not `fit` are passed over. */
  readonly findContent: (name: SettingName, fit?: (text: string) => boolean) => FoundContent | null;
  readonly report: (from: string, message: string, fix: string) => void;
  readonly problems: readonly SettingProblem[];
};

/** Settings that can come from a file. */
export type SecretName =
  Extract<SettingName, `${string}_FILE`> extends infer F
    ? F extends `${infer N}_FILE`
      ? Extract<SettingName, N>
      : never
    : never;

/** `LETHE_STACK_…` belongs to the local stack for tests and demo. */
const FOREIGN = /^LETHE_STACK_/;

type Environment = Readonly<Record<string, string | undefined>>;
type FileDocument = Located<SettingsDocument>;

/**
 * @param file gateway.yaml, or null for none; read at once.
 * @param optional the file may be missing.
 */
export function openSettings(env: Environment, file: string | null, optional: boolean): SettingsSource {
  const problems: SettingProblem[] = [];
  const report = (from: string, message: string, fix: string): void => {
    problems.push({ severity: 'error', from, message, fix });
  };
  for (const name of Object.keys(env)) {
    if (!name.startsWith('LETHE_') || FOREIGN.test(name) || SETTING_NAMES.some((known) => known === name)) continue;
    const fix = `Correct or remove it.${didYouMean(name, SETTING_NAMES)}`;
    problems.push({ severity: 'warning', from: 'environment', message: `there is no setting ${name}`, fix });
  }
  const document = file === null ? null : readSettingsFile(file, optional, problems);

  function find(name: SettingName): (Found & { readonly folder: string }) | null {
    const inEnvironment = env[name];
    if (inEnvironment !== undefined && inEnvironment !== '') {
      return { name, text: inEnvironment, from: 'environment', folder: '.' };
    }
    const inFile = document?.value[name];
    if (document === null || inFile === undefined) return null;
    const text = Array.isArray(inFile) ? inFile.join(',') : String(inFile);
    return { name, text, from: formatPosition(document.at([name])), folder: dirname(document.file) };
  }

  function findPath(name: SettingName): Found | null {
    const found = find(name);
    return found === null ? null : { name, text: resolve(found.folder, found.text), from: found.from };
  }

  function findContent(name: SettingName, fit?: (text: string) => boolean): FoundContent | null {
    const path = findPath(name);
    if (path === null) return null;
    try {
      const text = contentOf(path.text);
      if (text !== '') return { name, text, from: path.from, now: liveContent(path.text, text, fit) };
      report(path.from, `the file that ${name} names is empty`, 'Put what it should hold into it.');
    } catch (error) {
      const reason = String((error as { code?: unknown }).code);
      const fix = 'Name a file that this process can read.';
      report(path.from, `the file that ${name} names cannot be read (${reason})`, fix);
    }
    return null;
  }

  function findSecret(name: SecretName): FoundContent | null {
    const found = find(name);
    const plain = found === null ? null : { ...found, now: () => found.text };
    const inFile = find(`${name}_FILE`);
    if (plain === null || inFile === null) return inFile === null ? plain : findContent(`${name}_FILE`);
    const fromEnvironment = [plain, inFile].filter(({ from }) => from === 'environment');
    if (fromEnvironment.length === 1) return fromEnvironment[0] === plain ? plain : findContent(`${name}_FILE`);
    report(inFile.from, `both ${name} and ${name}_FILE are set`, 'Set one of the two.');
    return null;
  }

  return { find, findSecret, findPath, findContent, report, problems };
}

function readSettingsFile(file: string, optional: boolean, problems: SettingProblem[]): FileDocument | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = (error as { code?: unknown }).code;
    if (optional && reason === 'ENOENT') return null;
    const fix = 'Name a file that this process can read with --config.';
    problems.push({ severity: 'error', from: file, message: `the file cannot be read (${String(reason)})`, fix });
    return null;
  }
  const yaml = readYaml(file, text);
  if (!yaml.ok && yaml.problems.every(({ code }) => code === 'empty-file')) return null;
  const checked = yaml.ok ? checkShape(settingsShape, yaml.document, true) : yaml;
  if (checked.ok) return checked.document;
  for (const { position, message, fix } of checked.problems) {
    problems.push({ severity: 'error', from: formatPosition(position), message, fix });
  }
  return null;
}

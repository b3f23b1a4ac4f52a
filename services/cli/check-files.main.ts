/** The files of a process that hold secrets: who else may read them. */
import { statSync } from 'node:fs';
import { SETTING_NAMES, type SettingName } from '../adapters/config/settings-shape.ts';
import { openSettings } from '../adapters/config/settings-source.ts';
import { readKeys } from '../adapters/crypto/keys.ts';
import { counted, type Finding, saying } from '../core/check/finding.ts';
import type { Role } from '../core/check/role.ts';
import { LetheError } from '../core/errors.ts';

const settings = saying('settings');
const keys = saying('keys');

/** Names of Vault's key and not of a file. */
const NO_FILES: readonly SettingName[] = ['LETHE_VAULT_TRANSIT_KEY'];
const OTHERS_READ = 0o004;
const OTHERS_WRITE = 0o002;

/** @param config as given by `--config` */
export function checkSecretFiles(config: string | undefined): readonly Finding[] {
  const source = openSettings(process.env, config ?? null, config === undefined);
  const names = SETTING_NAMES.filter((name) => /_(FILE|KEY)$/.test(name) && !NO_FILES.includes(name));
  const findings: Finding[] = [];
  let fine = 0;
  for (const name of names) {
    const found = source.findPath(name);
    if (found === null) continue;
    const mode = modeOf(found.text);
    // That it cannot be read is said by whoever reads it.
    if (mode === null) continue;
    const open = [...(mode & OTHERS_READ ? ['read'] : []), ...(mode & OTHERS_WRITE ? ['write'] : [])];
    if (open.length === 0) fine++;
    else {
      const finding = `every user of this machine may ${open.join(' and ')} it (mode ${(mode & 0o777).toString(8)})`;
      findings.push(settings.warn(`${name} ${found.text}`, finding, `chmod o-rwx ${found.text}`));
    }
  }
  if (fine > 0)
    findings.push(settings.ok('secret files', `${counted(fine, 'file')} closed to other users of this machine`));
  return findings;
}

/** Null where it is not there, or its folder is closed to us. */
function modeOf(path: string): number | null {
  try {
    return statSync(path).mode;
  } catch {
    return null;
  }
}

/**
 * @param encrypting what the bundle needs data keys for.
 * @param vault a Vault wraps them.
 */
export function checkKeys(
  file: string,
  roles: readonly Role[],
  { encrypting, vault }: { readonly encrypting: boolean; readonly vault: boolean },
): readonly Finding[] {
  let held: ReturnType<typeof readKeys>;
  try {
    held = readKeys(file);
  } catch (error) {
    if (!(error instanceof LetheError)) throw error;
    return [keys.fail(file, error.message, error.fix ?? '', 'config')];
  }
  const { versions } = held;
  const needed = new Set<keyof typeof versions>(['subject', 'pseudonym']);
  if (roles.includes('gateway')) {
    needed.add('dead_letter');
    if (encrypting) needed.add('data_key_ref');
    if (encrypting && !vault) needed.add('data_key');
  }
  const lacking = [...needed].filter((name) => versions[name].length === 0);
  const findings = lacking.map((name) =>
    keys.fail(
      file,
      `the key "${name}" is missing`,
      'Add it: "lethe keys generate" prints a complete set of new keys.',
      'config',
    ),
  );
  if (roles.includes('control') && versions.checkpoint.length === 0) {
    const finding = 'no key "checkpoint" to sign receipts with: requests of subjects are not carried out';
    findings.push(keys.warn(file, finding, 'Add it: "lethe keys generate" prints a complete set of new keys.'));
  }
  if (roles.includes('control') && !needed.has('dead_letter') && versions.dead_letter.length === 0) {
    const finding =
      'no key "dead_letter" to open the index of published keys with: no erasure ends where an output is keyed by a field';
    findings.push(keys.warn(file, finding, 'Add the one that the workers have.'));
  }
  if (findings.length > 0) return findings;
  return [keys.ok(file, `holds ${[...needed].join(', ')}`)];
}

/** What the readers of settings share: problems that recur, certificates, and secrets that do not show. */
import { inspect } from 'node:util';
import { didYouMean } from '../../core/policy/nearest.ts';
import type { SettingName } from './settings-shape.ts';
import type { Found, SettingsSource } from './settings-source.ts';

/** PEM texts, as Node's `tls.connect` takes them. Reading a member gives what its file holds at that moment. */
export type TlsFiles = { readonly ca?: string; readonly cert?: string; readonly key?: string };

type TlsPrefix = 'KAFKA_SSL' | 'REDIS' | 'SCHEMA_REGISTRY' | 'LETHE_API_TLS';

const isPem = (text: string): boolean => text.includes('-----BEGIN ');

/** The files of `PREFIX_CA`, `_CERT` and `_KEY`. */
export function tlsFiles(source: SettingsSource, prefix: TlsPrefix): TlsFiles {
  const ca = prefix === 'LETHE_API_TLS' ? null : source.findContent(`${prefix}_CA`, isPem);
  const cert = source.findContent(`${prefix}_CERT`, isPem);
  const key = source.findContent(`${prefix}_KEY`, isPem);
  for (const found of [ca, cert, key]) {
    if (found === null || isPem(found.text)) continue;
    source.report(found.from, `the file that ${found.name} names is not PEM`, 'Name a file with -----BEGIN … in it.');
  }
  const half = cert ?? key;
  if (half !== null && (cert === null) !== (key === null)) {
    source.report(half.from, `${half.name} is set alone`, `Set ${prefix}_CERT and ${prefix}_KEY, or neither.`);
  }
  const files: TlsFiles = {};
  for (const [name, found] of Object.entries({ ca, cert, key })) {
    if (found !== null) Object.defineProperty(files, name, { enumerable: true, get: found.now });
  }
  return concealing(files, ['key']);
}

export function missing(source: SettingsSource, name: SettingName, what: string): void {
  source.report(name, 'the setting is missing', `Set it in the environment or in gateway.yaml to ${what}.`);
}

export function oneOf<T extends string>(source: SettingsSource, found: Found | null, allowed: readonly T[]): T | null {
  if (found === null) return null;
  const value = allowed.find((one) => one === found.text.toLowerCase());
  if (value !== undefined) return value;
  const fix = `Allowed: ${allowed.join(', ')}.${didYouMean(found.text.toLowerCase(), allowed)}`;
  source.report(found.from, `${found.name} is none of what it can be`, fix);
  return null;
}

/** HOST:PORT. */
export function isEndpoint(text: string): boolean {
  const port = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

/** Freezes an object whose secret members are readable, but show neither in JSON nor when the object is printed. */
export function concealing<T extends object>(value: T, secrets: readonly string[]): T {
  const shown = () =>
    Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        key,
        secrets.includes(key) && member !== null ? '[secret]' : member,
      ]),
    );
  Object.defineProperty(value, 'toJSON', { value: shown });
  Object.defineProperty(value, inspect.custom, { value: shown });
  return Object.freeze(value);
}

/** The settings of a process (DESIGN section 9): typed, checked once, frozen, only what the command at hand needs. */
import { inspect } from 'node:util';
import { type DecodeLimits, DEFAULT_DECODE_LIMITS } from '../../core/apply/codec.ts';
import { type Deadlines, parseDeadlines } from '../../core/requests/deadline.ts';
import { didYouMean } from '../../core/policy/nearest.ts';
import { parseEpochs, type PseudonymSettings } from '../../core/pseudonym-epochs.ts';
import { callbackHosts } from './settings-callbacks.ts';
import type { SettingName } from './settings-shape.ts';
import { type Found, openSettings, type SettingProblem, type SettingsSource } from './settings-source.ts';

/** PEM texts, as Node's `tls.connect` takes them. */
export type TlsFiles = { readonly ca?: string; readonly cert?: string; readonly key?: string };

const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** What a process may need of its surroundings. */
export type Surroundings = {
  readonly kafka: {
    readonly brokers: readonly string[];
    readonly clientId: string;
    readonly ssl: boolean | TlsFiles;
    readonly sasl: {
      readonly mechanism: (typeof SASL_MECHANISMS)[number];
      readonly username: string;
      readonly password: string;
    } | null;
  };
  readonly redis: { readonly url: string; readonly tls: TlsFiles };
  readonly registry: { readonly url: string; readonly user: string | null; readonly password: string | null };
  /** Absolute path. */
  readonly keysFile: string;
  /** The control API; null without a tokens file. */
  readonly api: {
    readonly host: string;
    readonly port: number;
    /** Absolute path. */
    readonly tokensFile: string;
    /** PEM texts, or null for plain HTTP. */
    readonly tls: { readonly cert: string; readonly key: string } | null;
    readonly requestsPerMinute: number;
    /** Absolute path. */
    readonly feedsFile: string | null;
  };
};

export type Need = keyof Surroundings;

/** `N`: what is there for certain. The rest is null where it was neither needed nor wanted, or is not set. */
export type Settings<N extends Need = never> = { readonly [K in N]: Surroundings[K] } & {
  readonly [K in Exclude<Need, N>]: Surroundings[K] | null;
} & {
  readonly groupId: string;
  readonly http: { readonly host: string; readonly port: number };
  /** Milliseconds. */
  readonly consentMaxStalenessMs: number;
  /** The Vault whose transit engine wraps data keys; null: the keys file does. */
  readonly vault: {
    readonly address: string;
    readonly token: string;
    readonly key: string;
    readonly mount: string;
  } | null;
  /** How raw records are consumed; names and units as the Kafka transport takes them. */
  readonly consume: { readonly sessionTimeoutMs: number; readonly maxBytesPerPartition: number };
  readonly limits: DecodeLimits;
  readonly pseudonyms: PseudonymSettings;
  readonly requestDeadlines: Deadlines;
  /** `HOST` or `HOST:PORT`; none: callbacks of requests are refused. */
  readonly callbackHosts: readonly string[];
  readonly logLevel: (typeof LOG_LEVELS)[number];
};

export type SettingsResult<N extends Need> =
  | { readonly ok: true; readonly settings: Settings<N>; readonly warnings: readonly SettingProblem[] }
  | { readonly ok: false; readonly problems: readonly SettingProblem[] };

export type SettingsRequest<N extends Need> = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** gateway.yaml as given by `--config`; it must exist. */
  readonly file?: string | undefined;
  /** Read in place of `file` where that is not given and this exists. */
  readonly fallbackFile?: string | undefined;
  /** What must be set. */
  readonly needs: readonly N[];
  /** What is read where it is set. Anything else is not even looked at. */
  readonly wants?: readonly Need[];
};

/**
 * Reads settings; the environment wins over the file. Returns them, or every problem at once; no problem holds the value
 * of a setting. Settings print without their secrets.
 */
export function readSettings<N extends Need = never>(request: SettingsRequest<N>): SettingsResult<N> {
  const { env, file, fallbackFile, needs, wants = [] } = request;
  const source = openSettings(env, file ?? fallbackFile ?? null, file === undefined);
  const groupId = text(
    source,
    'LETHE_GROUP_ID',
    'lethe',
    /^[A-Za-z0-9._-]{1,200}$/,
    'letters, digits, `.`, `_` and `-`',
  );
  const read = <K extends Need>(need: K, reader: (required: boolean) => Surroundings[K] | null) => {
    const required = (needs as readonly Need[]).includes(need);
    return required || wants.includes(need) ? reader(required) : null;
  };
  const settings = {
    kafka: read('kafka', (required) => kafka(source, groupId, required)),
    redis: read('redis', (required) => redis(source, required)),
    registry: read('registry', (required) => registry(source, required)),
    keysFile: read('keysFile', (required) => {
      const found = source.findPath('LETHE_KEYS_FILE');
      if (found === null && required) missing(source, 'LETHE_KEYS_FILE', 'the file that `lethe keys generate` made');
      return found?.text ?? null;
    }),
    api: read('api', (required) => api(source, required)),
    groupId,
    http: Object.freeze({
      host: text(source, 'LETHE_HTTP_HOST', '0.0.0.0', /^[A-Za-z0-9.:_-]+$/, 'an address such as 127.0.0.1'),
      port: whole(source, 'LETHE_HTTP_PORT', 9464, 0, 65_535),
    }),
    consentMaxStalenessMs: duration(source, 'LETHE_CONSENT_MAX_STALENESS', 'PT60S', 60_000),
    vault: vault(source),
    consume: Object.freeze({
      sessionTimeoutMs: duration(source, 'LETHE_SESSION_TIMEOUT', 'PT10S', 10_000),
      maxBytesPerPartition: whole(source, 'LETHE_BATCH_BYTES', 1024 * 1024, 1024, 64 * 1024 * 1024),
    }),
    limits: Object.freeze({
      maxBytes: whole(source, 'LETHE_MAX_RECORD_BYTES', DEFAULT_DECODE_LIMITS.maxBytes, 1, 1024 ** 3),
      maxDepth: whole(source, 'LETHE_MAX_DEPTH', DEFAULT_DECODE_LIMITS.maxDepth, 1, 10_000),
    }),
    pseudonyms: Object.freeze({
      epochs: epochs(source),
      keepMs: source.find('LETHE_PSEUDONYM_KEEP') === null ? null : duration(source, 'LETHE_PSEUDONYM_KEEP', 'P90D', 0),
    }),
    requestDeadlines: deadlines(source),
    callbackHosts: callbackHosts(source),
    logLevel: oneOf(source, source.find('LETHE_LOG_LEVEL'), LOG_LEVELS) ?? 'info',
  };
  const { problems } = source;
  if (problems.some(({ severity }) => severity === 'error')) return { ok: false, problems };
  // What is needed and not there was reported as a problem.
  return { ok: true, settings: Object.freeze(settings) as unknown as Settings<N>, warnings: problems };
}

/** `FROM: MESSAGE. FIX`, a line each. */
export function formatSettingProblems(problems: readonly SettingProblem[]): string {
  return problems
    .map(
      ({ severity, from, message, fix }) => `${from}: ${severity === 'warning' ? 'warning: ' : ''}${message}. ${fix}\n`,
    )
    .join('');
}

function kafka(source: SettingsSource, clientId: string, required: boolean): Surroundings['kafka'] | null {
  const found = source.find('KAFKA_BROKERS');
  if (found === null) {
    if (required) missing(source, 'KAFKA_BROKERS', 'HOST:PORT of some brokers, separated by commas');
    return null;
  }
  const brokers = found.text
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
  const wrong = brokers.filter((broker) => !isEndpoint(broker));
  if (brokers.length === 0 || wrong.length > 0) {
    source.report(found.from, 'KAFKA_BROKERS is no list of HOST:PORT', 'Write HOST:PORT,HOST:PORT without a scheme.');
  }
  const username = source.findSecret('KAFKA_SASL_USERNAME');
  const password = source.findSecret('KAFKA_SASL_PASSWORD');
  const declared = source.find('KAFKA_SASL_MECHANISM');
  const mechanism = oneOf(source, declared, SASL_MECHANISMS);
  if (declared === null) {
    for (const orphan of [username, password]) {
      if (orphan === null) continue;
      const fix = `Set KAFKA_SASL_MECHANISM to ${SASL_MECHANISMS.join(', ')}.`;
      source.report(orphan.from, `${orphan.name} is set, but no mechanism`, fix);
    }
  } else {
    if (username === null) missing(source, 'KAFKA_SASL_USERNAME', 'the user, since KAFKA_SASL_MECHANISM is set');
    if (password === null) missing(source, 'KAFKA_SASL_PASSWORD', 'the password, since KAFKA_SASL_MECHANISM is set');
  }
  const sasl =
    mechanism === null || username === null || password === null
      ? null
      : concealing({ mechanism, username: username.text, password: password.text }, ['password']);
  return Object.freeze({ brokers: Object.freeze(brokers), clientId, ssl: kafkaSsl(source), sasl });
}

function kafkaSsl(source: SettingsSource): boolean | TlsFiles {
  const files = tlsFiles(source, 'KAFKA_SSL');
  const found = source.find('KAFKA_SSL');
  const on = found === null ? null : { true: true, '1': true, false: false, '0': false }[found.text.toLowerCase()];
  if (found !== null && on === undefined)
    source.report(found.from, 'KAFKA_SSL is neither on nor off', 'Use true or false.');
  const any = Object.keys(files).length > 0;
  if (found !== null && on === false && any) {
    const fix = 'Turn it on, or remove KAFKA_SSL_CA, KAFKA_SSL_CERT and KAFKA_SSL_KEY.';
    source.report(found.from, 'KAFKA_SSL is off, but certificates are set', fix);
  }
  return any ? files : on === true;
}

function redis(source: SettingsSource, required: boolean): Surroundings['redis'] | null {
  const url = source.findSecret('REDIS_URL');
  if (url === null) {
    if (required) missing(source, 'REDIS_URL', 'redis://HOST:PORT');
    return null;
  }
  // What comes after the scheme is checked where it is used, by adapters/redis.
  if (!/^rediss?(\+cluster)?:\/\/./i.test(url.text)) {
    const fix = 'Write redis://HOST:PORT, rediss://HOST:PORT for TLS, or redis+cluster://HOST:PORT,HOST:PORT.';
    source.report(url.from, 'REDIS_URL is no Redis URL', fix);
  }
  const tls = tlsFiles(source, 'REDIS');
  if (Object.keys(tls).length > 0 && !/^rediss/i.test(url.text)) {
    const fix = 'Write rediss:// for TLS, or remove REDIS_CA, REDIS_CERT and REDIS_KEY.';
    source.report(url.from, 'REDIS_URL asks for no TLS, but certificates are set', fix);
  }
  return concealing({ url: url.text, tls }, ['url']);
}

function registry(source: SettingsSource, required: boolean): Surroundings['registry'] | null {
  const found = source.findSecret('SCHEMA_REGISTRY_URL');
  const user = source.findSecret('SCHEMA_REGISTRY_USER');
  const password = source.findSecret('SCHEMA_REGISTRY_PASSWORD');
  if (found === null) {
    if (required) missing(source, 'SCHEMA_REGISTRY_URL', 'the base URL of the schema registry');
    return null;
  }
  const url = URL.canParse(found.text) ? new URL(found.text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    source.report(found.from, 'SCHEMA_REGISTRY_URL is no http(s) URL', 'Write http://HOST:PORT or https://HOST/PATH.');
    return null;
  }
  if (url.username !== '' || url.password !== '') {
    const fix = 'Put them into SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD (or _FILE), not into the URL.';
    source.report(found.from, 'SCHEMA_REGISTRY_URL holds credentials', fix);
  }
  if ((user === null) !== (password === null)) {
    const half = user ?? password ?? found;
    source.report(half.from, `${half.name} is set alone`, 'Set user and password, or neither.');
  }
  const base = found.text.replace(/\/+$/, '');
  return concealing({ url: base, user: user?.text ?? null, password: password?.text ?? null }, ['password']);
}

function vault(source: SettingsSource): Settings['vault'] {
  const address = source.find('LETHE_VAULT_ADDR');
  if (address === null) return null;
  if (!URL.canParse(address.text) || !/^https?:$/.test(new URL(address.text).protocol)) {
    source.report(address.from, 'LETHE_VAULT_ADDR is no http(s) URL', 'Write https://HOST:8200.');
  }
  const token = source.findSecret('LETHE_VAULT_TOKEN');
  const key = source.find('LETHE_VAULT_TRANSIT_KEY');
  if (token === null) missing(source, 'LETHE_VAULT_TOKEN', 'the token, since LETHE_VAULT_ADDR is set');
  if (key === null) missing(source, 'LETHE_VAULT_TRANSIT_KEY', 'the name of the key, since LETHE_VAULT_ADDR is set');
  const mount = text(
    source,
    'LETHE_VAULT_TRANSIT_MOUNT',
    'transit',
    /^[A-Za-z0-9._/-]{1,200}$/,
    'the path of the engine',
  );
  return concealing({ address: address.text, token: token?.text ?? '', key: key?.text ?? '', mount }, ['token']);
}

function api(source: SettingsSource, required: boolean): Surroundings['api'] | null {
  const found = source.findPath('LETHE_API_TOKENS_FILE');
  if (found === null) {
    if (required) missing(source, 'LETHE_API_TOKENS_FILE', 'a file of lines that `lethe keys token` printed');
    return null;
  }
  const { cert, key } = tlsFiles(source, 'LETHE_API_TLS');
  return Object.freeze({
    host: text(source, 'LETHE_API_HOST', '127.0.0.1', /^[A-Za-z0-9.:_-]+$/, 'an address such as 127.0.0.1'),
    port: whole(source, 'LETHE_API_PORT', 8080, 0, 65_535),
    tokensFile: found.text,
    tls: cert === undefined || key === undefined ? null : concealing({ cert, key }, ['key']),
    requestsPerMinute: whole(source, 'LETHE_API_REQUESTS_PER_MINUTE', 6_000, 1, 10_000_000),
    feedsFile: source.findPath('LETHE_FEEDS_FILE')?.text ?? null,
  });
}

function tlsFiles(source: SettingsSource, prefix: 'KAFKA_SSL' | 'REDIS' | 'LETHE_API_TLS'): TlsFiles {
  const ca = prefix === 'LETHE_API_TLS' ? null : source.findContent(`${prefix}_CA`);
  const cert = source.findContent(`${prefix}_CERT`);
  const key = source.findContent(`${prefix}_KEY`);
  for (const found of [ca, cert, key]) {
    if (found === null || found.text.includes('-----BEGIN ')) continue;
    source.report(found.from, `the file that ${found.name} names is not PEM`, 'Name a file with -----BEGIN … in it.');
  }
  const half = cert ?? key;
  if (half !== null && (cert === null) !== (key === null)) {
    source.report(half.from, `${half.name} is set alone`, `Set ${prefix}_CERT and ${prefix}_KEY, or neither.`);
  }
  return concealing({ ...(ca && { ca: ca.text }), ...(cert && { cert: cert.text }), ...(key && { key: key.text }) }, [
    'key',
  ]);
}

function missing(source: SettingsSource, name: SettingName, what: string): void {
  source.report(name, 'the setting is missing', `Set it in the environment or in gateway.yaml to ${what}.`);
}

function text(source: SettingsSource, name: SettingName, fallback: string, pattern: RegExp, what: string): string {
  const found = source.find(name);
  if (found === null) return fallback;
  if (!pattern.test(found.text)) source.report(found.from, `${name} cannot be used`, `Use ${what}.`);
  return found.text;
}

function whole(source: SettingsSource, name: SettingName, fallback: number, least: number, most: number): number {
  const found = source.find(name);
  if (found === null) return fallback;
  const value = /^\d{1,15}$/.test(found.text) ? Number(found.text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    source.report(found.from, `${name} is no whole number in range`, `Use one from ${least} to ${most}.`);
  }
  return value;
}

function deadlines(source: SettingsSource): Deadlines {
  const found = source.find('LETHE_REQUEST_DEADLINES');
  const read = parseDeadlines(found?.text ?? '');
  if (read !== null) return read;
  source.report(found?.from ?? '', 'LETHE_REQUEST_DEADLINES cannot be used', 'Write it like gdpr=P30D,ccpa=P45D.');
  return new Map();
}

function oneOf<T extends string>(source: SettingsSource, found: Found | null, allowed: readonly T[]): T | null {
  if (found === null) return null;
  const value = allowed.find((one) => one === found.text.toLowerCase());
  if (value !== undefined) return value;
  const fix = `Allowed: ${allowed.join(', ')}.${didYouMean(found.text.toLowerCase(), allowed)}`;
  source.report(found.from, `${found.name} is none of what it can be`, fix);
  return null;
}

/** ISO 8601 durations of days, hours, minutes and seconds, in milliseconds. */
function duration(source: SettingsSource, name: SettingName, example: string, fallbackMs: number): number {
  const found = source.find(name);
  if (found === null) return fallbackMs;
  const match =
    /^P(?=\d|T\d)(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,3})?)S)?)?$/.exec(
      found.text,
    );
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = (match ?? []).slice(1).map((part) => Number(part ?? 0));
  const ms = Math.round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000);
  if (ms > 0) return ms;
  const fix = `Use an ISO 8601 duration above zero, such as ${example} or PT5M.`;
  source.report(found.from, `${name} is no duration`, fix);
  return fallbackMs;
}

function epochs(source: SettingsSource): PseudonymSettings['epochs'] {
  const found = source.find('LETHE_PSEUDONYM_EPOCHS');
  const parsed = found === null ? new Map<number, number>() : parseEpochs(found.text);
  if (found !== null && parsed === null) {
    const fix = 'Write VERSION=TIME,VERSION=TIME, such as 2=2026-06-01T00:00:00Z; a later version begins later.';
    source.report(found.from, 'LETHE_PSEUDONYM_EPOCHS is no list of versions and times', fix);
  }
  return parsed ?? new Map<number, number>();
}

function isEndpoint(text: string): boolean {
  const port = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

/** Freezes an object whose secret members are readable, but show neither in JSON nor when the object is printed. */
function concealing<T extends object>(value: T, secrets: readonly string[]): T {
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

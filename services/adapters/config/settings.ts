/** The settings of a process (DESIGN section 9): typed, checked once, frozen, only what the command at hand needs. */
import { type DecodeLimits, DEFAULT_DECODE_LIMITS } from '../../core/apply/codec.ts';
import { type Deadlines, parseDeadlines } from '../../core/requests/deadline.ts';
import { parseEpochs, type PseudonymSettings } from '../../core/pseudonym-epochs.ts';
import { callbackHosts } from './settings-callbacks.ts';
import { concealing, missing, oneOf, type TlsFiles, tlsFiles } from './settings-parts.ts';
import { type KafkaSurroundings, kafka } from './settings-kafka.ts';
import { redis, type RedisSurroundings, registry, type RegistrySurroundings } from './settings-servers.ts';
import type { SettingName } from './settings-shape.ts';
import { type TraceSettings, traces } from './settings-traces.ts';
import { openSettings, type SettingProblem, type SettingsSource } from './settings-source.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** What a process may need of its surroundings. */
export type Surroundings = {
  readonly kafka: KafkaSurroundings;
  readonly redis: RedisSurroundings;
  readonly registry: RegistrySurroundings;
  /** Absolute path. */
  readonly keysFile: string;
  /** The control API; null without a tokens file. */
  readonly api: {
    readonly host: string;
    readonly port: number;
    /** Absolute path. */
    readonly tokensFile: string;
    /** PEM texts, or null for plain HTTP. Reading a member gives what its file holds at that moment. */
    readonly tls: { readonly cert: string; readonly key: string } | null;
    readonly requestsPerMinute: number;
    /** Absolute path. */
    readonly feedsFile: string | null;
  };
  /** Where traces go; null where there are to be none. */
  readonly traces: TraceSettings;
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
    traces: read('traces', () => traces(source)),
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
  const settings = {
    address: address.text,
    // Asked for at each request: tokens of Vault are renewed.
    get token() {
      return token?.now() ?? '';
    },
    key: key?.text ?? '',
    mount,
  };
  return concealing(settings, ['token']);
}

function api(source: SettingsSource, required: boolean): Surroundings['api'] | null {
  const found = source.findPath('LETHE_API_TOKENS_FILE');
  if (found === null) {
    if (required) missing(source, 'LETHE_API_TOKENS_FILE', 'a file of lines that `lethe keys token` printed');
    return null;
  }
  const tls = tlsFiles(source, 'LETHE_API_TLS');
  return Object.freeze({
    host: text(source, 'LETHE_API_HOST', '127.0.0.1', /^[A-Za-z0-9.:_-]+$/, 'an address such as 127.0.0.1'),
    port: whole(source, 'LETHE_API_PORT', 8080, 0, 65_535),
    tokensFile: found.text,
    tls: isWhole(tls) ? tls : null,
    requestsPerMinute: whole(source, 'LETHE_API_REQUESTS_PER_MINUTE', 6_000, 1, 10_000_000),
    feedsFile: source.findPath('LETHE_FEEDS_FILE')?.text ?? null,
  });
}

function isWhole(tls: TlsFiles): tls is TlsFiles & { readonly cert: string; readonly key: string } {
  return 'cert' in tls && 'key' in tls;
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

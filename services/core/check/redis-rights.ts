/**
 * What each role has to be allowed at Redis: the commands that it sends, those inside its scripts too (Redis checks these
 * with the caller's rights), and the keys that it touches.
 */
import type { CompiledBundle } from '../policy/plan.ts';
import type { Role } from './role.ts';

export type RedisKeys = {
  /** As Redis matches it. */
  readonly pattern: string;
  /** `read` needs Redis 7 (`%R~`). */
  readonly access: 'read' | 'all';
};

/** A command as the role sends it, on keys of nobody. */
export type RedisProbe = {
  readonly command: readonly [string, ...string[]];
  /** It may really be sent: it changes nothing. */
  readonly harmless: boolean;
};

export type RedisRights = {
  readonly keys: readonly RedisKeys[];
  /** Sorted, in lower case; of some only a subcommand (`cluster|slots`). */
  readonly commands: readonly string[];
  readonly probes: readonly RedisProbe[];
};

export type RedisRightsOf = {
  /** Data keys are kept where a field is encrypted. */
  readonly encrypts: boolean;
  /** Another database than 0 has to be chosen. */
  readonly database: number;
  readonly cluster: boolean;
};

/** Keys by what they are for; `adapters/redis/keys.ts` names them. */
export const REDIS_KEYS = {
  consent: 'lethe:consent:*',
  bundle: 'lethe:bundle:*',
  dataKey: 'lethe:data-key:{*',
  dataKeysDue: 'lethe:data-key:due',
  idempotency: 'lethe:idempotency:*',
  lease: 'lethe:lease:*',
} as const;

type Family = keyof typeof REDIS_KEYS;

/** Of nobody: tokens are 43 characters of base64url. */
const CONSENT = 'lethe:consent:{check}';
const DATA_KEY = 'lethe:data-key:{check}';
const ACTIVE = 'lethe:bundle:active';
const BUNDLE = 'lethe:bundle:check';
const IDEMPOTENCY = 'lethe:idempotency:check';
const LEASE = 'lethe:lease:check';
const MARKS = ['lethe:bundle:shadow', 'lethe:consent:watermark', 'lethe:consent:changes'];
const NO_SCRIPT = '0'.repeat(40);

type Uses = {
  readonly keys: readonly (readonly [Family, RedisKeys['access']])[];
  readonly probes: readonly RedisProbe[];
};

const asks = (...command: [string, ...string[]]): RedisProbe => ({ command, harmless: true });
const changes = (...command: [string, ...string[]]): RedisProbe => ({ command, harmless: false });
/** A script that does nothing. */
const evals = (...keys: string[]): RedisProbe => asks('eval', 'return 1', String(keys.length), ...keys);
/** Scripts that are sent again and again, by their digest: this one nobody knows. */
const scripts = (...keys: string[]): readonly RedisProbe[] => [
  evals(...keys),
  asks('evalsha', NO_SCRIPT, String(keys.length), ...keys),
];

const GATEWAY: Uses = {
  keys: [
    ['consent', 'read'],
    ['bundle', 'read'],
  ],
  probes: [
    asks('mget', CONSENT),
    asks('mget', ACTIVE),
    asks('echo', 'check'),
    asks('get', BUNDLE),
    asks('get', CONSENT),
  ],
};

/** data-key-scripts.ts: a worker makes keys. */
const ENCRYPTING: Uses = {
  keys: [['dataKey', 'all']],
  probes: [asks('mget', DATA_KEY), ...scripts(DATA_KEY), asks('get', DATA_KEY), changes('set', DATA_KEY, '')],
};

const CONTROL: Uses = {
  keys: [
    ['consent', 'all'],
    ['bundle', 'read'],
    ['dataKey', 'all'],
    ['dataKeysDue', 'all'],
    ['idempotency', 'all'],
    ['lease', 'all'],
  ],
  probes: [
    asks('mget', CONSENT),
    asks('mget', ACTIVE),
    asks('mget', DATA_KEY),
    asks('echo', 'check'),
    asks('get', BUNDLE),
    asks('get', IDEMPOTENCY),
    // projection-script.ts, scripts.ts and data-key-scripts.ts
    ...scripts(CONSENT, ...MARKS.slice(1)),
    ...scripts(DATA_KEY),
    asks('get', CONSENT),
    changes('set', CONSENT, ''),
    changes('append', CONSENT, ''),
    changes('incr', MARKS[2]!),
    changes('set', DATA_KEY, ''),
    changes('zadd', REDIS_KEYS.dataKeysDue, 'LT', '0', ''),
    asks('zrangebyscore', REDIS_KEYS.dataKeysDue, '-inf', '0'),
    changes('zrem', REDIS_KEYS.dataKeysDue, ''),
    // idempotency.ts
    changes('set', IDEMPOTENCY, '', 'EX', '1', 'NX'),
    evals(IDEMPOTENCY),
    changes('del', IDEMPOTENCY),
    // lease.ts
    evals(LEASE),
    changes('set', LEASE, '', 'NX', 'PX', '1'),
    asks('get', LEASE),
    changes('pexpire', LEASE, '1'),
    changes('del', LEASE),
  ],
};

const PUSH: Uses = {
  keys: [['bundle', 'all']],
  probes: [
    asks('get', ACTIVE),
    asks('scan', '0', 'MATCH', 'lethe:consent:{*', 'COUNT', '1'),
    // bundle-store.ts; a transaction that holds nothing
    asks('multi'),
    asks('exec'),
    changes('set', ACTIVE, ''),
    evals(MARKS[0]!),
    changes('del', MARKS[0]!),
    changes('getdel', MARKS[0]!),
  ],
};

const OF_ROLE: Readonly<Record<Role, (of: RedisRightsOf) => readonly Uses[]>> = {
  gateway: ({ encrypts }) => (encrypts ? [GATEWAY, ENCRYPTING] : [GATEWAY]),
  control: () => [CONTROL],
  push: () => [PUSH],
};

/** For one user who plays all of the roles. */
export function redisRights(roles: readonly Role[], of: RedisRightsOf): RedisRights {
  const uses = roles.flatMap((role) => OF_ROLE[role](of));
  const keys = new Map<Family, RedisKeys['access']>();
  for (const [family, access] of uses.flatMap((one) => one.keys)) {
    if (keys.get(family) !== 'all') keys.set(family, access);
  }
  const connecting = [
    // What kind of server it is: one that may evict is refused.
    asks('info'),
    ...(of.database === 0 ? [] : [asks('select', String(of.database))]),
    ...(of.cluster ? [asks('cluster', 'slots'), asks('cluster', 'info')] : []),
  ];
  const probes = [...connecting, ...uses.flatMap((one) => one.probes)];
  const commands = probes.map(({ command: [name, second] }) => (name === 'cluster' ? `cluster|${second}` : name));
  return {
    keys: [...keys].map(([family, access]) => ({ pattern: REDIS_KEYS[family], access })),
    commands: [...new Set(commands)].toSorted(),
    probes,
  };
}

/** What nobody who plays these roles needs: each group with what could be done by it. */
export function redisExcess(
  rights: RedisRights,
): readonly { readonly what: string; readonly probes: readonly RedisProbe[] }[] {
  const access = (family: Family): RedisKeys['access'] | null =>
    rights.keys.find(({ pattern }) => pattern === REDIS_KEYS[family])?.access ?? null;
  const others: { what: string; probes: readonly RedisProbe[] }[] = [
    { what: "read keys that are not Lethe's", probes: [asks('get', 'lethe-check')] },
    { what: "change keys that are not Lethe's", probes: [changes('set', 'lethe-check', '')] },
  ];
  if (access('consent') !== 'all')
    others.push({ what: "change subjects' consents", probes: [changes('set', CONSENT, '')] });
  if (access('consent') === null) others.push({ what: "read subjects' consents", probes: [asks('get', CONSENT)] });
  if (access('bundle') !== 'all')
    others.push({ what: 'make another bundle active', probes: [changes('set', ACTIVE, '')] });
  if (access('dataKey') === null) others.push({ what: "read subjects' data keys", probes: [asks('get', DATA_KEY)] });
  const dangerous: RedisProbe[] = [
    changes('flushall'),
    changes('config', 'set', 'maxmemory', '0'),
    changes('acl', 'setuser', 'lethe-check'),
    changes('shutdown'),
    changes('debug', 'sleep', '0'),
    changes('keys', '*'),
    changes('replicaof', 'no', 'one'),
  ];
  return [
    ...others,
    ...dangerous.map((probe) => ({ what: probe.command.slice(0, 2).join(' ').toUpperCase(), probes: [probe] })),
  ];
}

/** Whether a field or a header of any output is encrypted, or would be by the tag of a schema: then data keys are kept. */
export function encrypts({ routes }: Pick<CompiledBundle, 'routes'>): boolean {
  return routes.some(({ plan, tags, planWith }) => {
    const tagged = new Map([...(tags?.values() ?? [])].map((category, index) => [`tagged${index}`, category]));
    return (tagged.size === 0 ? plan : planWith(tagged)).outputs.some(({ leaves, headers }) =>
      [...leaves, ...headers].some(({ action }) => action.kind === 'encrypt'),
    );
  });
}

/** `ACL SETUSER` for exactly these rights. @param password as it is to be shown */
export function aclSetUser(user: string, password: string, { keys, commands }: RedisRights): string {
  const patterns = keys.map(({ pattern, access }) => `${access === 'read' ? '%R' : ''}~${pattern}`);
  return ['ACL SETUSER', user, 'reset', 'on', `>${password}`, ...patterns, ...commands.map((name) => `+${name}`)].join(
    ' ',
  );
}

/** What a Redis says of itself and of the user, held against what Lethe rests on. */
import { type Finding, saying } from './finding.ts';
import { redisExcess, type RedisProbe, type RedisRights } from './redis-rights.ts';

/** Null: nobody can tell. */
export type MayRun = (probe: RedisProbe) => boolean | null;

const { ok, warn, fail } = saying('redis');

/** @param info fields of INFO; null where the user may not ask. */
export function judgeRedisServer(
  endpoint: string,
  info: ReadonlyMap<string, string> | null,
  keepsDataKeys: boolean,
): readonly Finding[] {
  if (info === null) {
    return [warn(endpoint, 'the user may not ask INFO: whether keys may vanish is not known', 'Allow it: +info.')];
  }
  const findings: Finding[] = [];
  const version = info.get('redis_version') ?? 'unknown';
  if (Number.parseInt(version, 10) < 7) {
    findings.push(warn(endpoint, `is version ${version}`, 'Use 7 or later: rights to read keys alone need it.'));
  } else findings.push(ok(endpoint, `answers, version ${version}`));
  const policy = info.get('maxmemory_policy');
  const limited = (info.get('maxmemory') ?? '0') !== '0';
  if (policy !== undefined && policy !== 'noeviction') {
    const fix = 'Set maxmemory-policy noeviction.';
    if (limited && policy.startsWith('allkeys-')) {
      findings.push(fail('maxmemory-policy', `${policy}: consents could vanish, so no process uses it`, fix));
    } else {
      const why = limited ? 'answers kept for repeated API calls could vanish' : 'harmless only while maxmemory is 0';
      findings.push(warn('maxmemory-policy', `${policy}: ${why}`, fix));
    }
  } else if (policy !== undefined) findings.push(ok('maxmemory-policy', policy));
  if (info.get('role') === 'slave') {
    findings.push(fail('role', 'is a replica, which takes no writes and may lag', 'Name the primary in REDIS_URL.'));
  }
  if (info.get('aof_enabled') === '0') {
    const lost = keepsDataKeys
      ? 'a crash loses data keys for ever, and with them what they encrypt'
      : 'after a crash the active bundle and the view are older, and have to be pushed and rebuilt';
    findings.push(warn('appendonly', `no: ${lost}`, 'Set appendonly yes.'));
  } else if (info.has('aof_enabled')) findings.push(ok('appendonly', 'yes'));
  return findings;
}

/** @param user as Redis knows it, or as the URL says. */
export function judgeRedisRights(rights: RedisRights, may: MayRun, user: string): readonly Finding[] {
  const refused = rights.probes.filter((probe) => may(probe) === false);
  const unknown = rights.probes.filter((probe) => may(probe) === null);
  const findings: Finding[] = [];
  const told = new Set<string>();
  for (const { command } of refused) {
    const [name, key] = named(command);
    const finding = `may not ${name}${key === null ? '' : ` ${key}`}`;
    if (told.has(finding)) continue;
    told.add(finding);
    findings.push(fail(`user ${user}`, finding, `ACL SETUSER ${user} ${grant(command, rights)}`));
  }
  const known = rights.probes.length - unknown.length;
  if (refused.length === 0) findings.push(ok(`user ${user}`, `may do the ${known} things that were asked about`));
  if (unknown.length > 0) {
    const names = [...new Set(unknown.map(({ command }) => named(command)[0]))];
    const fix = 'Nothing to do where the user is as "lethe check --print-acls" prints it.';
    findings.push(warn(`user ${user}`, `nobody can ask whether it may ${names.join(', ')}`, fix));
  }
  const excess = redisExcess(rights)
    .filter(({ probes }) => probes.some((probe) => may(probe) === true))
    .map(({ what }) => what);
  if (excess.length > 0) {
    const fix = 'Give it the rights that "lethe check --print-acls" prints, and no others.';
    findings.push(warn(`user ${user}`, `may ${excess.join(', ')}, and does not need it`, fix));
  }
  return findings;
}

/** The command with its subcommand, and the first key. */
function named([name, ...args]: RedisProbe['command']): [string, string | null] {
  const command = name === 'cluster' ? `${name} ${args[0]}` : name;
  return [command.toUpperCase(), args.find((argument) => argument.startsWith('lethe:')) ?? null];
}

/** What a refusal can be cured by: the command, and the keys it was about. */
function grant(command: RedisProbe['command'], { keys }: RedisRights): string {
  const [name, key] = named(command);
  const pattern = key === null ? undefined : keys.find((one) => covers(one.pattern, key));
  const allowed = `+${name.toLowerCase().replace(' ', '|')}`;
  return pattern === undefined ? allowed : `${allowed} ${pattern.access === 'read' ? '%R' : ''}~${pattern.pattern}`;
}

function covers(pattern: string, key: string): boolean {
  return pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : pattern === key;
}

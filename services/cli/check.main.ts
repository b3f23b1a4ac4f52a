import { statSync } from 'node:fs';
import { relative } from 'node:path';
import { outputSchemasOf, valueSubject } from '../adapters/avro/output-schemas.ts';
import { openApiTokens } from '../adapters/config/api-tokens.ts';
import { digestFiles } from '../adapters/config/digest.ts';
import { readFeeds } from '../adapters/config/feeds.ts';
import { formatProblems } from '../adapters/config/format.ts';
import { compileBundle, loadBundle } from '../adapters/config/load.ts';
import { type Need, readSettings, type Settings } from '../adapters/config/settings.ts';
import { makeLog } from '../adapters/log/logger.ts';
import { silenceNegativeTimeoutWarning } from '../adapters/log/warnings.ts';
import { makeRedisBundleStore } from '../adapters/redis/bundle-store.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { parseRedisUrl } from '../adapters/redis/endpoint.ts';
import { makeRegistry } from '../adapters/registry/registry.ts';
import { type AclNames, aclsJson, aclsText, roleAcls } from '../core/check/acls.ts';
import { exitCodeOf, type Finding, saying } from '../core/check/finding.ts';
import { kafkaRights } from '../core/check/kafka-rights.ts';
import { encrypts, redisRights } from '../core/check/redis-rights.ts';
import { type Role, ROLES } from '../core/check/role.ts';
import { LetheError } from '../core/errors.ts';
import type { CompiledBundle } from '../core/policy/plan.ts';
import type { BundleStore } from '../core/ports.ts';
import { checkKeys, checkSecretFiles } from './check-files.main.ts';
import { checkKafka } from './check-kafka.main.ts';
import { checkRedis, checkRedisTls } from './check-redis.main.ts';
import { findingsJson, findingsText, sorted } from './check-text.ts';
import type { CheckOptions } from './commands/check.ts';
import { usableConfiguration } from './configuration.main.ts';
import { EXIT } from './exit.ts';
import { painter } from './painter.ts';
import { checkedSchemas } from './push-schemas.ts';
import { commandSettings } from './settings.main.ts';

const NEEDS: Readonly<Record<Role, readonly Need[]>> = {
  gateway: ['kafka', 'redis', 'keysFile'],
  control: ['kafka', 'redis', 'keysFile'],
  push: ['redis'],
};
const WANTS: Readonly<Record<Role, readonly Need[]>> = {
  gateway: ['registry', 'traces'],
  control: ['api'],
  push: ['kafka', 'registry'],
};

/** `lethe check`: findings on stdout; exit 0, 69 or 78. */
export async function check(dir: string | undefined, options: CheckOptions): Promise<number> {
  silenceNegativeTimeoutWarning();
  const roles = options.role === 'all' ? ROLES : [options.role];
  if (dir !== undefined && statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new LetheError('usage', `${dir} is no folder`, { fix: 'Name the folder of a configuration, or none.' });
  }
  if (options.printAcls === true) return printAcls(dir, options, roles);
  const findings = sorted(await findAll(dir, options, roles));
  process.stdout.write(
    options.format === 'json' ? findingsJson(findings) : findingsText(findings, painter(), process.stdout.columns),
  );
  return exitCodeOf(findings);
}

async function printAcls(dir: string | undefined, options: CheckOptions, roles: readonly Role[]): Promise<number> {
  const settings = commandSettings(options, dir === undefined ? ['redis'] : [], ['kafka', 'redis']);
  let compiled: CompiledBundle;
  if (dir !== undefined) ({ compiled } = await usableConfiguration(dir));
  else if (settings.redis === null) throw new LetheError('bug', 'settings that are needed are there');
  else {
    const redis = connectRedis(settings.redis);
    try {
      const active = await activeBundle(makeRedisBundleStore(redis, digestFiles));
      if (!active.ok)
        throw new LetheError(
          active.finding.fault === 'config' ? 'invalid_config' : 'unavailable',
          active.finding.finding,
          { fix: active.finding.fix ?? 'Push one: lethe push DIR.' },
        );
      ({ compiled } = active);
    } finally {
      await redis.close();
    }
  }
  const of = rightsOf(settings, compiled);
  const all = roles.map((role) => roleAcls(role, namesOf(roles, role, options, settings), of));
  process.stdout.write(options.format === 'json' ? aclsJson(all) : aclsText(all));
  return EXIT.ok;
}

type Known = Pick<Settings, 'kafka' | 'redis' | 'groupId'>;

function rightsOf({ redis, groupId }: Known, compiled: CompiledBundle | null) {
  const endpoint = redis === null ? null : parseRedisUrl(redis.url);
  return {
    routes: compiled?.routes ?? [],
    groupId,
    encrypts: compiled !== null && encrypts(compiled),
    database: endpoint?.db ?? 0,
    cluster: endpoint?.cluster ?? false,
  };
}

/** The settings are one user's: where several roles are asked for, they name none of them. */
function namesOf(roles: readonly Role[], role: Role, options: CheckOptions, { kafka, redis }: Known): AclNames {
  const own = roles.length === 1;
  const login = own ? usernameOf(kafka) : null;
  const redisLogin = own && redis !== null ? redisUserOf(redis) : null;
  return {
    principal: `User:${(options.principal ?? login ?? `lethe-${role}`).replace(/^User:/, '')}`,
    redisUser: redisLogin ?? `lethe-${role}`,
  };
}

function redisUserOf(redis: NonNullable<Known['redis']>): string | null {
  return redis.login?.().username ?? parseRedisUrl(redis.url).username;
}

function usernameOf(kafka: Known['kafka']): string | null {
  const sasl = kafka?.sasl ?? null;
  return sasl !== null && 'username' in sasl ? sasl.username : null;
}

/** As far as this side can tell: brokers name who comes by a certificate or a token as they like. */
function principalOf({ principal, role }: CheckOptions, { kafka }: Known): string {
  if (principal !== undefined) return `User:${principal.replace(/^User:/, '')}`;
  const login = usernameOf(kafka);
  if (login !== null) return `User:${login}`;
  const certified = typeof kafka?.ssl === 'object' && kafka.ssl.cert !== undefined;
  return (kafka?.sasl ?? null) === null && !certified
    ? 'User:ANONYMOUS'
    : `User:lethe${role === 'all' ? '' : `-${role}`}`;
}

async function findAll(
  dir: string | undefined,
  options: CheckOptions,
  roles: readonly Role[],
): Promise<readonly Finding[]> {
  const say = saying('settings');
  const needs = [...new Set(roles.flatMap((role) => NEEDS[role]))];
  const wants = [...new Set(roles.flatMap((role) => WANTS[role]))];
  const read = readSettings({ env: process.env, file: options.config, needs, wants });
  const problems = read.ok ? read.warnings : read.problems;
  const told = problems.map(({ severity, from, message, fix }) =>
    severity === 'error' ? say.fail(from, message, fix, 'config') : say.warn(from, message, fix),
  );
  if (!read.ok) return told;
  const { settings } = read;
  if (settings.redis === null) throw new LetheError('bug', 'settings that are needed are there');
  const findings: Finding[] = [say.ok(options.config ?? 'environment', 'settings are valid'), ...told];
  findings.push(...checkSecretFiles(options.config), ...checkApi(settings, roles));

  const redis = connectRedis(settings.redis);
  try {
    const bundle = await checkBundle(dir, makeRedisBundleStore(redis, digestFiles), roles);
    findings.push(...bundle.findings);
    const { compiled } = bundle;
    const of = rightsOf(settings, compiled);
    const principal = principalOf(options, settings);
    const vault = settings.vault !== null;
    if (settings.keysFile !== null) {
      findings.push(...checkKeys(settings.keysFile, roles, { encrypting: of.encrypts, vault }));
    }
    const parts = await Promise.all([
      settings.kafka === null
        ? []
        : checkKafka(settings.kafka, {
            routes: of.routes as CompiledBundle['routes'],
            rights: kafkaRights(roles, of),
            principal,
            maxRecordBytes: settings.limits.maxBytes,
          }),
      checkRedisTls(settings.redis),
      checkRedis(redis, {
        user: redisUserOf(settings.redis),
        roles,
        rights: redisRights(roles, of),
        keepsDataKeys: of.encrypts,
        maxStalenessMs: settings.consentMaxStalenessMs,
      }),
      checkRegistry(settings.registry, compiled, roles),
    ]);
    return [...findings, ...parts.flat()];
  } finally {
    await redis.close();
  }
}

function checkApi({ api }: Pick<Settings, 'api'>, roles: readonly Role[]): readonly Finding[] {
  if (!roles.includes('control') || api === null) return [];
  const say = saying('settings');
  const readable = (file: string, read: () => unknown, what: string): Finding => {
    try {
      read();
      return say.ok(file, what);
    } catch (error) {
      if (!(error instanceof LetheError)) throw error;
      return say.fail(file, error.message, error.fix ?? '', 'config');
    }
  };
  const { tokensFile, feedsFile } = api;
  return [
    readable(tokensFile, () => openApiTokens(tokensFile, makeLog('silent'), Date.now), 'tokens of the API'),
    ...(feedsFile === null ? [] : [readable(feedsFile, () => readFeeds(feedsFile), 'feeds of the API')]),
  ];
}

type Active =
  | { readonly ok: true; readonly digest: string; readonly compiled: CompiledBundle }
  | { readonly ok: false; readonly finding: Extract<Finding, { level: 'fail' }> };

async function activeBundle(store: BundleStore): Promise<Active> {
  const failed = (finding: string, fault: 'config' | 'unavailable', fix = 'Push one: lethe push DIR.'): Active => ({
    ok: false,
    finding: { section: 'bundle', level: 'fail', fault, subject: 'active bundle', finding, fix },
  });
  try {
    const digest = await store.activeDigest();
    if (digest === null) return failed('no bundle is active', 'unavailable');
    const stored = await store.read(digest);
    if (stored === null) return failed(`${digest} is active, but not stored`, 'unavailable');
    const result = compileBundle(stored);
    if (result.ok) return { ok: true, digest, compiled: result.compiled };
    return failed(`${digest} does not compile in this version of Lethe`, 'config');
  } catch (error) {
    if (!(error instanceof LetheError)) throw error;
    // To push another is no remedy for a Redis that does not let anybody in.
    if (error.code === 'invalid_config') return failed(error.message, 'config');
    return failed(`cannot be read: ${error.message}`, 'unavailable', error.fix ?? '');
  }
}

/** What is to be checked against: the folder's configuration, else the active one. */
async function checkBundle(
  dir: string | undefined,
  store: BundleStore,
  roles: readonly Role[],
): Promise<{ readonly compiled: CompiledBundle | null; readonly findings: readonly Finding[] }> {
  const say = saying('bundle');
  const loaded = dir === undefined ? null : await loadBundle(dir);
  const active = await activeBundle(store);
  const findings: Finding[] = [];
  if (loaded?.ok === false) {
    const shown = formatProblems(loaded.problems, 'text', relative('.', dir ?? '')).trimEnd();
    findings.push(
      say.fail(dir ?? '', `cannot be used:\n${shown}`, `Correct it; "lethe lint ${dir}" says the same.`, 'config'),
    );
  }
  const digest = loaded?.ok === true ? loaded.bundle.digest : null;
  if (digest !== null) findings.push(say.ok(dir ?? '', `compiles: ${digest}`));
  if (!active.ok) {
    // Who pushes makes it so, and an unreachable Redis is told of where Redis is checked.
    const alright = roles.length === 1 && roles[0] === 'push';
    const { subject, finding, fix } = active.finding;
    findings.push(alright ? say.warn(subject, finding, fix ?? '') : active.finding);
  } else if (digest !== null && digest !== active.digest) {
    findings.push(say.warn('active bundle', `is another one: ${active.digest}`, `Push the folder: lethe push ${dir}.`));
  } else findings.push(say.ok('active bundle', active.digest));
  if (loaded !== null) return { compiled: loaded.ok ? loaded.compiled : null, findings };
  return { compiled: active.ok ? active.compiled : null, findings };
}

async function checkRegistry(
  settings: Settings['registry'],
  compiled: CompiledBundle | null,
  roles: readonly Role[],
): Promise<readonly Finding[]> {
  const say = saying('registry');
  const avro = compiled?.routes.filter(({ format }) => format === 'avro') ?? [];
  if (compiled === null || roles.every((role) => role === 'control')) return [];
  if (settings === null) {
    if (avro.length === 0) return [];
    const names = avro.map(({ name }) => name).join(', ');
    return [say.fail('SCHEMA_REGISTRY_URL', `is not set, and Avro routes need it: ${names}`, 'Set it.', 'config')];
  }
  const registry = makeRegistry(settings);
  try {
    if (avro.length === 0) await registry.versions('lethe-check');
    const findings: Finding[] = [say.ok(settings.url, 'answers')];
    await checkedSchemas({
      compiled,
      registry,
      outputSchemas: outputSchemasOf,
      subjectOf: valueSubject,
      say: (line) =>
        void findings.push(say.warn('subjects', line, 'Nothing to do as long as nobody writes Avro to it.')),
    });
    if (avro.length > 0 && findings.length === 1)
      findings.push(say.ok('subjects', 'schemas of outputs are compatible'));
    return findings;
  } catch (error) {
    if (!(error instanceof LetheError)) throw error;
    const fault = error.code === 'invalid_config' ? 'config' : 'unavailable';
    return [say.fail(settings.url, error.message, error.fix ?? '', fault)];
  }
}

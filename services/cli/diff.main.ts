import { randomBytes } from 'node:crypto';
import type { Settings } from '../adapters/config/settings.ts';
import { makeKeyring } from '../adapters/crypto/keyring.ts';
import { parseKeys } from '../adapters/crypto/keys.ts';
import { valueSubject } from '../adapters/avro/output-schemas.ts';
import { makeAvroCodec } from '../adapters/avro/codec.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { makeRedisConsentStore } from '../adapters/redis/consent-store.ts';
import { makeRegistry } from '../adapters/registry/registry.ts';
import { makeJsonCodec } from '../core/apply/json/json-codec.ts';
import { consentStateOf } from '../core/decide/consent-state.ts';
import { isExposure } from '../core/diff/finding.ts';
import { type Judge, makeAbsentJudge, makeJudge } from '../core/diff/judge.ts';
import { type Measured, measuredExposure, MeasuredTally } from '../core/diff/measured-tally.ts';
import { makeRecordDiff } from '../core/diff/record-diff.ts';
import { staticDiff, withoutOutputs } from '../core/diff/static-diff.ts';
import { LetheError } from '../core/errors.ts';
import type { Keyring } from '../core/keyring.ts';
import type { CompiledRoute, RoutePlan } from '../core/policy/plan.ts';
import type { SchemaRegistry } from '../core/ports.ts';
import type { TopicReader } from '../core/topic-reader.ts';
import { boundYoungGeneration } from '../gateway/young-generation.main.ts';
import { makeCheckedOutputSchemas } from './checked-output-schemas.ts';
import type { DiffOptions } from './commands/diff.ts';
import { consentsOfFile, consentsOfView, type ConsentSource } from './consent-source.ts';
import { fileBatches, topicRecords } from './diff-input.ts';
import { type ArrivedBatch, measure } from './diff-measure.ts';
import { type DiffReport, printReport } from './diff-report.ts';
import { chooseRoutes, readOptions, type RoutePair } from './diff-options.ts';
import { loadSides } from './diff-sides.main.ts';
import { EXIT } from './exit.ts';
import { bytesOf, sizeOfFile } from './files.ts';
import { keysOf } from './keys-option.main.ts';
import { makeProgress, megabytes } from './progress.ts';
import { readReplayConsents } from './replay-consents.ts';
import { planOfRoute } from './routes.ts';
import { commandSettings } from './settings.main.ts';
import { topicReaderOf } from './topic-reader.main.ts';

/** `lethe diff OLD NEW`: prints what could leave that could not before; exit 2 with `--fail-on-exposure` where anything. */
export async function diff(old: string, fresh: string, given: DiffOptions): Promise<number> {
  const options = readOptions(given, Date.now());
  const size = given.in === undefined ? 0 : sizeOfFile(given.in, '--in');
  if (given.consents !== undefined) sizeOfFile(given.consents, '--consents');
  const settings = settingsOf(given);
  const [before, after] = await loadSides([old, fresh], given);
  const sides = { before: before.bundle, after: after.bundle };
  const routes = options.measures ? chooseRoutes(sides, given) : null;

  const registry = settings.registry === null ? null : makeRegistry(settings.registry);
  const schemas = await registeredSchemas([...before.bundle.routes, ...after.bundle.routes], registry);
  const findings = staticDiff(before, after, (topic) => schemas.get(topic) ?? []);

  const measured = routes === null ? null : await measureRoutes({ given, options, settings, registry, routes, size });
  if (measured !== null && 'problems' in measured) {
    process.stderr.write(`${measured.problems.join('\n')}\n`);
    return EXIT.findings;
  }
  const exposure = {
    static: findings.some(isExposure),
    measured: measured === null ? null : measuredExposure(measured.result),
  };
  const report: DiffReport = {
    old: { name: before.name, digest: before.digest },
    new: { name: after.name, digest: after.digest },
    exposure,
    findings,
    measured: measured === null ? null : { route: measured.route, source: measured.source, ...measured.result },
  };
  process.stdout.write(printReport(report, given.format));
  const exposes = exposure.static || exposure.measured === true;
  return exposes && given.failOnExposure === true ? EXIT.exposure : EXIT.ok;
}

/** Of what is not needed nothing is asked, and nothing is connected to. */
function settingsOf(given: DiffOptions): Settings {
  const measures = given.in !== undefined || given.fromTopic !== undefined;
  const fromTopic = given.fromTopic !== undefined;
  return commandSettings(
    given,
    [
      ...(fromTopic ? (['kafka'] as const) : []),
      ...(fromTopic && given.consents === undefined ? (['redis'] as const) : []),
    ],
    ['registry', ...(measures && given.consents === undefined ? (['redis', 'keysFile'] as const) : [])],
  );
}

/** Every schema version registered for routes whose fields are said by tags, by raw topic. */
async function registeredSchemas(
  routes: readonly CompiledRoute[],
  registry: SchemaRegistry | null,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const { topic, tags } of routes) {
    if (registry === null || tags === null || found.has(topic)) continue;
    const versions = await registry.versions(valueSubject(topic));
    found.set(
      topic,
      versions.map(({ schema }) => schema),
    );
  }
  return found;
}

type MeasureRequest = {
  readonly given: DiffOptions;
  readonly options: ReturnType<typeof readOptions>;
  readonly settings: Settings;
  readonly registry: SchemaRegistry | null;
  readonly routes: RoutePair;
  /** Of `--in`, bytes. */
  readonly size: number;
};

type MeasureAnswer =
  | { readonly route: string; readonly source: string; readonly result: Measured }
  | { readonly problems: readonly string[] };

async function measureRoutes(request: MeasureRequest): Promise<MeasureAnswer> {
  const { given, options, settings, routes } = request;
  boundYoungGeneration();
  const consents = await openConsents(given, settings);
  if ('problems' in consents) return consents;
  const reader = settings.kafka === null ? null : topicReaderOf({ kafka: settings.kafka });
  try {
    const judges = judgesOf(request, consents.keyring);
    const tally = new MeasuredTally(options.examples);
    const input = await inputOf(request, reader);
    const progress = makeProgress(process.stderr, 'Comparing', input.total, input.shown);
    try {
      await measure({
        batches: input.batches,
        ...judges,
        diff: makeRecordDiff({
          tally,
          plans: { before: judges.before.plan, after: judges.after.plan },
          comparable: given.fromTopic === undefined ? () => true : sameSchema(routes),
        }),
        consents: consents.source,
        now: options.now,
        present: options.present,
        progress: progress.at,
      });
    } finally {
      progress.end();
    }
    const result = tally.result();
    if (result.records === 0) process.stderr.write(`lethe: ${options.source} holds no record: nothing was measured\n`);
    return { route: (routes.after ?? routes.before)?.name ?? '', source: options.source, result };
  } finally {
    await Promise.all([consents.source.close(), reader?.close()]);
  }
}

type Input = {
  readonly batches: AsyncIterable<ArrivedBatch>;
  readonly total: number;
  readonly shown: (quantity: number) => string;
};

async function inputOf({ given, options, settings, size }: MeasureRequest, reader: TopicReader | null): Promise<Input> {
  if (reader !== null && given.fromTopic !== undefined) {
    const records = await topicRecords(reader, given.fromTopic, options.since);
    return { ...records, shown: (quantity) => `${Math.round(quantity)} records` };
  }
  const file = given.in ?? '';
  return { batches: fileBatches(file, bytesOf(file), settings.limits.maxBytes), total: size, shown: megabytes };
}

type Consents = { readonly source: ConsentSource; readonly keyring: Keyring };

/** Consents of the file, else of the view in Redis, else nobody's. */
async function openConsents(
  given: DiffOptions,
  settings: Settings,
): Promise<Consents | { readonly problems: readonly string[] }> {
  if (given.consents !== undefined) {
    const read = await readReplayConsents(given.consents, bytesOf(given.consents));
    return read.ok ? { source: consentsOfFile(read.stateOf), keyring: passingKeyring() } : read;
  }
  if (settings.redis === null) {
    process.stderr.write('lethe: neither --consents nor REDIS_URL is given: nobody has consented to anything\n');
    return { source: consentsOfFile(() => consentStateOf([])), keyring: passingKeyring() };
  }
  const keyring = makeKeyring(keysOf(given.keys, settings.keysFile, 'consents in Redis are found by keyed tokens'));
  const redis = connectRedis(settings.redis);
  const view = makeRedisConsentStore(redis);
  return { source: consentsOfView(view, keyring, () => redis.close()), keyring };
}

/** Pseudonyms are only held against each other: any keys will do, as long as both bundles use the same. */
function passingKeyring(): Keyring {
  const key = (): string => randomBytes(32).toString('base64');
  return makeKeyring(parseKeys(JSON.stringify({ subject: key(), pseudonym: key() }), 'keys of this run'));
}

function judgesOf(
  { given, settings, registry, routes }: MeasureRequest,
  keyring: Keyring,
): { readonly before: Judge; readonly after: Judge } {
  // One set of made-up ids for both: the same schema has the same id, so that bytes can be compared.
  const outputs = registry === null ? null : makeCheckedOutputSchemas(registry);
  const judge = (route: CompiledRoute | null, other: CompiledRoute | null): Judge => {
    if (route === null) return makeAbsentJudge(emptyPlan(other));
    if (given.fromTopic === undefined || route.format === 'json') {
      const plan = given.fromTopic === undefined ? planOfRoute(route) : route.plan;
      return makeJudge(makeJsonCodec(plan, keyring, settings.limits), keyring, plan);
    }
    if (registry === null || outputs === null) {
      throw new LetheError('invalid_config', `the route ${route.name} is of Avro records and needs a registry`, {
        fix: 'Set SCHEMA_REGISTRY_URL.',
      });
    }
    const codec = makeAvroCodec({ route, registry, keyring, limits: settings.limits, outputSchemaId: outputs.idOf });
    return makeJudge(codec, keyring, route.plan);
  };
  return { before: judge(routes.before, routes.after), after: judge(routes.after, routes.before) };
}

function emptyPlan(route: CompiledRoute | null): RoutePlan {
  if (route === null) throw new LetheError('bug', 'a diff of no route');
  return withoutOutputs(route);
}

/** Confluent's wire format: a zero byte and the schema's id. */
const WIRE_HEADER = 5;

/** JSON can always be compared with JSON; Avro where both values are written with one schema. */
function sameSchema({ before, after }: RoutePair): (a: Uint8Array, b: Uint8Array) => boolean {
  if (before?.format !== 'avro' && after?.format !== 'avro') return () => true;
  if (before?.format !== after?.format) return () => false;
  return (a, b) => a.subarray(0, WIRE_HEADER).every((byte, i) => byte === b[i]);
}

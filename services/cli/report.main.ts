import { makeSegmentCodec } from '../adapters/avro-single-object/audit-segments.ts';
import { valueSubject } from '../adapters/avro/output-schemas.ts';
import { digestFiles } from '../adapters/config/digest.ts';
import { formatProblems } from '../adapters/config/format.ts';
import { compileBundle, loadBundle } from '../adapters/config/load.ts';
import { parseConfiguration } from '../adapters/config/parse.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { sha256Hex } from '../adapters/crypto/digest.ts';
import { makeRedisBundleStore } from '../adapters/redis/bundle-store.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { makeRegistry } from '../adapters/registry/registry.ts';
import { type Catalog, makeCatalog } from '../core/catalog/catalog.ts';
import { LetheError } from '../core/errors.ts';
import { AUDIT_TOPIC } from '../core/own-topics.ts';
import type { CompiledBundle } from '../core/policy/plan.ts';
import type { Bundle } from '../core/ports.ts';
import { type BundleFacts, makeReport } from '../core/report/report.ts';
import type { ReportOptions } from './commands/report.ts';
import { EXIT } from './exit.ts';
import { bytesOf, sizeOfFile } from './files.ts';
import { makeProgress, megabytes, type Progress } from './progress.ts';
import { NO_SCHEMAS, rawSchemasOf } from './raw-schemas.ts';
import { countAudit, periodOf } from './report.ts';
import { reportAsMarkdown } from './report-markdown.ts';
import { commandSettings } from './settings.main.ts';
import { topicReaderOf } from './topic-reader.main.ts';
import type { AuditSource } from './verify-source.ts';

/** `lethe report`: the record of processing on stdout; exit 1 where something of the audit could not be counted. */
export async function report(options: ReportOptions): Promise<number> {
  const period = periodOf(options);
  if (options.in !== undefined && options.auditTopic !== undefined) {
    throw new LetheError('usage', '--audit-topic and --in: which of the two?', { fix: 'Leave one out.' });
  }
  const size = options.in === undefined ? null : sizeOfFile(options.in, '--in');
  const settings = commandSettings(options, [], ['redis', 'registry']);
  const folders = await foldersOf(options.dir ?? []);
  const opened = openSource(options);
  let progress: Progress | null = null;
  try {
    const { tally, unusable } = await countAudit({
      source: opened.source,
      period,
      hash: sha256Hex,
      progress: (done, total) => {
        progress ??= makeProgress(process.stderr, 'Reading', size ?? total, size === null ? inRecords : megabytes);
        progress.at(done);
      },
    });
    (progress as Progress | null)?.end();
    const made = makeReport({
      ...period,
      now: Date.now(),
      audit: options.in ?? options.auditTopic ?? AUDIT_TOPIC,
      tally,
      bundles: await bundlesOf(
        tally.bundles.map(({ digest }) => digest),
        folders,
        settings,
      ),
      unusable,
    });
    process.stdout.write(options.format === 'json' ? `${JSON.stringify(made, null, 2)}\n` : reportAsMarkdown(made));
    return unusable.count === 0 ? EXIT.ok : EXIT.findings;
  } finally {
    (progress as Progress | null)?.end();
    await opened.close();
  }
}

function openSource(options: ReportOptions): { readonly source: AuditSource; readonly close: () => Promise<void> } {
  const { in: file } = options;
  if (file !== undefined) {
    return { source: { kind: 'file', file, open: () => bytesOf(file) }, close: async () => undefined };
  }
  const reader = topicReaderOf(commandSettings(options, ['kafka']));
  const topic = options.auditTopic ?? AUDIT_TOPIC;
  return { source: { kind: 'topic', topic, reader, decode: makeSegmentCodec().decode }, close: reader.close };
}

type Compiled = { readonly bundle: Bundle; readonly compiled: CompiledBundle };

/** By digest. */
async function foldersOf(dirs: readonly string[]): Promise<ReadonlyMap<string, Compiled>> {
  const found = new Map<string, Compiled>();
  for (const dir of dirs) {
    const loaded = await loadBundle(dir);
    if (loaded.ok) {
      found.set(loaded.bundle.digest, loaded);
      continue;
    }
    process.stderr.write(formatProblems(loaded.problems, 'text', dir));
    throw new LetheError('invalid_config', `--dir ${dir}: it cannot be used, see the problems listed above`, {
      fix: `Correct them; "lethe lint ${dir}" lists them again.`,
    });
  }
  return found;
}

/** Redis is asked only for what no folder is. A bundle that today's Lethe cannot compile is not at hand either. */
async function bundlesOf(
  digests: readonly string[],
  folders: ReadonlyMap<string, Compiled>,
  settings: Settings,
): Promise<ReadonlyMap<string, BundleFacts>> {
  const found = new Map<string, BundleFacts>();
  const missing: string[] = [];
  for (const digest of digests) {
    const folder = folders.get(digest);
    if (folder === undefined) missing.push(digest);
    else found.set(digest, { from: 'folder', catalog: await catalogOf(folder, settings) });
  }
  if (missing.length === 0 || settings.redis === null) return found;
  const redis = connectRedis(settings.redis);
  try {
    const store = makeRedisBundleStore(redis, digestFiles);
    for (const digest of missing) {
      const bundle = await store.read(digest).catch((error: unknown) => {
        if (error instanceof LetheError && error.code === 'invalid_config') return null;
        throw error;
      });
      const loaded = bundle === null ? null : compileBundle(bundle);
      if (loaded?.ok !== true) continue;
      found.set(digest, { from: 'redis', catalog: await catalogOf(loaded, settings) });
    }
  } finally {
    await redis.close();
  }
  return found;
}

async function catalogOf({ bundle, compiled }: Compiled, { registry }: Pick<Settings, 'registry'>): Promise<Catalog> {
  const parsed = parseConfiguration(bundle.files);
  if (!parsed.ok) throw new LetheError('bug', `the bundle ${bundle.digest} compiles, and yet cannot be parsed`);
  const schemas = await rawSchemasOf(compiled, registry === null ? null : makeRegistry(registry), valueSubject);
  return makeCatalog({
    digest: bundle.digest,
    compiled,
    purposes: parsed.docs.purposes.value.purposes,
    schemasOf: ({ name }) => schemas.get(name) ?? NO_SCHEMAS,
    examplesOf: () => [],
  });
}

function inRecords(count: number): string {
  return `${Math.round(count)} records of the audit`;
}

import { compileBundle } from '../adapters/config/load.ts';
import { digestFiles } from '../adapters/config/digest.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { treeOfAvro, wireSchemaId } from '../adapters/avro/record-tree.ts';
import { readKeys } from '../adapters/crypto/keys.ts';
import { keyVersionOf, open } from '../adapters/crypto/sealer.ts';
import { makeRedisBundleStore } from '../adapters/redis/bundle-store.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { makeRegistry } from '../adapters/registry/registry.ts';
import { parseCoordinate } from '../core/coordinate.ts';
import { readMarks } from '../core/dead-letter-marks.ts';
import { makeSelection } from '../core/dead-letter-selection.ts';
import { LetheError } from '../core/errors.ts';
import { DEAD_LETTER_TOPIC } from '../core/own-topics.ts';
import type { CompiledBundle } from '../core/policy/plan.ts';
import type { PartitionBounds, TopicReader } from '../core/topic-reader.ts';
import { boundYoungGeneration } from '../gateway/young-generation.main.ts';
import type { ListOptions, SelectOptions, ShowOptions } from './commands/dead-letters.ts';
import { usableConfiguration } from './configuration.main.ts';
import { listLetters } from './dead-letters-list.ts';
import { makeOpenLetter, type OpenedLetter } from './dead-letters-open.ts';
import { findLetter, type FoundLetter, letterReport } from './dead-letters-show.ts';
import { readableValue } from './dead-letters-value.ts';
import { EXIT } from './exit.ts';
import { makeOutput } from './output.ts';
import { makeProgress } from './progress.ts';
import { commandSettings } from './settings.main.ts';
import { sinceOption } from './since-option.ts';
import { topicReaderOf } from './topic-reader.main.ts';

/** `lethe dead-letters list`: letters and counts on stdout; exit 1 where something on the topic is no letter. */
export async function deadLettersList(options: ListOptions): Promise<number> {
  boundYoungGeneration();
  const times = timesOf(options);
  const settings = commandSettings(options, ['kafka'], ['redis']);
  const routes = await knownRoutes(options, settings);
  const topic = rawTopicOf(options, routes);
  const reader = topicReaderOf(settings);
  const progress = makeProgress(process.stderr, 'Reading', null, (count) => String(Math.round(count)));
  let read = 0;
  const passed = (offsets: number): void => progress.at((read += offsets));
  try {
    const bounds = await boundsSince(reader, times.since);
    const marks = await readMarks(reader, bounds, passed);
    const unreadable = await listLetters({
      reader,
      bounds,
      marks,
      selection: makeSelection({ code: options.code ?? null, topic, ...times, coordinates: [] }),
      routeOf: (raw) => routes?.find((route) => route.topic === raw)?.name ?? null,
      keyVersionOf,
      format: options.format,
      limit: options.limit ?? Number.POSITIVE_INFINITY,
      write: async (text) => {
        progress.end();
        return makeOutputOnce().write(text);
      },
      passed,
    });
    progress.end();
    if (unreadable.count === 0) return EXIT.ok;
    process.stderr.write(
      `lethe: ${unreadable.count} record(s) on ${DEAD_LETTER_TOPIC} are no dead letters of Lethe, or not whole ones: ${unreadable.text}\n`,
    );
    return EXIT.findings;
  } finally {
    progress.end();
    await reader.close();
  }
}

/** `lethe dead-letters show COORDINATE`: stdout alone gets what was in it. */
export async function deadLettersShow(text: string, options: ShowOptions): Promise<number> {
  const coordinate = parseCoordinate(text);
  if (coordinate === null) {
    throw new LetheError('usage', 'this is no coordinate', {
      fix: 'Write it like raw.customer-events/3/1042: topic, partition, offset.',
    });
  }
  const settings = commandSettings(options, ['kafka'], ['keysFile', 'registry']);
  const reader = topicReaderOf(settings);
  const progress = makeProgress(process.stderr, 'Looking', null, (count) => String(Math.round(count)));
  let read = 0;
  let found: FoundLetter;
  try {
    found = await findLetter(reader, coordinate, (offsets) => progress.at((read += offsets)));
  } finally {
    progress.end();
    await reader.close();
  }
  if (found.others.length > 0) {
    process.stderr.write(
      `lethe: the newest of several letters of that record; the others: ${found.others.join(', ')}\n`,
    );
  }
  const { letter, partition } = found;
  const keyVersion = letter.sealed === null ? null : keyVersionOf(Buffer.from(letter.sealed.slice(0, 8), 'base64'));
  const keysFile = options.keys ?? settings.keysFile;
  if (keysFile === null && letter.sealed !== null) {
    throw new LetheError(
      'invalid_config',
      `this letter is sealed: it takes version ${keyVersion ?? '?'} of the key "dead_letter"`,
      {
        fix: 'Give the keys file that workers run with: --keys FILE, or LETHE_KEYS_FILE.',
      },
    );
  }
  const opened = makeOpenLetter((envelope, data) => open(readKeys(keysFile ?? ''), envelope, data))(letter);
  if (!opened.ok) {
    const { code, source, path } = letter;
    process.stderr.write(
      `${whyClosed(`${DEAD_LETTER_TOPIC}/${partition}/${letter.offset} (${code}${path === null ? '' : `, ${path}`})`, source, opened, keysFile)}\n`,
    );
    return opened.problem === 'key_missing' ? EXIT.config : EXIT.findings;
  }
  const { record } = opened;
  const output = makeOutputOnce();
  if (options.raw === true) {
    await output.write(record.value ?? new Uint8Array(0));
    return EXIT.ok;
  }
  const avro = record.value === null ? null : await avroOf(record.value, settings);
  await output.write(letterReport(found, record, keyVersion, readableValue(record.value, avro)));
  return EXIT.ok;
}

function whyClosed(
  name: string,
  source: string,
  { problem, version }: OpenedLetter & { ok: false },
  keysFile: string | null,
): string {
  switch (problem) {
    case 'not_sealed':
      return `lethe: ${name} holds no record: it was too large to be kept, or could not be read at all\n  The raw topic may still have it, at ${source}.`;
    case 'key_missing':
      return `lethe: ${name} takes version ${version} of the key "dead_letter", which ${keysFile} lacks\n  Put that version back: old versions only read.`;
    case 'altered':
      return `lethe: ${name} does not open: it or its coordinates were altered since it was sealed, or the key is another one under the same version\n  Check that ${keysFile} is the keys file of the workers; if it is, somebody has written to ${DEAD_LETTER_TOPIC}.`;
    case 'format':
      return `lethe: ${name} is sealed in a format that this version of Lethe does not know\n  Use the version of Lethe that wrote it, or a later one.`;
  }
}

/** What the registry makes of a value; null where it is no Avro, or nobody can tell. */
async function avroOf(
  value: Uint8Array,
  { registry }: Settings<'kafka'>,
): Promise<Parameters<typeof readableValue>[1]> {
  const id = wireSchemaId(value);
  if (id === null || registry === null) return null;
  try {
    const schema = await makeRegistry(registry).schemaById(id);
    const tree = schema === null ? null : treeOfAvro(schema, value);
    return tree === null ? null : { id, tree };
  } catch (error) {
    if (!(error instanceof LetheError)) return null;
    process.stderr.write(`lethe: shown as bytes: ${error.message}\n`);
    return null;
  }
}

export function timesOf({ since, until }: SelectOptions): { since: number | null; until: number | null } {
  const now = Date.now();
  return {
    since: since === undefined ? null : sinceOption(since, '--since', now),
    until: until === undefined ? null : sinceOption(until, '--until', now),
  };
}

/** Partitions from the first letter that is not older than `since`. */
export async function boundsSince(reader: TopicReader, since: number | null): Promise<readonly PartitionBounds[]> {
  const bounds = await reader.bounds(DEAD_LETTER_TOPIC);
  if (since === null) return bounds;
  const from = await reader.offsetsAt(DEAD_LETTER_TOPIC, since);
  return bounds.map((one) => ({
    ...one,
    low: Math.min(Math.max(one.low, from.get(one.partition) ?? one.low), one.end),
  }));
}

type KnownRoutes = CompiledBundle['routes'];

/** The raw topic of `--route` or `--topic`; null: any. */
export function rawTopicOf({ route: name, topic }: SelectOptions, routes: KnownRoutes | null): string | null {
  if (name === undefined) return topic ?? null;
  if (routes === null) {
    throw new LetheError('usage', '--route: nobody knows the routes', {
      fix: 'Set REDIS_URL, where the active bundle is, or give --dir; or give the raw topic: --topic.',
    });
  }
  const route = routes.find((one) => one.name === name);
  if (route !== undefined) return route.topic;
  throw new LetheError('usage', `there is no route ${name}`, {
    fix: `Give --route with one of: ${routes.map((one) => one.name).join(', ')}; or give the raw topic: --topic.`,
  });
}

/** Of `--dir`, else of the active bundle; null where there is neither. */
async function knownRoutes(options: ListOptions, { redis: access }: Settings<'kafka'>): Promise<KnownRoutes | null> {
  if (options.dir !== undefined) return (await usableConfiguration(options.dir)).compiled.routes;
  if (access === null) return null;
  const redis = connectRedis(access);
  try {
    const store = makeRedisBundleStore(redis, digestFiles);
    const digest = await store.activeDigest();
    const bundle = digest === null ? null : await store.read(digest);
    const result = bundle === null ? null : compileBundle(bundle);
    return result?.ok === true ? result.compiled.routes : null;
  } catch (error) {
    if (options.route !== undefined || !(error instanceof LetheError)) throw error;
    process.stderr.write(`lethe: routes are not named: ${error.message}\n`);
    return null;
  } finally {
    await redis.close();
  }
}

let output: ReturnType<typeof makeOutput> | null = null;

/** One for the process: each listens for errors. */
function makeOutputOnce(): ReturnType<typeof makeOutput> {
  output ??= makeOutput(process.stdout);
  return output;
}

import { makeSegmentCodec } from '../adapters/avro-single-object/audit-segments.ts';
import { treeOfAvro, wireSchemaId } from '../adapters/avro/record-tree.ts';
import { digestFiles } from '../adapters/config/digest.ts';
import { compileBundle } from '../adapters/config/load.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { sha256Hex } from '../adapters/crypto/digest.ts';
import { makeRedisBundleStore } from '../adapters/redis/bundle-store.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { makeRegistry } from '../adapters/registry/registry.ts';
import { LetheError } from '../core/errors.ts';
import { AUDIT_TOPIC } from '../core/own-topics.ts';
import type { CompiledBundle } from '../core/policy/plan.ts';
import { jsonLine, textLine } from '../core/tap/lines.ts';
import type { TapOptions } from './commands/tap.ts';
import { EXIT } from './exit.ts';
import { makeOutput } from './output.ts';
import { painter } from './painter.ts';
import { chooseRoute } from './routes.ts';
import { commandSettings } from './settings.main.ts';
import { makeStop } from './stop.ts';
import { runTap } from './tap.ts';
import { refuseContradictions } from './tap-options.ts';
import { type AvroAsJson, makeOutputTails, shownValue } from './tap-values.ts';
import { topicReaderOf } from './topic-reader.main.ts';
import { jsonOfTree } from './tree-json.ts';

const QUIET_MS = 2_000;
const CLOSE_MS = 1_000;

/** `lethe tap`: decisions on stdout until Ctrl-C, a signal, `--limit` or a reader that has gone; exit 0. */
export async function tap(options: TapOptions): Promise<number> {
  refuseContradictions(options);
  const wants = options.values === true ? (['registry'] as const) : [];
  const settings =
    options.topic === undefined
      ? commandSettings(options, ['kafka', 'redis'], wants)
      : commandSettings(options, ['kafka'], wants);
  const { topic, outputs } = await tapped(options, settings);
  const reader = topicReaderOf(settings);
  const stop = makeStop(null);
  const output = makeOutput(process.stdout);
  const paint = painter();
  const avro = avroAsJson(settings);
  const note = (text: string): void => void process.stderr.write(`lethe: ${text}\n`);
  const started = Date.now();
  let waitingTold = process.stderr.isTTY !== true;

  let troubled = false;
  try {
    const running = runTap({
      ...{ reader, auditTopic: options.auditTopic ?? AUDIT_TOPIC, decode: makeSegmentCodec().decode, hash: sha256Hex },
      selection: {
        topic,
        output: options.output ?? null,
        outcome: options.outcome ?? null,
        reason: options.reason ?? null,
      },
      sample: options.sample ?? null,
      limit: options.limit ?? null,
      values: options.values === true ? makeOutputTails(reader, topic, outputs) : null,
      show: async (decision, published, leftOut) => {
        troubled = false;
        waitingTold = true;
        const value = published === null ? null : await shownValue(published, avro);
        if (options.format === 'json') return output.write(`${jsonLine(decision, value, leftOut)}\n`);
        return output.write(`${leftOutLine(leftOut)}${textLine(decision, value, paint)}\n`);
      },
      rounded: async ({ shown }) => {
        if (waitingTold || shown > 0 || Date.now() - started < QUIET_MS) return;
        waitingTold = true;
        note(`waiting for decisions about ${topic}; Ctrl-C ends`);
      },
      troubled: ({ message }) => {
        if (!troubled) note(`${message}; trying again`);
        troubled = true;
      },
      wait: stop.wait,
      stopped: () => stop.signal.aborted,
      now: Date.now,
    });
    // A broker that does not answer is not waited for by somebody who has seen enough.
    const done = await Promise.race([running, stopped(stop.signal).then(() => soon())]);
    running.catch(() => undefined);
    if (done !== null && done.leftOut > 0) {
      note(`${done.leftOut} records were left out (--sample ${options.sample ?? ''})`);
    }
    if (done !== null && done.unusable > 0) {
      note(`${done.unusable} records of the audit cannot be used and were passed; "lethe verify" says why`);
    }
    return EXIT.ok;
  } finally {
    stop.close();
    await Promise.race([reader.close(), soon()]);
  }

  function leftOutLine(leftOut: number): string {
    if (leftOut === 0) return '';
    return `${paint('dim', `… ${leftOut} more records`)}\n`;
  }
}

/** The raw topic, and its outputs where a bundle says what they are. */
async function tapped(
  options: TapOptions,
  { redis: server }: Pick<Settings, 'redis'>,
): Promise<{ readonly topic: string; readonly outputs: ReadonlySet<string> | null }> {
  if (options.topic !== undefined || server === null) return { topic: options.topic ?? '', outputs: null };
  const redis = connectRedis(server);
  try {
    const route = chooseRoute(await activeBundle(makeRedisBundleStore(redis, digestFiles)), options.route);
    const outputs = new Set(route.plan.outputs.map(({ topic }) => topic));
    if (options.output !== undefined && !outputs.has(options.output)) {
      throw new LetheError('usage', `${options.output} is no output of the route ${route.name}`, {
        fix: `Give --output with one of: ${[...outputs].join(', ')}.`,
      });
    }
    return { topic: route.topic, outputs };
  } finally {
    await redis.close();
  }
}

async function activeBundle(store: ReturnType<typeof makeRedisBundleStore>): Promise<CompiledBundle> {
  const digest = await store.activeDigest();
  const bundle = digest === null ? null : await store.read(digest);
  const result = bundle === null ? null : compileBundle(bundle);
  if (result?.ok === true) return result.compiled;
  throw new LetheError('invalid_config', 'no bundle that can be used is active in Redis: --route cannot be looked up', {
    fix: 'Name the raw topic instead: --topic TOPIC.',
  });
}

/** Without a registry, or where it fails, the size is told. */
function avroAsJson({ registry: given }: Pick<Settings, 'registry'>): AvroAsJson {
  const registry = given === null ? null : makeRegistry(given);
  return async (value) => {
    const id = wireSchemaId(value);
    if (registry === null || id === null) return null;
    const schema = await registry.schemaById(id).catch(() => null);
    const tree = schema === null ? null : treeOfAvro(schema, value);
    return tree === null ? null : jsonOfTree(tree);
  };
}

function soon(): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), CLOSE_MS).unref());
}

function stopped(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(null);
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
}

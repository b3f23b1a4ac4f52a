import { mkdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '../adapters/crypto/digest.ts';
import { makeKeyring } from '../adapters/crypto/keyring.ts';
import { readKeys } from '../adapters/crypto/keys.ts';
import { makeSealer } from '../adapters/crypto/sealer.ts';
import { makeJsonCodec } from '../core/apply/json/json-codec.ts';
import { parseInstant } from '../core/apply/time.ts';
import { consentStateOf } from '../core/decide/consent-state.ts';
import { makeEngine } from '../core/engine.ts';
import { LetheError } from '../core/errors.ts';
import { taggedFields } from '../core/policy/avro-fields.ts';
import type { CompiledBundle, CompiledRoute, RoutePlan } from '../core/policy/plan.ts';
import { usableConfiguration } from './configuration.main.ts';
import { EXIT } from './exit.ts';
import { bytesOf, sizeOfFile } from './files.ts';
import type { Commands } from './program.ts';
import { makeProgress, megabytes } from './progress.ts';
import { AUDIT_FILE, DEAD_LETTERS_FILE, outputFile, replay } from './replay.ts';
import { readReplayConsents } from './replay-consents.ts';
import { commandSettings } from './settings.main.ts';

/** `lethe replay`: files in, files out, the summary as JSON on stdout. */
export async function replayFiles(dir: string, options: Parameters<Commands['replay']>[1]): Promise<number> {
  const now = timeOption(options.now);
  const size = sizeOfFile(options.in, '--in');
  if (options.consents !== undefined) sizeOfFile(options.consents, '--consents');
  const { bundle, compiled } = await usableConfiguration(dir);
  const route = chooseRoute(compiled, options.route);
  const plan = planOfRoute(route);

  const settings = commandSettings({}, [], ['keysFile']);
  const keysFile = options.keys ?? settings.keysFile;
  if (keysFile === null) {
    throw new LetheError(
      'invalid_config',
      'replay needs keys for pseudonyms and dead letters: LETHE_KEYS_FILE is not set',
      {
        fix: 'Make some with "lethe keys generate --out keys.json" and set LETHE_KEYS_FILE=keys.json, or give --keys.',
      },
    );
  }
  const keys = readKeys(keysFile);
  const keyring = makeKeyring(keys);

  const consents =
    options.consents === undefined ? null : await readReplayConsents(options.consents, bytesOf(options.consents));
  if (consents !== null && !consents.ok) {
    process.stderr.write(`${consents.problems.join('\n')}\n`);
    return EXIT.findings;
  }

  const out = await openFolder(options.out, [
    ...plan.outputs.map(({ topic }) => outputFile(topic)),
    DEAD_LETTERS_FILE,
    AUDIT_FILE,
  ]);
  const progress = makeProgress(process.stderr, 'Replaying', size, megabytes);
  try {
    const summary = await replay({
      plan,
      digest: bundle.digest,
      codec: makeJsonCodec(plan, keyring, settings.limits),
      engine: makeEngine({ keyring }),
      sealer: makeSealer(keys),
      hashText: sha256Hex,
      stateOf: consents === null ? () => consentStateOf([]) : consents.stateOf,
      input: bytesOf(options.in),
      maxBytes: settings.limits.maxBytes,
      now,
      write: async (file, bytes) => {
        await out.get(file)?.appendFile(bytes);
      },
      progress: progress.at,
    });
    progress.end();
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return EXIT.ok;
  } finally {
    progress.end();
    await Promise.all([...out.values()].map((handle) => handle.close()));
  }
}

function timeOption(text: string | undefined): number {
  if (text === undefined) return Date.now();
  const time = parseInstant(text);
  if (time !== null) return time;
  throw new LetheError('usage', '--now is no time', { fix: 'Write it like 2026-03-01T00:00:00Z (RFC 3339).' });
}

function chooseRoute({ routes }: CompiledBundle, name: string | undefined): CompiledRoute {
  const names = routes.map((route) => route.name).join(', ');
  const [first] = routes;
  if (name === undefined && routes.length === 1 && first !== undefined) return first;
  const route = routes.find((one) => one.name === name);
  if (route !== undefined) return route;
  throw new LetheError('usage', name === undefined ? 'several routes: which one?' : `there is no route ${name}`, {
    fix: `Give --route with one of: ${names}.`,
  });
}

/** With the fields that the schema file's tags declare, where the policy names one. */
function planOfRoute(route: CompiledRoute): RoutePlan {
  if (route.tags === null || route.schemaText === null) return route.plan;
  return route.planWith(taggedFields(JSON.parse(route.schemaText), route.tags));
}

async function openFolder(dir: string, files: readonly string[]): Promise<ReadonlyMap<string, FileHandle>> {
  try {
    mkdirSync(dir, { recursive: true });
    const handles = new Map<string, FileHandle>();
    for (const file of files) handles.set(file, await open(join(dir, file), 'w'));
    return handles;
  } catch (error) {
    throw new LetheError('usage', `--out ${dir}: files cannot be written there`, {
      fix: 'Name a folder that you may write to.',
      cause: error,
    });
  }
}

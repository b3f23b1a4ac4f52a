import { mkdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '../adapters/crypto/digest.ts';
import { makeKeyring } from '../adapters/crypto/keyring.ts';
import { makeSealer } from '../adapters/crypto/sealer.ts';
import { makeJsonCodec } from '../core/apply/json/json-codec.ts';
import { consentStateOf } from '../core/decide/consent-state.ts';
import { makeEngine } from '../core/engine.ts';
import { standInCiphers } from '../core/apply/encrypt.ts';
import { LetheError } from '../core/errors.ts';
import { usableConfiguration } from './configuration.main.ts';
import { EXIT } from './exit.ts';
import type { ReplayOptions } from './commands/replay.ts';
import { bytesOf, sizeOfFile } from './files.ts';
import { keysOf } from './keys-option.main.ts';
import { makeProgress, megabytes } from './progress.ts';
import { AUDIT_FILE, DEAD_LETTERS_FILE, outputFile, replay } from './replay.ts';
import { readReplayConsents } from './replay-consents.ts';
import { chooseRoute, planOfRoute } from './routes.ts';
import { commandSettings } from './settings.main.ts';
import { timeOption } from './time-option.ts';

/** `lethe replay`: files in, files out, the summary as JSON on stdout. */
export async function replayFiles(dir: string, options: ReplayOptions): Promise<number> {
  const now = options.now === undefined ? Date.now() : timeOption(options.now, '--now');
  const size = sizeOfFile(options.in, '--in');
  if (options.consents !== undefined) sizeOfFile(options.consents, '--consents');
  const { bundle, compiled } = await usableConfiguration(dir, { warn: true });
  const route = chooseRoute(compiled, options.route);
  const plan = planOfRoute(route);

  const settings = commandSettings({}, [], ['keysFile']);
  const keys = keysOf(options.keys, settings.keysFile, 'replay needs keys for pseudonyms and dead letters');
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
      engine: makeEngine({ keyring, ciphers: standInCiphers(keyring) }),
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

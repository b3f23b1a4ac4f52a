/** What explaining a record of a file and one of Kafka have in common. */
import { once } from 'node:events';
import { parseConfiguration } from '../adapters/config/parse.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { makeKeyring } from '../adapters/crypto/keyring.ts';
import { consentStateOf } from '../core/decide/consent-state.ts';
import { LetheError } from '../core/errors.ts';
import { type Authored, authoredOf } from '../core/explain/authored.ts';
import type { Keyring } from '../core/keyring.ts';
import type { Bundle } from '../core/ports.ts';
import type { ExplainOptions } from './commands/explain.ts';
import { type ConsentSource, consentsOfFile } from './consent-source.ts';
import { explanationLine } from './explain-json.ts';
import { explanationText } from './explain-text.ts';
import type { ShownExplanation } from './explain.ts';
import { bytesOf } from './files.ts';
import { keysOf } from './keys-option.main.ts';
import { painter } from './painter.ts';
import { readReplayConsents } from './replay-consents.ts';

export function keyringOf(options: ExplainOptions, settings: Pick<Settings, 'keysFile'>): Keyring {
  return makeKeyring(keysOf(options.keys, settings.keysFile, 'explain needs keys for pseudonyms'));
}

/** The names that people gave to things in a bundle that compiles. */
export function authoredIn({ files, digest }: Bundle): Authored {
  const parsed = parseConfiguration(files);
  if (parsed.ok) return authoredOf(parsed.docs);
  throw new LetheError('bug', `the bundle ${digest} compiles, and yet cannot be parsed`);
}

/**
 * Consents of the file named by `--consents`, else those given. Null: the file has bad lines, which are told on stderr.
 */
export async function consentsFrom(
  file: string | undefined,
  otherwise: ConsentSource | null,
): Promise<ConsentSource | null> {
  if (file === undefined) return otherwise ?? consentsOfFile(() => consentStateOf([]));
  const consents = await readReplayConsents(file, bytesOf(file));
  if (consents.ok) return consentsOfFile(consents.stateOf);
  process.stderr.write(`${consents.problems.join('\n')}\n`);
  return null;
}

/** On stdout alone: an explanation holds values. Waits until the reader has taken it. */
export async function print(
  { format }: Pick<ExplainOptions, 'format'>,
  isFurther: boolean,
  shown: ShownExplanation,
): Promise<void> {
  const text =
    format === 'json' ? `${explanationLine(shown)}\n` : `${isFurther ? '\n' : ''}${explanationText(shown, painter())}`;
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

import { writeFileSync } from 'node:fs';
import { makeApiToken, TOKEN_NAME } from '../adapters/config/api-tokens.ts';
import { generateKeys } from '../adapters/crypto/keys.ts';
import { publicKeysOf, publicKeysPem } from '../adapters/crypto/signer.ts';
import { type Scope, SCOPES } from '../core/api/scopes.ts';
import { LetheError } from '../core/errors.ts';
import { EXIT } from './exit.ts';
import { keysOf } from './keys-option.main.ts';
import { commandSettings } from './settings.main.ts';

/** `lethe keys generate`: a keys file on stdout, or written where nobody else can read it. */
export async function keysGenerate(options: { out?: string; force?: boolean }): Promise<number> {
  const text = generateKeys();
  if (options.out === undefined) {
    process.stdout.write(text);
    return EXIT.ok;
  }
  try {
    writeFileSync(options.out, text, { mode: 0o600, flag: options.force === true ? 'w' : 'wx' });
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new LetheError('usage', `${options.out}: ${exists ? 'the file exists' : 'the file cannot be written'}`, {
      fix: exists
        ? 'Keep it, or give --force: tokens, pseudonyms and dead letters made with its keys are then lost.'
        : 'Name a file in a folder that exists and that you may write to.',
      cause: error,
    });
  }
  process.stderr.write(`Wrote ${options.out}. Keep it safe: set LETHE_KEYS_FILE=${options.out} for every worker.\n`);
  return EXIT.ok;
}

/** `lethe keys public`: the public keys of every version of `checkpoint`, the highest first, as PEM on stdout. */
export async function keysPublic(options: { keys?: string; config?: string }): Promise<number> {
  const settings = commandSettings(options, [], ['keysFile']);
  const keys = keysOf(options.keys, settings.keysFile, 'the public key comes out of the "checkpoint" key');
  process.stdout.write(publicKeysPem(publicKeysOf(keys)));
  return EXIT.ok;
}

/**
 * `lethe keys token`: the token on stdout, the line of the tokens file on stderr, so that each can be sent where it
 * belongs. The token is kept nowhere.
 */
export async function keysToken(name: string, options: { scope: readonly string[] }): Promise<number> {
  const unknown = options.scope.filter((scope) => !(SCOPES as readonly string[]).includes(scope));
  if (unknown.length > 0 || !TOKEN_NAME.test(name)) {
    const message = unknown.length > 0 ? `there is no scope ${unknown.join(', ')}` : 'the name cannot be used';
    throw new LetheError('usage', message, {
      fix: `Scopes: ${SCOPES.join(', ')}. Names: up to 64 letters, digits, ".", "_" and "-"; they are logged.`,
    });
  }
  const { token, line } = makeApiToken(name, [...new Set(options.scope)] as Scope[]);
  process.stderr.write(`# The line for LETHE_API_TOKENS_FILE; the token itself is kept nowhere.\n${line}\n`);
  process.stdout.write(`${token}\n`);
  return EXIT.ok;
}

/** The tokens of the API: a file that holds their hashes, never the tokens. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { type Caller, type Scope, SCOPES } from '../../core/api/scopes.ts';
import { LetheError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { formatPosition } from '../../core/policy/report.ts';
import { checkShape } from './check-shape.ts';
import { readYaml } from './yaml-document.ts';

const HASH = /^[0-9a-f]{64}$/;
export const TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const tokensShape = z.record(
  z.string().regex(HASH),
  z.strictObject({
    name: z.string().regex(TOKEN_NAME),
    scopes: z.array(z.enum(SCOPES)).min(1),
    per_minute: z.int().min(1).max(10_000_000).exactOptional(),
  }),
);

type Entry = { readonly hash: Buffer; readonly caller: Caller };

export type ApiTokens = {
  /** Whose token this is, null for nobody's. The time it takes says nothing of how close a guess was. */
  readonly authenticate: (token: string) => Caller | null;
};

const LOOK_EVERY_MS = 1_000;

/**
 * The tokens of a file (YAML or JSON: SHA-256 in lower-case hex → `{name, scopes, per_minute?}`). The file is read again
 * within a second of a change. Where it is gone, nobody has a token; where it cannot be used, those of before stay, so
 * that a slip of the pen does not turn withdrawals away, and the log says so.
 *
 * @param now epoch milliseconds.
 * @throws LetheError `invalid_config` where the file cannot be used at the start.
 */
export function openApiTokens(file: string, log: Log, now: () => number): ApiTokens {
  let entries = parse(file, readFile(file));
  let seen = stamp(file);
  let looked = now();

  const look = (): void => {
    looked = now();
    const stands = stamp(file);
    if (stands === seen) return;
    seen = stands;
    try {
      entries = stands === null ? [] : parse(file, readFile(file));
      log.info({ tokens: entries.length }, 'Read the tokens file again');
    } catch (error) {
      log.error({}, `The tokens of before stay in force: ${(error as Error).message}`);
    }
  };

  return {
    authenticate: (token) => {
      if (now() - looked >= LOOK_EVERY_MS || now() < looked) look();
      const hash = createHash('sha256').update(token).digest();
      let found: Caller | null = null;
      for (const entry of entries) if (timingSafeEqual(entry.hash, hash)) found = entry.caller;
      return found;
    },
  };
}

/** A new token, and the line of the tokens file that lets it in; the line does not give it away. */
export function makeApiToken(
  name: string,
  scopes: readonly Scope[],
): { readonly token: string; readonly line: string } {
  const token = `lethe_${randomBytes(32).toString('base64url')}`;
  const hash = createHash('sha256').update(token).digest('hex');
  return { token, line: `"${hash}": ${JSON.stringify({ name, scopes }).replaceAll(/([:,])"/g, '$1 "')}` };
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = String((cause as NodeJS.ErrnoException).code);
    throw new LetheError('invalid_config', `LETHE_API_TOKENS_FILE ${file} cannot be read (${reason})`, { cause });
  }
}

function parse(file: string, text: string): readonly Entry[] {
  const yaml = readYaml(file, text);
  const checked = yaml.ok ? checkShape(tokensShape, yaml.document) : yaml;
  if (!checked.ok) {
    // What is quoted may be a token that somebody wrote in clear.
    const list = checked.problems.map(
      ({ position, message }) => `${formatPosition(position)}: ${message.replaceAll(/"[^"]{20,}"/g, '"…"')}`,
    );
    throw new LetheError('invalid_config', `LETHE_API_TOKENS_FILE cannot be used: ${list.join('; ')}`, {
      fix: 'Write a line for each token, as "lethe keys token" prints it.',
    });
  }
  return Object.entries(checked.document.value).map(([hash, { name, scopes, per_minute: perMinute }]) => ({
    hash: Buffer.from(hash, 'hex'),
    caller: { name, scopes: new Set(scopes), perMinute: perMinute ?? null },
  }));
}

/** Changes whenever the file does; null where it is gone. */
function stamp(file: string): string | null {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
}

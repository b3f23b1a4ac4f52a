import { makePseudonymVersions } from '../adapters/crypto/keyring.ts';
import { pseudonymEpochs } from '../core/pseudonym-epochs.ts';
import type { PseudonymOptions } from './commands/pseudonym.ts';
import { EXIT } from './exit.ts';
import { bytesOf, sizeOfFile } from './files.ts';
import { keysOf } from './keys-option.main.ts';
import { makeOutput } from './output.ts';
import { type Epoch, overText, pseudonymMap, pseudonymsOf, resolvePseudonyms } from './pseudonym.ts';
import { commandSettings } from './settings.main.ts';

/** `lethe pseudonym of SUBJECT --domain D` */
export async function pseudonymOf(subject: string, options: PseudonymOptions): Promise<number> {
  process.stdout.write(pseudonymsOf(subject, options.domain, epochsOf(options)));
  return EXIT.ok;
}

/** `lethe pseudonym map --domain D < SUBJECTS` */
export async function mapPseudonyms(options: PseudonymOptions): Promise<number> {
  const output = makeOutput(process.stdout);
  for await (const line of pseudonymMap(subjectsOf(options), options.domain, epochsOf(options))) {
    if (!(await output.write(line))) break;
  }
  return EXIT.ok;
}

/** `lethe pseudonym resolve PSEUDONYM… --domain D < CANDIDATES`: exit 1 where one is nobody's. */
export async function resolve(pseudonyms: readonly string[], options: PseudonymOptions): Promise<number> {
  const { lines, missing } = await resolvePseudonyms(
    pseudonyms,
    subjectsOf(options),
    options.domain,
    epochsOf(options),
  );
  process.stdout.write(lines.join(''));
  if (missing === 0) return EXIT.ok;
  process.stderr.write(`lethe: ${missing} pseudonym(s) of none of the candidates in domain ${options.domain}\n`);
  return EXIT.findings;
}

function epochsOf(options: PseudonymOptions): readonly Epoch[] {
  const settings = commandSettings(options, [], ['keysFile']);
  const keys = keysOf(options.keys, settings.keysFile, 'pseudonyms are made with the "pseudonym" key');
  const versions = makePseudonymVersions(keys);
  const epochs = pseudonymEpochs(
    versions.map(({ version }) => version),
    settings.pseudonyms,
    Date.now(),
  ).map((epoch, index): Epoch => ({ ...epoch, pseudonym: versions[index]!.pseudonym }));
  const over = overText(epochs);
  if (over !== null) process.stderr.write(`lethe: ${over}\n`);
  return epochs;
}

function subjectsOf({ in: file }: PseudonymOptions): AsyncIterable<Uint8Array> {
  if (file === undefined) return process.stdin;
  sizeOfFile(file, '--in');
  return bytesOf(file);
}

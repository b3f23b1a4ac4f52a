import { makeJsonCodec } from '../core/apply/json/json-codec.ts';
import { makeEngine } from '../core/engine.ts';
import { standInCiphers } from '../core/apply/encrypt.ts';
import { LetheError } from '../core/errors.ts';
import { explainRecord, type ExplainPorts } from '../core/explain/explain.ts';
import { treeOfJson } from '../core/explain/tree.ts';
import type { ExplainOptions } from './commands/explain.ts';
import { usableConfiguration } from './configuration.main.ts';
import { EXIT } from './exit.ts';
import { explainAt } from './explain-at.main.ts';
import { authoredIn, consentsFrom, keyringOf, print } from './explain-shared.main.ts';
import { inputRecords } from './explain.ts';
import { bytesOf, sizeOfFile } from './files.ts';
import { chooseRoute, planOfRoute } from './routes.ts';
import { commandSettings } from './settings.main.ts';
import { timeOption } from './time-option.ts';

/** `lethe explain`: explanations on stdout, and values nowhere else. */
export async function explain(dir: string | undefined, options: ExplainOptions): Promise<number> {
  if (options.at !== undefined) {
    if (options.in === undefined) return explainAt(dir, options.at, options);
    throw new LetheError('usage', '--at and --in: a record comes from one of them', { fix: 'Leave one out.' });
  }
  if (dir !== undefined) return explainInput(dir, options);
  throw new LetheError('usage', 'which configuration? Neither a folder nor --at is given', {
    fix: 'Name the folder: lethe explain config < record.json; or a record of Kafka: --at topic/partition/offset.',
  });
}

/** Records of a file or of stdin, as `replay` takes them. */
async function explainInput(dir: string, options: ExplainOptions): Promise<number> {
  const now = options.now === undefined ? Date.now() : timeOption(options.now, '--now');
  const input = inputOf(options.in);
  if (options.consents !== undefined) sizeOfFile(options.consents, '--consents');
  const { bundle, compiled } = await usableConfiguration(dir);
  const plan = planOfRoute(chooseRoute(compiled, options.route));
  const settings = commandSettings(options, [], ['keysFile']);
  const keyring = keyringOf(options, settings);
  const consents = await consentsFrom(options.consents, null);
  if (consents === null) return EXIT.findings;

  const ports: ExplainPorts = {
    codec: makeJsonCodec(plan, keyring, settings.limits),
    engine: makeEngine({ keyring, ciphers: standInCiphers(keyring) }),
    readRaw: treeOfJson,
    readOutput: treeOfJson,
    load: consents.load,
    authored: authoredIn(bundle),
  };
  let records = 0;
  let unreadable = 0;
  for await (const { line, bytes } of inputRecords(input, settings.limits.maxBytes)) {
    const raw = { offset: records, timestamp: now, key: null, value: bytes ?? new Uint8Array(0), headers: null };
    const record = bytes === null ? ({ ...raw, unreadable: 'too_large' } as const) : raw;
    const { explanation } = await explainRecord(plan, record, now, ports);
    await print(options, records > 0, {
      ...{ source: null, line, bundle: { digest: bundle.digest, from: 'folder' } },
      consentsFrom: options.consents === undefined ? 'nobody' : 'file',
      nowFrom: options.now === undefined ? 'present' : 'option',
      ...{ explanation, audited: null },
    });
    records++;
    const code = explanation.deadLetter?.code;
    if (code !== 'undecodable' && code !== 'too_large') continue;
    unreadable++;
    const where = line === null ? '' : `:${line}`;
    const what = code === 'undecodable' ? 'this is no whole JSON object' : 'this is larger than a record may be';
    process.stderr.write(`lethe: ${options.in ?? 'stdin'}${where}: ${what}; a worker dead-letters it (${code})\n`);
  }
  if (records === 0) {
    throw new LetheError('usage', `${options.in ?? 'stdin'} holds no record`, {
      fix: 'Give one JSON object a line: lethe explain config --route NAME < record.json',
    });
  }
  return unreadable > 0 ? EXIT.findings : EXIT.ok;
}

function inputOf(file: string | undefined): AsyncIterable<Uint8Array> {
  if (file !== undefined) {
    sizeOfFile(file, '--in');
    return bytesOf(file);
  }
  if (process.stdin.isTTY !== true) return process.stdin;
  throw new LetheError('usage', 'which record? stdin is a terminal', {
    fix: 'Pipe one in (lethe explain config < record.json), or name a file with --in, or a record of Kafka with --at.',
  });
}

import { parseConsentLine, type UnplacedConsentEvent } from '../core/consent-file.ts';
import { LetheError } from '../core/errors.ts';
import type { Keyring } from '../core/keyring.ts';
import type { ConsentLog, ConsentLogEntry, ConsentStore } from '../core/ports.ts';
import { byteLines } from './byte-lines.ts';

export type ConsentImport = {
  /** As messages call it. */
  readonly file: string;
  /** The file's bytes from the beginning; called twice. */
  readonly open: () => AsyncIterable<Uint8Array>;
  readonly keyring: Pick<Keyring, 'subjectTokens'>;
  readonly log: ConsentLog;
  readonly view: Pick<ConsentStore, 'add'>;
  /** Told of each bad line: `FILE:LINE: message`. Never holds anything from the line. */
  readonly report: (problem: string) => void;
  /** Told now and then how many lines of which pass are done. */
  readonly progress?: (pass: 'checked' | 'imported', lines: number) => void;
};

export type ConsentImportResult =
  | { readonly ok: true; readonly events: number }
  /** Nothing was imported. */
  | { readonly ok: false; readonly problems: number };

/** Longer lines are refused: they could not become records of the feed. */
const MAX_LINE_BYTES = 256 * 1024;
const BATCH = 2_000;

/**
 * Imports a consents file: checks every line first and imports nothing where one is bad; then appends the events to the
 * feed and adds them to the view under the versions the feed gave them. Returns once the view holds them all. Blank
 * lines are skipped. Memory does not grow with the file. Importing a file again does no harm.
 *
 * @throws LetheError `unavailable`; what was appended until then stays.
 */
export async function importConsents(options: ConsentImport): Promise<ConsentImportResult> {
  let problems = 0;
  let lines = 0;
  for await (const line of consentLines(options)) {
    if (!line.ok) {
      problems++;
      options.report(line.message);
    }
    if (++lines % BATCH === 0) options.progress?.('checked', lines);
  }
  options.progress?.('checked', lines);
  return problems > 0 ? { ok: false, problems } : { ok: true, events: await importChecked(options) };
}

async function importChecked(options: ConsentImport): Promise<number> {
  let events = 0;
  let batch: ConsentLogEntry[] = [];
  /** The view takes one batch while the feed takes the next. */
  let adding: Promise<void> = Promise.resolve();

  async function flush(): Promise<void> {
    const entries = batch;
    batch = [];
    const versions = await options.log.append(entries);
    await adding;
    adding = options.view.add(entries.map((entry, index) => placed(entry, versions[index])));
    // It is awaited in a moment; until then its failure has an owner.
    adding.catch(() => {});
    events += entries.length;
    options.progress?.('imported', events);
  }

  for await (const line of consentLines(options)) {
    if (!line.ok) {
      throw new LetheError('invalid_config', `${options.file} changed while it was read: ${line.message}`, {
        fix: 'Import it again: events that were imported already do no harm.',
      });
    }
    batch.push({ token: signingToken(options.keyring, line.subject), event: line.event });
    if (batch.length >= BATCH) await flush();
  }
  if (batch.length > 0) await flush();
  await adding;
  return events;
}

type CheckedLine =
  | { readonly ok: true; readonly subject: string; readonly event: UnplacedConsentEvent }
  | { readonly ok: false; readonly message: string };

async function* consentLines({ file, open }: Pick<ConsentImport, 'file' | 'open'>): AsyncGenerator<CheckedLine> {
  for await (const { number, text } of byteLines(open(), MAX_LINE_BYTES)) {
    if (text === null) {
      yield { ok: false, message: `${file}:${number}: this is no UTF-8, or longer than ${MAX_LINE_BYTES} bytes` };
    } else if (text.trim() !== '') {
      const line = parseConsentLine(text);
      yield line.ok ? line : { ok: false, message: `${file}:${number}: ${line.message}` };
    }
  }
}

function signingToken(keyring: Pick<Keyring, 'subjectTokens'>, subject: string): string {
  const token = keyring.subjectTokens(subject)[0];
  if (token === undefined) throw new LetheError('invalid_config', 'the keys file has no "subject" key');
  return token;
}

function placed({ token, event }: ConsentLogEntry, version: number | undefined): Parameters<ConsentStore['add']>[0][0] {
  if (version === undefined) throw new LetheError('bug', 'the consent feed gave an event no version');
  return { token, event: { ...event, version } };
}

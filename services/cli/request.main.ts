/** `lethe request …` */
import { readFile } from 'node:fs/promises';
import { checkCallbackUrl, parseCallbackHosts } from '../adapters/callbacks/allowed.ts';
import { readKeys } from '../adapters/crypto/keys.ts';
import { makeKeyring } from '../adapters/crypto/keyring.ts';
import { makeSignatureCheck, makeSigner, parsePublicKeys, publicKeysOf } from '../adapters/crypto/signer.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { makeKafka } from '../adapters/kafka/client.ts';
import { connectAdmin, disconnectAdmin } from '../adapters/kafka/topics.ts';
import { kafkajsLogCreator } from '../adapters/log/kafkajs-bridge.ts';
import { makeLog } from '../adapters/log/logger.ts';
import { silenceNegativeTimeoutWarning } from '../adapters/log/warnings.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { wireProjector } from '../control/projector.main.ts';
import { createRequest } from '../control/requests-api.main.ts';
import { keyOpener, type WiredRequests, wireRequests } from '../control/requests.main.ts';
import { makeWrittenTopics } from '../gateway/written-topics.main.ts';
import { LetheError } from '../core/errors.ts';
import { parseDuration } from '../core/policy/duration.ts';
import { MOST_CALLBACKS } from '../core/requests/callbacks.ts';
import { cancelRequest } from '../core/requests/cancel.ts';
import { type Deadlines, deadlineOf } from '../core/requests/deadline.ts';
import { checkReceipt, receiptDocument } from '../core/requests/receipt.ts';
import { foldRequests, type SubjectRequest } from '../core/requests/request.ts';
import { drive } from '../core/requests/saga.ts';
import { showRequest } from '../core/requests/show.ts';
import type {
  CreateRequestOptions,
  ListRequestsOptions,
  ReceiptOptions,
  ReportOptions,
  RunRequestsOptions,
  ShowRequestOptions,
} from './commands/request.ts';
import { EXIT } from './exit.ts';
import { sizeOfFile } from './files.ts';
import { keysOf } from './keys-option.main.ts';
import { type Correction, type CorrectionParts, openCorrection } from './request-correction.main.ts';
import { correctionsIn } from './request-corrections.ts';
import { reportAsHtml } from './request-report.ts';
import { requestLines, requestText } from './request-text.ts';
import { commandSettings } from './settings.main.ts';
import { timeOption } from './time-option.ts';

type Needed = Settings<'kafka' | 'redis' | 'keysFile'>;
/** For a corrected record of an Avro route. */
const WANTED = ['registry'] as const;

export async function requestCreate(subject: string, options: CreateRequestOptions): Promise<number> {
  const settings = commandSettings(options, ['kafka', 'redis', 'keysFile'], WANTED);
  const id = subject === '-' ? (await readStdin()).replace(/\r?\n$/, '') : subject;
  const callbacks = callbacksOf(options.callback ?? [], settings.callbackHosts);
  const corrections = options.consents === undefined ? [] : await correctionsIn(options.consents, id);
  const keyring = makeKeyring(readKeys(settings.keysFile));
  return withRequests(settings, 60_000, async (wired, parts) => {
    const correcting = await correctionOf(options, parts);
    // Nothing is received that could not be carried out.
    await correcting?.check(keyring.subjectTokens(id));
    let request = await createRequest(wired, keyring, (now) => ({
      type: options.type,
      subject: id,
      regime: options.regime,
      due: dueOf(options, settings.requestDeadlines, now),
      purpose: options.purpose ?? null,
      corrections,
      record: correcting !== null,
      callbacks,
    }));
    if (correcting !== null) request = await correcting.carryOut(request);
    if (options.run === true) request = await drive(request, wired.ports);
    process.stdout.write(
      options.format === 'json'
        ? `${JSON.stringify(showRequest(request, Date.now()))}\n`
        : options.run === true
          ? requestText(showRequest(request, Date.now()))
          : `${request.id}\n`,
    );
    return options.run === true && request.status === 'open' ? EXIT.findings : EXIT.ok;
  });
}

export async function requestList(options: ListRequestsOptions): Promise<number> {
  const settings = commandSettings(options, ['kafka', 'redis', 'keysFile']);
  return withRequests(settings, 0, async ({ ports }) => {
    const now = Date.now();
    const shown = [...foldRequests(await ports.log.read()).values()]
      .filter(({ status }) => options.open !== true || status === 'open')
      .map((request) => showRequest(request, now));
    process.stdout.write(options.format === 'json' ? `${JSON.stringify(shown)}\n` : requestLines(shown));
    return EXIT.ok;
  });
}

export async function requestShow(id: string, options: ShowRequestOptions): Promise<number> {
  const settings = commandSettings(options, ['kafka', 'redis', 'keysFile']);
  return withRequests(settings, 0, async (wired) => {
    const shown = showRequest(await requestOf(id, wired), Date.now());
    process.stdout.write(options.format === 'json' ? `${JSON.stringify(shown)}\n` : requestText(shown));
    return EXIT.ok;
  });
}

export async function requestRun(id: string | undefined, options: RunRequestsOptions): Promise<number> {
  const patience = waitOf(options.wait ?? 'PT1M');
  const settings = commandSettings(options, ['kafka', 'redis', 'keysFile'], WANTED);
  if (options.record !== undefined && id === undefined) {
    throw new LetheError('usage', 'A record belongs to one request', { fix: 'Give the id of the request as well.' });
  }
  return withRequests(settings, patience, async (wired, parts) => {
    const { ports } = wired;
    const correcting = await correctionOf(options, parts);
    const open =
      id === undefined
        ? [...foldRequests(await ports.log.read()).values()].filter(({ status }) => status === 'open')
        : [await requestOf(id, wired)];
    const shown = [];
    for (const request of open) {
      await correcting?.check(request.received.tokens);
      const corrected = correcting === null ? request : await correcting.carryOut(request);
      shown.push(showRequest(await drive(corrected, ports), Date.now()));
    }
    process.stdout.write(
      options.format === 'json'
        ? `${JSON.stringify(shown)}\n`
        : shown.length === 0
          ? 'nothing is open\n'
          : shown.map(requestText).join(''),
    );
    return shown.every(({ request_status: status }) => status === 'completed' || status === 'cancelled')
      ? EXIT.ok
      : EXIT.findings;
  });
}

export async function requestCancel(id: string, options: ShowRequestOptions): Promise<number> {
  const settings = commandSettings(options, ['kafka', 'redis', 'keysFile']);
  return withRequests(settings, 0, async ({ ports }) => {
    const request = await cancelRequest(id, ports.log, ports.now());
    if (request === null) throw noSuchRequest();
    if (request.status !== 'cancelled') {
      throw new LetheError('usage', 'It is too late: something was done for the request already', {
        fix: 'See what: lethe request show ID. Consents can be given anew; what was erased is gone.',
      });
    }
    const shown = showRequest(request, ports.now());
    process.stdout.write(options.format === 'json' ? `${JSON.stringify(shown)}\n` : requestText(shown));
    return EXIT.ok;
  });
}

export async function requestReport(id: string, options: ReportOptions): Promise<number> {
  const settings = commandSettings(options, ['kafka', 'redis', 'keysFile']);
  return withRequests(settings, 0, async (wired) => {
    const request = await requestOf(id, wired);
    if (request.received.type !== 'access') {
      throw new LetheError('usage', 'Only a request of access has a report', { fix: 'Create one with --type access.' });
    }
    const report = await wired.report(request);
    process.stdout.write(options.format === 'html' ? reportAsHtml(report) : `${JSON.stringify(report, null, 2)}\n`);
    return EXIT.ok;
  });
}

export async function requestReceipt(id: string, options: ReceiptOptions): Promise<number> {
  if (options.check === true) return checkFile(id, options);
  const settings = commandSettings(options, ['kafka', 'redis', 'keysFile']);
  return withRequests(settings, 0, async (wired) => {
    const { receipt } = await requestOf(id, wired);
    if (receipt === null) {
      throw new LetheError('usage', 'The request is not completed: there is no receipt yet', {
        fix: 'See what it waits for: lethe request show ID.',
      });
    }
    process.stdout.write(`${JSON.stringify(receiptDocument(receipt))}\n`);
    return EXIT.ok;
  });
}

async function checkFile(file: string, options: ReceiptOptions): Promise<number> {
  sizeOfFile(file, 'file');
  let document: unknown = null;
  try {
    document = JSON.parse(await readFile(file, 'utf8'));
  } catch {
    // It is no receipt then.
  }
  const trusted =
    options.publicKey === undefined
      ? publicKeysOf(
          keysOf(
            options.keys,
            commandSettings(options, [], ['keysFile']).keysFile,
            'a check needs the "checkpoint" key (or --public-key)',
          ),
        )
      : new Map(
          (
            await Promise.all(
              options.publicKey.map(async (one) => {
                sizeOfFile(one, '--public-key');
                return [...parsePublicKeys(await readFile(one, 'utf8'), one)];
              }),
            )
          ).flat(),
        );
  const result = checkReceipt(document, makeSignatureCheck(trusted));
  const words = {
    good: 'good: it is what was signed',
    bad: 'BAD: it is not what was signed',
    unknown_key: 'UNKNOWN KEY: it was signed by none of these keys',
    no_receipt: 'NO RECEIPT: the file holds none',
  };
  process.stdout.write(`${words[result]}\n`);
  return result === 'good' ? EXIT.ok : EXIT.findings;
}

/** Connects, runs, lets go. */
async function withRequests(
  settings: Needed,
  patienceMs: number,
  work: (wired: WiredRequests, parts: CorrectionParts) => Promise<number>,
): Promise<number> {
  silenceNegativeTimeoutWarning();
  const keys = readKeys(settings.keysFile);
  const log = makeLog('silent');
  const kafka = makeKafka(settings.kafka, kafkajsLogCreator(log));
  const { brokers } = settings.kafka;
  const admin = kafka.admin({ retry: { retries: 2 } });
  const redis = connectRedis(settings.redis);
  const { projector, close } = wireProjector({ kafka, brokers, redis, log });
  const wired = wireRequests({
    kafka,
    brokers,
    admin,
    redis,
    groupId: settings.groupId,
    catchUp: projector.catchUp,
    sign: makeSigner(keys),
    openKey: keyOpener(keys),
    patienceMs,
  });
  try {
    await connectAdmin(admin, brokers);
    await makeWrittenTopics(admin, brokers).ensure([]);
    return await work(wired, { kafka, admin, redis, keys, settings, wired });
  } finally {
    await Promise.all([wired.close(), close(), redis.close(), disconnectAdmin(admin)]);
  }
}

async function correctionOf(
  { record, route }: Pick<CreateRequestOptions, 'record' | 'route'>,
  parts: CorrectionParts,
): Promise<Correction | null> {
  if (record !== undefined) return openCorrection({ record, ...(route === undefined ? {} : { route }) }, parts);
  if (route === undefined) return null;
  throw new LetheError('usage', '--route is of a corrected record', { fix: 'Give --record FILE as well.' });
}

async function requestOf(id: string, { ports }: WiredRequests): Promise<SubjectRequest> {
  const request = foldRequests(await ports.log.read()).get(id);
  if (request !== undefined) return request;
  throw noSuchRequest();
}

function noSuchRequest(): LetheError {
  return new LetheError('usage', 'There is no request of that id', { fix: 'See which there are: lethe request list.' });
}

function dueOf({ deadline, regime }: CreateRequestOptions, deadlines: Deadlines, now: number): number {
  const length = deadline === undefined ? null : parseDuration(deadline);
  if (length !== null) return now + length;
  if (deadline !== undefined) return timeOption(deadline, '--deadline');
  return now + deadlineOf(regime, deadlines);
}

function callbacksOf(urls: readonly string[], allowed: readonly string[]): readonly string[] {
  if (urls.length > MOST_CALLBACKS) {
    throw new LetheError('usage', `More than ${MOST_CALLBACKS} callbacks`, { fix: 'Give fewer.' });
  }
  const hosts = parseCallbackHosts(allowed);
  return urls.map((url, place) => {
    const checked = checkCallbackUrl(url, hosts);
    if (checked.ok) return checked.url;
    throw new LetheError('usage', `Callback ${place + 1} cannot be called`, { fix: `It ${checked.problem}.` });
  });
}

/** Minutes and seconds too: nobody waits for hours on a terminal. */
function waitOf(text: string): number {
  const [, minutes = '0', seconds = '0'] = /^PT(?=\d)(?:(\d{1,3})M)?(?:(\d{1,4})S)?$/.exec(text) ?? [text, 'x'];
  const ms = (Number(minutes) * 60 + Number(seconds)) * 1000;
  if (ms >= 0) return ms;
  throw new LetheError('usage', '--wait is no duration', { fix: 'Write it like PT30S or PT5M.' });
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

import { createWriteStream, existsSync, type WriteStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { makeSegmentCodec } from '../adapters/avro-single-object/audit-segments.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { sha256Hex } from '../adapters/crypto/digest.ts';
import type { Keys } from '../adapters/crypto/keys.ts';
import {
  makeSignatureCheck,
  makeSigner,
  parsePublicKeys,
  type PublicKeys,
  publicKeysOf,
} from '../adapters/crypto/signer.ts';
import { makeKafka } from '../adapters/kafka/client.ts';
import { kafkaUnavailable } from '../adapters/kafka/errors.ts';
import { connectAdmin, disconnectAdmin } from '../adapters/kafka/topics.ts';
import { kafkajsLogCreator } from '../adapters/log/kafkajs-bridge.ts';
import { makeLog } from '../adapters/log/logger.ts';
import { type AuditSegment, segmentLine } from '../core/audit/segment.ts';
import { LetheError } from '../core/errors.ts';
import { AUDIT_TOPIC } from '../core/own-topics.ts';
import { decodePosition } from '../gateway/position.ts';
import type { VerifyFlags } from './commands/verify.ts';
import { EXIT } from './exit.ts';
import { bytesOf, sizeOfFile } from './files.ts';
import { keysOf } from './keys-option.main.ts';
import { makeProgress, megabytes, type Progress } from './progress.ts';
import { commandSettings } from './settings.main.ts';
import { topicReaderOf } from './topic-reader.main.ts';
import { verifyAudit, type VerifyOptions } from './verify.ts';
import type { CheckpointsFile } from './verify-checkpoints.ts';
import type { GroupPosition } from './verify-positions.ts';
import { verifyText } from './verify-report.ts';
import type { AuditSource } from './verify-source.ts';

/** How long a transaction may keep a segment from being seen whose position is: see verify.ts. */
const SETTLE_MS = 10_000;

/** `lethe verify`: the report on stdout; exit 1 where anything is found. */
export async function verify(flags: VerifyFlags): Promise<number> {
  refuseContradictions(flags);
  const size = flags.in === undefined ? null : sizeOfFile(flags.in, '--in');
  const settings = commandSettings(flags, [], ['kafka', 'keysFile']);
  const trust = await checkpointsOf(flags, settings);
  const opened = openSource(flags, size === null ? commandSettings(flags, ['kafka']) : null);
  let progress: Progress | null = null;
  const exported = flags.export === undefined ? null : exportTo(flags.export);
  try {
    const report = await verifyAudit({
      source: opened.source,
      hash: sha256Hex,
      ...trust,
      full: flags.full === true,
      raw: flags.againstRaw === true ? opened.raw : null,
      exported: exported?.write ?? null,
      now: Date.now,
      progress: (done, total) => {
        progress ??= makeProgress(process.stderr, 'Verifying', size ?? total, size === null ? segmentCount : megabytes);
        progress.at(done);
      },
    });
    await exported?.end();
    (progress as Progress | null)?.end();
    process.stdout.write(flags.format === 'json' ? `${JSON.stringify(report)}\n` : verifyText(report));
    return report.ok ? EXIT.ok : EXIT.findings;
  } finally {
    (progress as Progress | null)?.end();
    await opened.close();
  }
}

function refuseContradictions(flags: VerifyFlags): void {
  const refuse = (message: string, fix: string): never => {
    throw new LetheError('usage', message, { fix });
  };
  const needsFile = 'Give --checkpoints FILE as well.';
  if (flags.accept !== undefined && flags.sign !== true) {
    refuse('--accept: nothing is signed', 'Give --sign as well; findings are reported and exit 1 either way.');
  }
  if (flags.checkpoints === undefined) {
    if (flags.sign === true) refuse('--sign: there is no file to append the checkpoint to', needsFile);
    if (flags.full === true) refuse('--full: there are no checkpoints, and all is read anyway', needsFile);
    if (flags.publicKey !== undefined) refuse('--public-key: there are no checkpoints to check with it', needsFile);
    if (flags.expectCheckpoint !== undefined) refuse('--expect-checkpoint: there are no checkpoints', needsFile);
  }
  if (flags.in === undefined) return;
  if (flags.againstRaw === true) {
    refuse('--against-raw: a file is compared with no topic', 'Leave --in out, so that the audit topic is read.');
  }
  if (flags.auditTopic !== undefined) refuse('--audit-topic and --in: which of the two?', 'Leave one out.');
}

type OpenedSource = {
  readonly source: AuditSource;
  readonly raw: VerifyOptions['raw'];
  readonly close: () => Promise<void>;
};

function openSource({ in: file, auditTopic }: VerifyFlags, settings: Settings<'kafka'> | null): OpenedSource {
  if (settings === null) {
    const name = file ?? '';
    return { source: { kind: 'file', file: name, open: () => bytesOf(name) }, raw: null, close: async () => undefined };
  }
  const reader = topicReaderOf(settings);
  const { brokers } = settings.kafka;
  const admin = makeKafka(settings.kafka, kafkajsLogCreator(makeLog('silent'))).admin({ retry: { retries: 2 } });
  let connecting: Promise<void> | null = null;
  const ask = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
    connecting ??= connectAdmin(admin, brokers);
    await connecting;
    return work().catch((error: unknown) => {
      throw kafkaUnavailable(doing, brokers, error);
    });
  };
  const { groupId } = settings;
  return {
    source: { kind: 'topic', topic: auditTopic ?? AUDIT_TOPIC, reader, decode: makeSegmentCodec().decode },
    raw: {
      group: groupId,
      settleMs: SETTLE_MS,
      exists: (topic) => ask('listing topics', async () => (await admin.listTopics()).includes(topic)),
      positions: () =>
        ask(`reading the positions of group ${groupId}`, async () =>
          (await admin.fetchOffsets({ groupId })).flatMap(({ topic, partitions }) =>
            partitions.flatMap(({ partition, offset, metadata }): GroupPosition[] =>
              Number(offset) < 0
                ? []
                : [{ topic, partition, offset: Number(offset), chain: decodePosition(metadata).chain }],
            ),
          ),
        ),
    },
    close: async () => {
      await Promise.all([reader.close(), connecting === null ? undefined : disconnectAdmin(admin)]);
    },
  };
}

/** The checkpoints file, who may have signed in it, and who signs. */
async function checkpointsOf(
  flags: VerifyFlags,
  settings: Settings,
): Promise<Pick<VerifyOptions, 'checkpoints' | 'sign'>> {
  const { checkpoints: file, sign, publicKey, expectCheckpoint } = flags;
  if (file === undefined) return { checkpoints: null, sign: null };
  const present = existsSync(file);
  if (!present && sign !== true) {
    throw new LetheError('usage', `--checkpoints ${file}: the file does not exist`, {
      fix: 'Name the file that holds them; with --sign a new one is begun.',
    });
  }
  if (present) sizeOfFile(file, '--checkpoints');
  const own = (): Keys =>
    keysOf(flags.keys, settings.keysFile, 'checkpoints need the "checkpoint" key (or --public-key)');
  const trusted = publicKey === undefined ? publicKeysOf(own()) : await publicKeysIn(publicKey);
  const checkpoints: CheckpointsFile = {
    file,
    open: present ? () => bytesOf(file) : null,
    check: makeSignatureCheck(trusted),
    anchor: expectCheckpoint ?? null,
  };
  if (sign !== true) return { checkpoints, sign: null };
  const signer = makeSigner(own());
  if (!trusted.has(signer.key)) {
    throw new LetheError('invalid_config', `--sign: the key ${signer.key} of the keys file is none of --public-key`, {
      fix: 'Give its public key too ("lethe keys public"), or sign with another keys file.',
    });
  }
  return { checkpoints, sign: { signer, append: (line) => appendLine(file, line), accept: new Set(flags.accept) } };
}

async function publicKeysIn(files: readonly string[]): Promise<PublicKeys> {
  const keys = new Map<string, PublicKeys extends ReadonlyMap<string, infer K> ? K : never>();
  for (const file of files) {
    sizeOfFile(file, '--public-key');
    for (const [name, key] of parsePublicKeys(await readFile(file, 'utf8'), file)) keys.set(name, key);
  }
  return keys;
}

/** On the disk before it is reported. */
async function appendLine(file: string, line: string): Promise<void> {
  try {
    const handle = await open(file, 'a');
    try {
      await handle.appendFile(`${line}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new LetheError('usage', `--checkpoints ${file}: the checkpoint cannot be written`, {
      fix: 'Name a file that you may write to.',
      cause: error,
    });
  }
}

type Export = { readonly write: (segment: AuditSegment) => Promise<void> | void; readonly end: () => Promise<void> };

function exportTo(file: string): Export {
  const stream: WriteStream = createWriteStream(file);
  const failed = once(stream, 'error').then(([cause]) => {
    throw new LetheError('usage', `--export ${file}: the file cannot be written`, {
      fix: 'Name a file in a folder that exists and that you may write to.',
      cause,
    });
  });
  failed.catch(() => undefined);
  return {
    write: (segment) => {
      if (stream.write(`${segmentLine(segment)}\n`)) return undefined;
      return Promise.race([once(stream, 'drain').then(() => undefined), failed]);
    },
    end: async () => {
      stream.end();
      await Promise.race([once(stream, 'close'), failed]);
    },
  };
}

function segmentCount(count: number): string {
  return `${Math.round(count)} records of the audit`;
}

/** Topics seen and filled by kcat (librdkafka), so that our own client is never its own referee (TRAPS.md). */
import { type ChildProcess, spawn } from 'node:child_process';
import { ensureTools } from '../../deploy/local/tools.ts';

export type Seen = {
  readonly partition: number;
  readonly offset: number;
  /** Null is no key, or no value (a tombstone). */
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** As kcat prints them: `name=value,name=value`. */
  readonly headers: string;
  /** The `lethe-source` header, or an empty text. */
  readonly source: string;
};

/** Makes sure that kcat is there, by apt as root; throws what to install otherwise. */
export const needKcat = (): Promise<void> => ensureTools(['kcat'], (line) => void process.stderr.write(`${line}\n`));

/**
 * What a topic holds, committed transactions only, from its beginning to its present end; by partition and offset.
 *
 * @param where arguments of kcat that narrow it down, such as `-p 0 -o 100`
 */
export async function topicHolds(
  brokers: string,
  topic: string,
  where: readonly string[] = ['-o', 'beginning'],
): Promise<Seen[]> {
  const bytes = await kcat(['-C', '-b', brokers, '-t', topic, ...where, '-e', '-q', ...READING]);
  const seen: Seen[] = [];
  for (let at = 0; at < bytes.length; ) {
    const found = readSeen(bytes, at);
    if (found === null) throw new Error(`kcat's output of ${topic} ends in the midst of a record`);
    seen.push(found.seen);
    at = found.next;
  }
  return seen.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

/**
 * Follows one partition while it grows, committed transactions only. What ends kcat, such as a broker that is down, does
 * not end it.
 *
 * @returns what stops it
 */
export function follow(
  brokers: string,
  topic: string,
  partition: number,
  from: number,
  each: (seen: Seen) => void,
): () => void {
  let stopped = false;
  let next = from;
  let child: ChildProcess;
  const start = (): void => {
    const where = ['-t', topic, '-p', String(partition), '-o', String(next)];
    const quick = ['-X', 'fetch.wait.max.ms=100', '-X', 'reconnect.backoff.max.ms=500'];
    child = spawn('kcat', ['-C', '-b', brokers, ...where, '-u', '-q', ...quick, ...READING], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let rest = Buffer.alloc(0);
    child.stdout?.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      let at = 0;
      for (let found = readSeen(rest, at); found !== null; found = readSeen(rest, at)) {
        at = found.next;
        next = found.seen.offset + 1;
        each(found.seen);
      }
      rest = rest.subarray(at);
    });
    child.once('error', () => undefined);
    child.once('close', () => {
      if (!stopped) setTimeout(() => stopped || start(), 200);
    });
  };
  start();
  return () => {
    stopped = true;
    child.kill('SIGKILL');
  };
}

/** A record: one line of what is short, then key and value as they are, by their lengths (-1: none). */
const FORMAT = ['-f', '%p %o %K %S %h\n%k%s\n'];
const READING = ['-X', 'isolation.level=read_committed', '-X', 'check.crcs=true', ...FORMAT];

/** The record at a place of kcat's output, and where the next begins; null where it is not all there. */
function readSeen(bytes: Buffer, start: number): { seen: Seen; next: number } | null {
  const end = bytes.indexOf(0x0a, start);
  if (end < 0) return null;
  const [partition = '', offset = '', keyLength = '', valueLength = '', ...rest] = bytes
    .toString('latin1', start, end)
    .split(' ');
  let at = end + 1;
  const take = (length: number): Buffer | null => {
    if (length < 0) return null;
    at += length;
    return bytes.subarray(at - length, at);
  };
  const key = take(Number(keyLength));
  const value = take(Number(valueLength));
  if (at >= bytes.length) return null;
  if (bytes[at] !== 0x0a) throw new Error(`kcat's output cannot be read at byte ${at}`);
  const headers = rest.join(' ');
  const source = /(?:^|,)lethe-source=([^,]*)/.exec(headers)?.[1] ?? '';
  return { seen: { partition: Number(partition), offset: Number(offset), key, value, headers, source }, next: at + 1 };
}

/** Produces lines, a record each, to one partition; further arguments of kcat, such as `-z lz4`, may follow. */
export async function produceLines(
  brokers: string,
  topic: string,
  partition: number,
  lines: readonly string[],
  more: readonly string[] = [],
): Promise<void> {
  await kcat(['-P', '-b', brokers, '-t', topic, '-p', String(partition), ...more], `${lines.join('\n')}\n`);
}

/** Runs kcat to its end and gives its stdout. */
export function kcat(args: readonly string[], input = ''): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('kcat', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out));
      else reject(new Error(`kcat ${args.join(' ')} ended with ${code}: ${err}`));
    });
    child.stdin.end(input);
  });
}

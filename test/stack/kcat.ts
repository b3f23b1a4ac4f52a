/** Topics seen and filled by kcat (librdkafka), so that our own client is never its own referee (TRAPS.md). */
import { spawn } from 'node:child_process';
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

/** What a topic holds, committed transactions only, from its beginning to its present end; by partition and offset. */
export async function topicHolds(brokers: string, topic: string): Promise<Seen[]> {
  // A record: one line of what is short, then key and value as they are, by their lengths (-1: none).
  const format = ['-f', '%p %o %K %S %h\n%k%s\n'];
  const isolation = ['-X', 'isolation.level=read_committed', '-X', 'check.crcs=true'];
  const bytes = await kcat(['-C', '-b', brokers, '-t', topic, '-o', 'beginning', '-e', '-q', ...isolation, ...format]);
  const seen: Seen[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0x0a, at);
    const [partition = '', offset = '', keyLength = '', valueLength = '', ...rest] = bytes
      .toString('latin1', at, end)
      .split(' ');
    at = end + 1;
    const take = (length: number): Buffer | null => {
      if (length < 0) return null;
      at += length;
      return bytes.subarray(at - length, at);
    };
    const key = take(Number(keyLength));
    const value = take(Number(valueLength));
    if (bytes[at] !== 0x0a) throw new Error(`kcat's output of ${topic} cannot be read at byte ${at}`);
    at++;
    const headers = rest.join(' ');
    const source = /(?:^|,)lethe-source=([^,]*)/.exec(headers)?.[1] ?? '';
    seen.push({ partition: Number(partition), offset: Number(offset), key, value, headers, source });
  }
  return seen.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
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

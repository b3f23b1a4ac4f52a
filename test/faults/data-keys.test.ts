/**
 * Issue 5, crypto-shredding: what was encrypted is decrypted for who is entitled, until the subject is erased; then by
 * nobody, not even with a Redis that was restored from a snapshot of before.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lethe, type RunningWorker } from '../../deploy/demo/processes.ts';
import { createTopics } from '../../deploy/demo/topics.ts';
import type { Part } from '../../deploy/local/part.ts';
import { redisSays, startRedis } from '../../deploy/local/redis.ts';
import { createRunDir, type RunDir } from '../../deploy/local/run-dir.ts';
import { makeSubjectTokens } from '../../services/adapters/crypto/keyring.ts';
import { readKeys } from '../../services/adapters/crypto/keys.ts';
import { command, until } from '../stack/commands.ts';
import { needKcat, produceLines, topicHolds } from '../stack/kcat.ts';
import { sharedStack } from '../stack/shared-stack.ts';
import { consent, event, FIELDS, writeConfig } from '../stack/small-config.ts';
import { isReady, setUp, status, type Workbench } from '../stack/workbench.ts';

const stack = sharedStack();
const NAME = `keys-${process.pid}`;
const CLI = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url));
/** The subjects of this run alone: the feed is shared. */
const KEPT = `kept-${process.pid}`;
const GONE = `gone-${process.pid}`;

let runDir: RunDir;
let redis: Part;
let bench: Workbench;
let worker: RunningWorker;
let control: RunningWorker;
let files = 0;

const OUTPUTS = `outputs:
  - topic: clean.${NAME}.a
    purpose: legal
    rules:
      - { select: system, action: keep }
      - { select: user, action: encrypt }
`;

beforeAll(async () => {
  await needKcat();
  runDir = createRunDir();
  redis = await startRedis(runDir, () => undefined);
  bench = await setUp({ ...stack.env, REDIS_URL: redis.endpoint, LETHE_CONSENT_MAX_STALENESS: 'PT10S' });
  await createTopics(bench.admin, [`raw.${NAME}`], 1);
  const folder = writeConfig(join(bench.dir, 'config'), [{ name: NAME, body: FIELDS + OUTPUTS }]);
  const purposes = 'purposes: { legal: { basis: { default: legal_obligation }, retention: { default: P3650D } } }\n';
  writeFileSync(join(folder, 'purposes.yaml'), purposes);
  await lethe(['push', folder], bench.env);
  [control, worker] = await Promise.all([bench.control(), bench.worker()]);
  await Promise.all([isWhole(), isReady(worker)]);
});

afterAll(async () => {
  await bench?.end();
  await redis?.stop?.();
  runDir?.remove();
});

const isWhole = (): Promise<true> =>
  until('the view is whole', async () => (await status(control, '/readyz')) === 200 || null, 20_000);

async function say(...lines: readonly string[]): Promise<void> {
  const file = join(bench.dir, `consents-${files++}.jsonl`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  await lethe(['consent', 'import', file], bench.env);
}

/** Values of the output once it holds so many. */
async function outputs(count: number): Promise<string[]> {
  const held = await until(`${count} records`, async () => {
    const seen = await topicHolds(stack.kafka, `clean.${NAME}.a`).catch(() => []);
    return seen.length >= count ? seen : null;
  });
  expect(held).toHaveLength(count);
  return held.map(({ value }) => String(value ?? ''));
}

async function decrypt(lines: readonly string[], env = bench.env) {
  const child = spawn(process.execPath, [CLI, 'decrypt', '--topic', `clean.${NAME}.a`], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()));
  child.stdin.end(`${lines.join('\n')}\n`);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stderr, lines: stdout.split('\n').filter((line) => line !== '') };
}

/** Of the two subjects: the feed is shared with other tests, whose erasures are projected too. */
async function stateOf(): Promise<string[]> {
  const tokens = makeSubjectTokens(readKeys(bench.env['LETHE_KEYS_FILE'] ?? ''));
  const port = Number(new URL(redis.endpoint).port);
  return Promise.all(
    [KEPT, GONE].map(async (subject) => {
      const entry = await redisSays(port, `GET lethe:data-key:{${tokens(`c-${subject}`)[0]}}`);
      return /\n(active|shredded)\n/.exec(entry)?.[1] ?? 'never';
    }),
  );
}

it('decrypts until the subject is erased, and never again, not even after a restore', async () => {
  const raw = [event(0, KEPT), event(1, GONE), event(2, GONE, 'a "quoted" é')];
  await produceLines(stack.kafka, `raw.${NAME}`, 0, raw);
  const published = await outputs(3);
  for (const value of published) expect(value).not.toMatch(/example\.com|c-gone|c-kept/);
  expect(await stateOf()).toEqual(['active', 'active']);
  const before = await decrypt(published);
  expect(before.stderr).toBe('lethe: 9 value(s) decrypted\n');
  expect(before.lines.map((line) => JSON.parse(line) as unknown)).toEqual(
    raw.map((line) => JSON.parse(line) as unknown),
  );

  // A new version of the wrapping key: nothing that was published changes.
  const file = bench.env['LETHE_KEYS_FILE'] ?? '';
  const keys = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  const { data_key: first = '', ...others } = keys;
  const without = { ...others, 'data_key@2': randomBytes(32).toString('base64') };
  const newKeys = join(bench.dir, 'keys-2.json');
  writeFileSync(newKeys, JSON.stringify({ ...without, data_key: first }));
  const rewrap = await command(['keys', 'rewrap', '--keys', newKeys], bench.env);
  expect(JSON.parse(rewrap.stdout)).toEqual({ version: 2, rewrapped: 2, current: 0, failed: 0, older: 0 });
  writeFileSync(newKeys, JSON.stringify(without));
  const LETHE_KEYS_FILE = newKeys;
  expect((await decrypt(published, { ...bench.env, LETHE_KEYS_FILE })).lines).toEqual(before.lines);
  await worker.stop();
  worker = await bench.worker({ LETHE_KEYS_FILE });
  await isReady(worker);

  const port = Number(new URL(redis.endpoint).port);
  await redisSays(port, 'BGREWRITEAOF');
  const snapshot = join(runDir.path, 'snapshot');
  cpSync(redis.dataDir!, snapshot, { recursive: true });

  await say(consent(GONE, 'erased'));
  await until('the key is destroyed', async () => (await stateOf()).includes('shredded') || null);
  const after = await decrypt(published, { ...bench.env, LETHE_KEYS_FILE });
  expect([after.code, after.stderr]).toEqual([
    0,
    'lethe: 3 value(s) decrypted; left as they were: 6 of erased subjects (shredded)\n',
  ]);
  expect(after.lines).toEqual([before.lines[0], ...published.slice(1)]);

  // The legal obligation goes on; a key is never made again.
  await produceLines(stack.kafka, `raw.${NAME}`, 0, [event(3, GONE), event(4, KEPT)]);
  const more = await outputs(5);
  expect(Object.keys(JSON.parse(more[3] ?? '') as object)).toEqual(['id', 'at']);
  expect(await stateOf()).toEqual(['active', 'shredded']);

  // Back to before the erasure, with nobody to project it.
  await control.kill();
  await redis.kill!();
  rmSync(redis.dataDir!, { recursive: true });
  mkdirSync(redis.dataDir!);
  cpSync(snapshot, redis.dataDir!, { recursive: true });
  await redis.start!();
  expect(await stateOf()).toEqual(['active', 'active']);
  const restored = await decrypt(published, { ...bench.env, LETHE_KEYS_FILE });
  expect([restored.code, restored.lines]).toEqual([69, []]);
  expect(restored.stderr).toContain('keys of erased subjects may have come back');
  control = await bench.control();
  await isWhole();
  expect(await stateOf()).toEqual(['active', 'shredded']);
  const healed = await decrypt(published, { ...bench.env, LETHE_KEYS_FILE });
  expect(healed.lines).toEqual(after.lines);
  expect(bench.logs()).not.toMatch(/example\.com|c-gone/);
});

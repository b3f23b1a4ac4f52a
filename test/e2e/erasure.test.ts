/**
 * Issue 5: an erasure by command, killed again and again, over a worker that runs: at the end a tombstone is the last
 * record of each key of the subject, what comes later is withheld, and the receipt can be checked by anybody.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lethe, type RunningWorker } from '../../deploy/demo/processes.ts';
import { createTopics, produce } from '../../deploy/demo/topics.ts';
import { type Stack, startStack } from '../../deploy/local/stack.ts';
import { makeKeyring } from '../../services/adapters/crypto/keyring.ts';
import { readKeys } from '../../services/adapters/crypto/keys.ts';
import type { ShownRequest } from '../../services/core/requests/show.ts';
import { command, type CommandEnd, until } from '../stack/commands.ts';
import { needKcat, type Seen, topicHolds } from '../stack/kcat.ts';
import { consent, event, FIELDS, outputsOf, writeConfig } from '../stack/small-config.ts';
import { isReady, setUp, total, type Workbench } from '../stack/workbench.ts';

const CLI = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url));
const NAME = `erasure-${process.pid}`;
const RAW = `raw.${NAME}`;
const ANALYTICS = `clean.${NAME}.a`;
const FRAUD = `clean.${NAME}.f`;
/** Keyed by a path: the record's number. */
const BY_ID = `clean.${NAME}.k`;
const BY_ID_OUTPUT = `  - topic: ${BY_ID}
    purpose: analytics
    key: id
    rules:
      - { select: system, action: keep }
`;
/** As `event` and `consent` write it: `c-…`. */
const SUBJECT = `gone-${process.pid}-qzjxwvkpqzjxwvkp`;

// Topics of its own: any consent plane at the same broker would carry these requests out as well.
let stack: Stack<'kafka' | 'redis'>;
let brokers: string;
let bench: Workbench;
let worker: RunningWorker;
let ids = 0;
const said: string[] = [];

const request = (...args: string[]): Promise<CommandEnd> => command(['request', ...args], bench.env);
/** To both partitions: a subject's records need not be in one. */
async function say(...subjects: string[]): Promise<void> {
  const messages = subjects.flatMap((subject) => {
    said.push(subject, subject);
    return [0, 1].map((partition) => ({ partition, key: null, value: event(ids++, subject) }));
  });
  await produce(bench.kafka, RAW, messages);
}
const decided = (): Promise<number> => total(worker, 'lethe_decisions_total', `output="${ANALYTICS}"`);
const keyOf = (purpose: string, subject: string): string =>
  makeKeyring(readKeys(bench.env['LETHE_KEYS_FILE'] ?? '')).pseudonym(purpose, `c-${subject}`);
const of = (records: readonly Seen[], key: string): Seen[] => records.filter((one) => one.key?.toString() === key);

beforeAll(async () => {
  await needKcat();
  stack = await startStack({ parts: ['kafka', 'redis'], env: {}, docker: 'never', log: () => undefined });
  brokers = stack.kafka.endpoint;
  bench = await setUp({ ...stack.env });
  await createTopics(bench.admin, [RAW], 2);
  await createTopics(bench.admin, [ANALYTICS, BY_ID], 2, { 'cleanup.policy': 'compact' });
  // Ages out.
  await createTopics(bench.admin, [FRAUD], 2);
  const config = writeConfig(join(bench.dir, 'config'), [
    { name: NAME, body: FIELDS + outputsOf(NAME) + BY_ID_OUTPUT },
  ]);
  await lethe(['push', config], bench.env);
  const consents = join(bench.dir, 'consents.jsonl');
  writeFileSync(consents, `${consent(SUBJECT, 'granted')}\n${consent('stays', 'granted')}\n`);
  await lethe(['consent', 'import', consents], bench.env);
  worker = await bench.worker();
  await isReady(worker);
  await say(SUBJECT, 'stays', SUBJECT, 'stays');
  await until('all is published', async () => (await decided()) >= ids);
});
afterAll(async () => {
  await bench?.end();
  await stack?.stop();
});

/** `request run`, killed after a while. */
async function killed(id: string, afterMs: number): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, [CLI, 'request', 'run', id], {
    env: { ...process.env, ...bench.env },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await Promise.race([sleep(afterMs), ended]);
  child.kill('SIGKILL');
  await ended;
}

describe('an erasure', () => {
  let id = '';
  let receipt = '';

  it('comes to its end however often it is killed, while the subject goes on', async () => {
    id = (await request('create', '--type', 'erasure', `c-${SUBJECT}`)).stdout.trim();
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    for (const afterMs of [900, 1_300]) {
      await killed(id, afterMs);
      await say(SUBJECT, 'stays');
    }
    const end = await request('run', id, '--format', 'json');
    expect(end).toMatchObject({ code: 0, stderr: '' });
    const [done] = JSON.parse(end.stdout) as ShownRequest[];
    expect(done).toMatchObject({ request_status: 'completed', next_step: null, overdue: false });
    expect(done?.steps.map(({ step }) => step)).toEqual(['mark', 'settle', 'tombstone', 'shred', 'check', 'receipt']);
  });

  it('leaves a tombstone as the last record of each of its keys, and others as they were', async () => {
    await say(SUBJECT, 'stays');
    await until('all is decided about', async () => (await decided()) >= ids);
    const seen = await topicHolds(brokers, ANALYTICS);
    const key = keyOf('analytics', SUBJECT);
    for (const partition of [0, 1]) {
      const mine = of(seen, key).filter((one) => one.partition === partition);
      expect(mine.filter(({ value }) => value !== null).length).toBeGreaterThan(0);
      expect(mine.at(-1)?.value).toBeNull();
      expect(mine.at(-1)?.source).toMatch(/^lethe\.requests\/0\/\d+$/);
    }
    const others = of(seen, keyOf('analytics', 'stays'));
    expect(others).toHaveLength(said.filter((subject) => subject === 'stays').length);
    expect(others.every(({ value }) => value !== null)).toBe(true);
    const byId = new Map<string, Seen>();
    for (const one of await topicHolds(brokers, BY_ID)) byId.set(one.key?.toString() ?? '', one);
    expect(byId.size).toBeGreaterThan(8);
    for (const [number, { value }] of byId) expect(value === null, number).toBe(said[Number(number)] === SUBJECT);
    expect(await topicHolds(brokers, FRAUD).then((records) => records.every(({ value }) => value !== null))).toBe(true);
    expect(await total(worker, 'lethe_decisions_total', 'reason="erased"')).toBeGreaterThan(0);
  });

  it('has a receipt that the public key alone checks', async () => {
    const given = await request('receipt', id);
    expect(given.code).toBe(0);
    receipt = given.stdout;
    const file = join(bench.dir, 'receipt.json');
    const pem = join(bench.dir, 'public.pem');
    writeFileSync(pem, (await command(['keys', 'public'], bench.env)).stdout);
    writeFileSync(file, receipt);
    const checked = await command(['request', 'receipt', file, '--check', '--public-key', pem], {});
    expect(checked).toMatchObject({ code: 0, stdout: expect.stringMatching(/^good/) });
    expect(JSON.parse(receipt)).toMatchObject({
      receipt: {
        request: id,
        outputs: [
          { topic: ANALYTICS, fate: 'tombstoned' },
          { topic: FRAUD, fate: 'ages_out' },
          { topic: BY_ID, fate: 'tombstoned' },
        ],
      },
    });
  });

  it('does nothing the second time', async () => {
    const before = await topicHolds(brokers, 'lethe.requests');
    expect((await request('run', id)).code).toBe(0);
    expect((await topicHolds(brokers, 'lethe.requests')).length).toBe(before.length);
  });

  it('leaves the id of the subject nowhere but in the raw topic', async () => {
    for (const topic of [
      ANALYTICS,
      FRAUD,
      'lethe.requests',
      'lethe.consent-events',
      'lethe.audit',
      'lethe.published-keys',
    ]) {
      const held = await topicHolds(brokers, topic);
      expect(held.length).toBeGreaterThan(0);
      const leaks = held.filter((one) =>
        [one.key, one.headers, one.value].some((part) => part?.includes(SUBJECT) === true),
      );
      expect(leaks, topic).toEqual([]);
    }
    expect(bench.logs()).not.toContain(SUBJECT);
    expect(receipt).not.toContain(SUBJECT);
    const data = stack.kafka.dataDir;
    if (data === undefined) throw new Error("the broker's disk cannot be read");
    const found = globSync('*-[0-9]*/*.log', { cwd: data }).filter((file) =>
      readFileSync(join(data, file)).includes(SUBJECT),
    );
    expect([...new Set(found.map((file) => dirname(file)))].sort()).toEqual([`${RAW}-0`, `${RAW}-1`]);
  });
});

describe('an access request', () => {
  it('tells consents, and the coordinates and forms of what was published', async () => {
    const made = await request('create', '--type', 'access', 'c-stays', '--run', '--format', 'json');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const { subject_request_id: id, request_status: status } = JSON.parse(made.stdout) as ShownRequest;
    expect(status).toBe('completed');
    const report = JSON.parse((await request('report', id)).stdout);
    expect(report.consents).toMatchObject({ '*': { decision: 'granted' } });
    const mine = of(await topicHolds(brokers, ANALYTICS), keyOf('analytics', 'stays'));
    const [analytics, fraud, byId] = report.published;
    expect(analytics.records.map((one: { at: string }) => one.at).sort()).toEqual(
      mine.map(({ partition, offset }) => `${ANALYTICS}/${partition}/${offset}`).sort(),
    );
    expect(byId.records).toHaveLength(mine.length);
    expect(fraud.records).toHaveLength(mine.length);
    expect(report.forms[analytics.records[0].form]).toContainEqual({ path: 'e', effect: 'mask' });
    expect(JSON.stringify(report)).not.toContain('c-stays');
  });
});

describe('a rectification of a record', () => {
  const places = async (): Promise<Seen[]> =>
    (await topicHolds(brokers, ANALYTICS)).filter(({ source }) => source.startsWith('lethe.requests/'));

  it('puts it wherever records of the subject lie, once, and the audit still holds', async () => {
    const before = (await places()).length;
    const record = join(bench.dir, 'record.json');
    writeFileSync(record, `${event(7_777_777, 'stays', 'put-right')}\n`);
    const another = await request('create', '--type', 'rectification', 'c-other', '--record', record);
    expect(another).toMatchObject({ code: 64, stdout: '' });
    const made = await request(
      ...['create', '--type', 'rectification', 'c-stays', '--record', record, '--route', NAME, '--run'],
      ...['--format', 'json'],
    );
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const done = JSON.parse(made.stdout) as ShownRequest;
    expect(done.steps.map(({ step, result }) => [step, result])).toEqual([
      // Both partitions of both outputs.
      ['correct', '4 records'],
      ['receipt', null],
    ]);
    for (const [topic, purpose] of [
      [ANALYTICS, 'analytics'],
      [FRAUD, 'fraud'],
    ] as const) {
      const mine = of(await topicHolds(brokers, topic), keyOf(purpose, 'stays'));
      for (const partition of [0, 1]) {
        const last = mine.findLast((one) => one.partition === partition);
        expect(JSON.parse(last?.value?.toString() ?? '')).toMatchObject({ id: 7_777_777 });
        expect(last?.source).toMatch(/^lethe\.requests\/0\/\d+$/);
      }
    }
    const again = await request('run', done.subject_request_id, '--record', record, '--route', NAME);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect((await places()).length - before).toBe(2);
    // A path says nothing of whose record it is: nothing is put there.
    expect((await topicHolds(brokers, BY_ID)).some(({ key }) => key?.toString() === '7777777')).toBe(false);
    const next = await request('create', '--type', 'rectification', 'c-stays', '--record', record, '--route', NAME);
    expect(next).toMatchObject({ code: 0, stderr: '' });
    expect(await command(['verify'], bench.env)).toMatchObject({ code: 0 });
  });
});

describe('without a worker', () => {
  it('the consent plane carries it out by itself, once it is sure that nobody works any more', async () => {
    await worker.kill();
    await say('stays');
    const { stdout: id } = await request('create', '--type', 'erasure', 'c-stays', '--deadline', 'PT1H');
    // The group counts the dead worker in until its session is over.
    const control = await bench.control();
    await until('it is taken up', async () => (await total(control, 'lethe_requests_open', 'type="erasure"')) >= 1);
    expect(await total(control, 'lethe_requests_overdue', 'type="erasure"')).toBe(0);
    const done = async (): Promise<boolean> => (await request('receipt', id.trim())).code === 0;
    await until('it is completed', done, 30_000);
    const seen = of(await topicHolds(brokers, ANALYTICS), keyOf('analytics', 'stays'));
    for (const partition of [0, 1]) expect(seen.findLast((one) => one.partition === partition)?.value).toBeNull();

    worker = await bench.worker();
    await isReady(worker);
    const erased = (): Promise<number> => total(worker, 'lethe_decisions_total', 'reason="erased"');
    await until('the rest is decided about', async () => (await erased()) >= 6);
    expect(of(await topicHolds(brokers, ANALYTICS), keyOf('analytics', 'stays'))).toHaveLength(seen.length);
    expect(await control.stop()).toBe(0);
  });
});

/**
 * `npm run demo`: the main job on real parts. Raw events go into a real Kafka, two workers sanitize them, and the result
 * is shown record by record and in numbers.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import kafkajs from 'kafkajs';
import { silenceNegativeTimeoutWarning } from '../../services/adapters/log/warnings.ts';
import { makeRegistry } from '../../services/adapters/registry/registry.ts';
import { StackError } from '../local/error.ts';
import { freePorts } from '../local/ports.ts';
import { startStack } from '../local/stack.ts';
import { countOutcomes, type Outcome, readAudit } from './audit-trail.ts';
import { makeConsents } from './consents.ts';
import { BROKEN_ORDERS, makeOrders, makePageViews } from './events.ts';
import { lethe, samples, startWorker } from './processes.ts';
import { makeStyles, sideBySide, table } from './show.ts';
import { avroWire, createTopics, decodeAvro, produce, type RawMessage, readAll, type ReadMessage } from './topics.ts';

const ORDERS = 14_000;
const PAGE_VIEWS = 6_000;
const CUSTOMERS = 400;
const PARTITIONS = 4;
const SEED = 20_260_301;
const RAW_ORDERS = 'raw.customer-events';
const RAW_VIEWS = 'raw.clickstream';
const OUTPUTS = [
  'clean.analytics.customer-events',
  'clean.fraud.customer-events',
  'clean.partner-acme.customer-events',
  'clean.analytics.clickstream',
] as const;

const config = fileURLToPath(new URL('../../config', import.meta.url));
const clickstreamSchema = readFileSync(new URL('../../schemas/examples/clickstream.avsc', import.meta.url), 'utf8');
const keep = process.argv.includes('--keep');
const unknown = process.argv.slice(2).filter((flag) => flag !== '--keep');
const styles = makeStyles(process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined);
const width = Math.min(process.stdout.columns ?? 100, 120);
const began = Date.now();

const say = (line = ''): void => void process.stdout.write(`${line}\n`);
const step = (line: string): void =>
  say(`${styles.dim(`${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s`)}  ${line}`);
const heading = (line: string): void => say(`\n${styles.bold(line)}`);

if (unknown.length > 0) {
  process.stderr.write(`demo: unknown flag ${unknown.join(' ')}. Usage: npm run demo [-- --keep]\n`);
  process.exit(64);
}
silenceNegativeTimeoutWarning();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));
const dir = mkdtempSync(join(tmpdir(), 'lethe-demo-'));
process.once('exit', () => rmSync(dir, { recursive: true, force: true }));

try {
  await demo();
} catch (error) {
  if (error instanceof StackError) process.stderr.write(`demo: ${error.message}\n`);
  else process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof StackError ? error.exitCode : 70);
}
process.exit(0);

async function demo(): Promise<void> {
  say(styles.bold('Lethe: raw customer events in, sanitized topics out, exactly once.'));
  step('Starting Kafka, a schema registry and Redis');
  // A stack of its own, whatever the environment says: the demo fills topics.
  const stack = await startStack({ env: {}, log: (line) => step(styles.dim(line)) });
  const keysFile = join(dir, 'keys.json');
  const env = { ...stack.env, LETHE_KEYS_FILE: keysFile, LETHE_LOG_LEVEL: 'info' };
  const kafka = new kafkajs.Kafka({
    brokers: stack.kafka.endpoint.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 50, retries: 12 },
  });
  const admin = kafka.admin();
  await admin.connect();

  const now = Date.now();
  step(`Upstream: topics ${RAW_ORDERS} (JSON) and ${RAW_VIEWS} (Avro), ${PARTITIONS} partitions each`);
  const registry = makeRegistry({ url: stack.registry.endpoint, user: null, password: null });
  const [schemaId] = await Promise.all([
    registry.register(`${RAW_VIEWS}-value`, clickstreamSchema),
    createTopics(admin, [RAW_ORDERS, RAW_VIEWS], PARTITIONS),
  ]);
  step(`Upstream: ${(ORDERS + PAGE_VIEWS).toLocaleString('en-US')} events, some of them malformed, begin to arrive`);
  const raw = new Map<string, unknown>();
  const producing = Promise.all([
    produce(kafka, RAW_ORDERS, rawOrders(now, raw)),
    produce(kafka, RAW_VIEWS, rawPageViews(now, schemaId, raw)),
  ]);
  producing.catch(() => undefined);

  step(command('lethe keys generate --out keys.json'));
  await lethe(['keys', 'generate', '--out', keysFile], env);
  const consentsFile = join(dir, 'consents.jsonl');
  const consents = makeConsents(CUSTOMERS, now);
  writeFileSync(consentsFile, `${consents.join('\n')}\n`);
  step(
    command(`lethe consent import consents.jsonl`) +
      styles.dim(`   (${consents.length} events of ${CUSTOMERS} customers)`),
  );
  step(command('lethe push config'));
  const [digest] = await Promise.all([lethe(['push', config], env), lethe(['consent', 'import', consentsFile], env)]);
  step(`    bundle ${digest.slice(0, 16)}… is active, the consents are known`);

  step(command('lethe run') + styles.dim('   (twice)'));
  mkdirSync(join(dir, 'logs'));
  const ports = await freePorts(2);
  const workers = ports.map((port, index) => startWorker(port, env, join(dir, 'logs', `worker-${index + 1}.log`)));
  for (const worker of workers) {
    void worker.ended.then((code) => {
      if (code !== 0 && code !== null) {
        process.stderr.write(
          `demo: a worker ended with ${code}:\n${readFileSync(join(dir, 'logs', `worker-${workers.indexOf(worker) + 1}.log`), 'utf8').slice(-3000)}\n`,
        );
        process.exit(70);
      }
    });
  }

  await producing;
  await consumedAll(ports);
  step('Everything is decided about; reading back what was published');

  const published = new Map<string, ReadMessage>();
  const counts = new Map<string, number>();
  await readAll(kafka, [...OUTPUTS, 'lethe.dead-letters'], (message) => {
    counts.set(message.topic, (counts.get(message.topic) ?? 0) + 1);
    published.set(`${message.topic} ${message.source}`, message);
  });
  const trail = countOutcomes(await readAudit(kafka), OUTPUTS);
  const outputSchema = (await registry.versions('clean.analytics.clickstream-value')).at(-1)?.schema ?? '';

  showExamples(trail.outcomes, raw, published, outputSchema);
  const fits = showNumbers(trail, counts);
  await showWorkers(ports);
  if (!fits) throw new Error('the numbers do not add up: this is a bug in Lethe');

  heading('How to go on');
  say(`    npm run lethe -- lint config            check the example configuration; change a rule and look again`);
  say(`    npm run lethe -- replay config --help   the same engine over a file of yours, with no server at all`);
  say(`    npm run stack                           Kafka, registry and Redis of your own; then push, import, run`);
  say(`    npm run demo -- --keep                  this demo, left running so that you can look around`);
  if (keep) {
    heading('Left running; Ctrl-C ends it');
    for (const [name, value] of Object.entries({ ...stack.env, LETHE_KEYS_FILE: keysFile }))
      say(`    export ${name}=${value}`);
    say(`    npm run lethe -- consent get cust-1`);
    say(`    curl -s http://127.0.0.1:${ports[0]}/metrics | grep ^lethe_decisions`);
    say(`    kcat -C -b ${stack.kafka.endpoint} -t ${OUTPUTS[0]} -o beginning -c 3 -f '%h\\n%s\\n'`);
    say(`    workers log to ${join(dir, 'logs')}`);
    await new Promise(() => undefined);
  }
  step('Stopping');
  await Promise.all(workers.map((worker) => worker.stop()));
  await admin.disconnect();
  await stack.stop();
  step('Done');
}

function command(text: string): string {
  return `${styles.dim('$')} ${styles.bold(text)}`;
}

/** Every 200th order is broken. Keyed by subject, as an upstream service would. */
function rawOrders(now: number, raw: Map<string, unknown>): RawMessage[] {
  const order = makeOrders({ seed: SEED, customers: CUSTOMERS, now });
  return place(RAW_ORDERS, ORDERS, raw, (index) => {
    if (index % 200 === 199) {
      const [, value] = BROKEN_ORDERS[Math.floor(index / 200) % BROKEN_ORDERS.length] ?? ['', ''];
      return { key: null, value, seen: value };
    }
    const { subject, value } = order(index);
    return { key: subject, value, seen: value };
  });
}

/** Every 1,000th page view is cut off. */
function rawPageViews(now: number, schemaId: number, raw: Map<string, unknown>): RawMessage[] {
  const view = makePageViews({ seed: SEED, customers: CUSTOMERS, now });
  const wire = avroWire(clickstreamSchema, schemaId);
  return place(RAW_VIEWS, PAGE_VIEWS, raw, (index) => {
    const seen = view(index);
    const bytes = wire.encode(seen);
    return { key: seen.visitor.id, value: index % 1_000 === 999 ? bytes.subarray(0, bytes.length - 20) : bytes, seen };
  });
}

type Placed = { key: string | null; value: string | Buffer | null; seen: unknown };

/** Deals records out to partitions, and remembers by coordinate what each looked like. */
function place(topic: string, count: number, raw: Map<string, unknown>, make: (index: number) => Placed): RawMessage[] {
  return Array.from({ length: count }, (_, index) => {
    const { key, value, seen } = make(index);
    const partition = index % PARTITIONS;
    raw.set(`${topic}/${partition}/${Math.floor(index / PARTITIONS)}`, seen);
    return { partition, key, value };
  });
}

async function consumedAll(ports: readonly number[]): Promise<void> {
  const deadline = Date.now() + 120_000;
  let shown = 0;
  while (Date.now() < deadline) {
    const all = await Promise.all(ports.map((port) => samples(port, 'lethe_records_consumed_total')));
    const each = all.map((one) => (one ?? []).reduce((sum, { value }) => sum + value, 0));
    const done = each.reduce((sum, value) => sum + value, 0);
    if (done !== shown) step(`    ${done.toLocaleString('en-US')} records (${each.join(' + ')})`);
    shown = done;
    if (done >= ORDERS + PAGE_VIEWS) return;
    await sleep(250);
  }
  throw new Error('the workers did not get through in two minutes');
}

/** One record of each outcome. */
function showExamples(
  outcomes: readonly Outcome[],
  raw: ReadonlyMap<string, unknown>,
  published: ReadonlyMap<string, ReadMessage>,
  outputSchema: string,
): void {
  heading('One record of each outcome: raw on the left, what came out on the right');
  say(styles.dim(`    ${styles.green('~')} changed   = kept   ${styles.red('✗')} not released`));
  const told = new Set<string>();
  for (const { output, outcome, reason, example } of outcomes) {
    // Once per reason; a published record once per output; of stripped ones, which all look alike, one.
    const kind = outcome !== 'published' ? `${outcome} ${reason}` : reason === '' ? output : 'stripped';
    if (told.has(kind)) continue;
    told.add(kind);
    const title =
      outcome === 'published'
        ? `published to ${output}${reason === '' ? '' : `, stripped: ${reason}`}`
        : outcome === 'withheld'
          ? `withheld from ${output}: ${reason}`
          : `dead letter: ${reason}`;
    say(`\n  ${styles.bold(title)}  ${styles.dim(example)}`);
    const seen = raw.get(example);
    if (outcome === 'published') {
      const value = published.get(`${output} ${example}`)?.value ?? Buffer.from('null');
      const after: unknown = output.endsWith('clickstream')
        ? decodeAvro(outputSchema, value)
        : JSON.parse(value.toString());
      const before: unknown = typeof seen === 'string' ? JSON.parse(seen) : seen;
      for (const line of sideBySide(before, after, styles, width)) say(line);
    } else if (outcome === 'withheld') {
      say(`    ${styles.dim(preview(seen))}\n    ${styles.red('✗')} nothing of it was published`);
    } else {
      const letter = published.get(`lethe.dead-letters ${example}`)?.value?.toString() ?? '';
      say(
        `    ${styles.dim(preview(seen))}\n    ${styles.green('→')} ${letter.slice(0, width - 8)}…  ${styles.dim('(the record itself is encrypted)')}`,
      );
    }
  }
}

function preview(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value, (_key, member: unknown) => member);
  return text.length > width - 6 ? `${text.slice(0, width - 7)}…` : text;
}

/** Counts per output and reason, held against what the topics hold. True where all adds up. */
function showNumbers(
  { records, outcomes }: { readonly records: number; readonly outcomes: readonly Outcome[] },
  counts: ReadonlyMap<string, number>,
): boolean {
  heading('In numbers, from the audit trail');
  say(table([['output', 'outcome', 'reason', 'records'], ...outcomes.map(row)]).join('\n'));
  const letters = outcomes
    .filter(({ outcome }) => outcome === 'dead letter')
    .reduce((sum, { count }) => sum + count, 0);
  const checks: [string, number, number][] = [
    ['raw records produced = records in the audit', ORDERS + PAGE_VIEWS, records],
    ['dead letters in the audit = records on lethe.dead-letters', letters, counts.get('lethe.dead-letters') ?? 0],
  ];
  for (const topic of OUTPUTS) {
    const of = outcomes.filter(({ output }) => output === topic);
    const sum = (kind: string): number =>
      of.filter(({ outcome }) => outcome === kind).reduce((total, { count }) => total + count, 0);
    checks.push([`published in the audit = records on ${topic}`, sum('published'), counts.get(topic) ?? 0]);
  }
  heading('Does it add up?');
  for (const [what, left, right] of checks) {
    say(
      `    ${left === right ? styles.green('✓') : styles.red('✗')} ${what}: ${left.toLocaleString('en-US')} = ${right.toLocaleString('en-US')}`,
    );
  }
  return checks.every(([, left, right]) => left === right);
}

function row({ output, outcome, reason, count }: Outcome): [string, string, string, number] {
  return [output === '' ? '(all)' : output, outcome, reason === '' ? '' : reason, count];
}

async function showWorkers(ports: readonly number[]): Promise<void> {
  heading('What the workers say of themselves (/metrics)');
  for (const [index, port] of ports.entries()) {
    const total = async (name: string): Promise<number> =>
      ((await samples(port, name)) ?? []).reduce((sum, { value }) => sum + value, 0);
    const memory = Math.round((await total('process_resident_memory_bytes')) / 1e6);
    say(
      `    worker ${index + 1}: ${(await total('lethe_records_consumed_total')).toLocaleString('en-US')} records, ${await total('lethe_transactions_total')} transactions, ${memory} MB`,
    );
  }
}

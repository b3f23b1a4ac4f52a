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
import { countOutcomes, readAudit } from './audit-trail.ts';
import { makeConsents } from './consents.ts';
import { lethe, samples, startWorker } from './processes.ts';
import { showExamples, showNumbers } from './report.ts';
import { makeScreen } from './screen.ts';
import { createTopics, produce, readAll, type ReadMessage } from './topics.ts';
import {
  CLICKSTREAM_SCHEMA,
  CUSTOMERS,
  ORDERS,
  PAGE_VIEWS,
  PARTITIONS,
  RAW_ORDERS,
  RAW_VIEWS,
  rawOrders,
  rawPageViews,
  type Seen,
} from './upstream.ts';

const OUTPUTS = [
  'clean.analytics.customer-events',
  'clean.fraud.customer-events',
  'clean.partner-acme.customer-events',
  'clean.analytics.clickstream',
] as const;

const config = fileURLToPath(new URL('../../config', import.meta.url));
const keep = process.argv.includes('--keep');
const unknown = process.argv.slice(2).filter((flag) => flag !== '--keep');
const screen = makeScreen(process.stdout);
const { say, step, heading, styles } = screen;

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
    registry.register(`${RAW_VIEWS}-value`, CLICKSTREAM_SCHEMA),
    createTopics(admin, [RAW_ORDERS, RAW_VIEWS], PARTITIONS),
  ]);
  step(`Upstream: ${(ORDERS + PAGE_VIEWS).toLocaleString('en-US')} events, some of them malformed, begin to arrive`);
  const raw: Seen = new Map();
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

  showExamples(screen, trail.outcomes, raw, published, (output) =>
    output === 'clean.analytics.clickstream' ? outputSchema : null,
  );
  const fits = showNumbers(screen, trail, ORDERS + PAGE_VIEWS, OUTPUTS, counts);
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

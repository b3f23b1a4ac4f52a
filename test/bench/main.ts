/**
 * `npm run bench`: what issue 3 asks of the engine and the worker, as ratios measured in one run. Each is taken on this
 * machine, now, against something measured beside it, so that it means the same on any machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeStyles, table } from '../../deploy/demo/show.ts';
import { StackError } from '../../deploy/local/error.ts';
import { benchAudit } from './audit.ts';
import { benchEngineAvro } from './engine-avro.ts';
import { benchEngineJson } from './engine-json.ts';
import { type Figure, median, ratioOfRounds, spreadOf, verdictOf } from './figures.ts';
import type { StreamBench } from './stream.ts';
import { benchVerify } from './verify.ts';

const USAGE = `Usage: npm run bench [-- --quick] [--json]

  --quick   fewer records and rounds: about a minute instead of five
  --json    the figures as JSON on stdout, for a machine

Exits 1 where a goal is missed.
`;

const flags = new Set(process.argv.slice(2));
if (flags.has('--help')) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const quick = flags.delete('--quick');
const json = flags.delete('--json');
if (flags.size > 0) {
  process.stderr.write(`bench: unknown flag ${[...flags].join(' ')}\n${USAGE}`);
  process.exit(64);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));
}
const dir = mkdtempSync(join(tmpdir(), 'lethe-bench-'));
process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
const began = performance.now();
const log = (line: string): void => {
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
};

try {
  const { figures, stages } = await bench();
  if (json)
    print(`${JSON.stringify({ figures: figures.map((one) => ({ ...one, verdict: verdictOf(one) })), stages })}\n`);
  else show(figures, stages);
  process.exit(figures.some((figure) => verdictOf(figure) === 'missed') ? 1 : 0);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof StackError ? error.exitCode : 70);
}

async function bench(): Promise<{ figures: readonly Figure[]; stages: StreamBench['stageSeconds'] }> {
  log('JSON engine against JSON.parse, mask, JSON.stringify');
  const jsonEngine = await benchEngineJson(quick ? 7 : undefined);
  log('Avro engine against avsc reading, masking and writing');
  const avroEngine = await benchEngineAvro(quick ? 7 : undefined);
  log('audit trail');
  const auditMicroseconds = await benchAudit(quick ? 50 : 200);
  log('lethe verify');
  const verify = benchVerify(quick ? 1 : 3);
  // Only now: the engines are measured beside no client library.
  const { benchStream } = await import('./stream.ts');
  const stream = await benchStream({
    records: quick ? 60_000 : 150_000,
    rounds: quick ? 1 : 5,
    idleMs: quick ? 5_000 : 10_000,
    dir,
    log,
  });
  log('control API under 200 clients');
  const { benchControlApi } = await import('./control-api.ts');
  const api = await benchControlApi({ forMs: quick ? 5_000 : 30_000, dir, log });

  const pace = ratioOfRounds(stream.worker, stream.copy);
  const cost = ratioOfRounds(stream.workerPerCpuSecond, stream.copyPerCpuSecond);
  const shadowPace = ratioOfRounds(stream.shadowed, stream.worker);
  const shadowCost = ratioOfRounds(stream.shadowedPerCpuSecond, stream.workerPerCpuSecond);
  const peak = Math.max(...stream.peakMegabytes);
  const workerMicroseconds = 1e6 / median(stream.workerPerCpuSecond);
  const single = null;
  const figures: Figure[] = [
    {
      name: 'JSON engine / parse, mask, stringify',
      unit: '×',
      sense: 'at least',
      goal: 1.5,
      measured: jsonEngine.ratio,
      spread: single,
    },
    {
      name: 'Avro engine / avsc read, mask, write',
      unit: '×',
      sense: 'at least',
      goal: 1.2,
      measured: avroEngine.ratio,
      spread: single,
    },
    {
      name: 'worker / bare transactional copy',
      unit: '×',
      sense: 'at least',
      goal: 0.5,
      measured: pace.ratio,
      spread: pace.spread,
    },
    {
      name: '  the same, by CPU time of the processes',
      unit: '×',
      sense: 'at least',
      goal: null,
      measured: cost.ratio,
      spread: cost.spread,
    },
    {
      name: '  worker',
      unit: 'records/s',
      sense: 'at least',
      goal: null,
      measured: median(stream.worker),
      spread: spreadOf(stream.worker),
    },
    {
      name: '  bare copy',
      unit: 'records/s',
      sense: 'at least',
      goal: null,
      measured: median(stream.copy),
      spread: spreadOf(stream.copy),
    },
    {
      name: 'worker with a shadow bundle / without',
      unit: '×',
      sense: 'at least',
      goal: null,
      measured: shadowPace.ratio,
      spread: shadowPace.spread,
    },
    {
      name: '  the same, by CPU time of the processes',
      unit: '×',
      sense: 'at least',
      goal: null,
      measured: shadowCost.ratio,
      spread: shadowCost.spread,
    },
    {
      name: 'worker memory at full rate, peak',
      unit: 'MB',
      sense: 'at most',
      goal: 400,
      measured: peak,
      spread: spreadOf(stream.peakMegabytes),
    },
    {
      name: 'worker, from its start to its first published record',
      unit: 's',
      sense: 'at most',
      goal: 3,
      measured: median(stream.secondsToFirst),
      spread: spreadOf(stream.secondsToFirst),
    },
    {
      name: 'worker memory idle, peak',
      unit: 'MB',
      sense: 'at most',
      goal: 400,
      measured: stream.idleMegabytes,
      spread: single,
    },
    {
      name: 'idle worker, of one core',
      unit: '%',
      sense: 'at most',
      goal: 3,
      measured: stream.idleCpuPercent,
      spread: single,
    },
    {
      name: "audit's share of a worker's time",
      unit: '%',
      sense: 'at most',
      goal: 5,
      measured: (auditMicroseconds / workerMicroseconds) * 100,
      spread: single,
    },
    {
      name: "verify, a million records' audit",
      unit: 's',
      sense: 'at most',
      goal: 5,
      measured: verify.likely,
      spread: single,
    },
    {
      name: '  the same, each record a run of its own',
      unit: 's',
      sense: 'at most',
      goal: 5,
      measured: verify.worst,
      spread: single,
    },
    {
      // One to look everything up, one right before the commit: was a consent withdrawn meanwhile?
      name: 'Redis round trips',
      unit: 'a batch',
      sense: 'at most',
      goal: 2,
      measured: stream.lookupsPerBatch,
      spread: single,
    },
    {
      name: 'control API, 200 clients: consents acknowledged and lost',
      unit: 'consents',
      sense: 'at most',
      goal: 0,
      measured: api.lost,
      spread: single,
    },
    {
      name: '  consents acknowledged',
      unit: 'consents/s',
      sense: 'at least',
      goal: null,
      measured: api.perSecond,
      spread: single,
    },
    {
      name: '  time to the acknowledgement, p50',
      unit: 'ms',
      sense: 'at most',
      goal: null,
      measured: api.p50,
      spread: single,
    },
    {
      name: '  time to the acknowledgement, p99',
      unit: 'ms',
      sense: 'at most',
      goal: null,
      measured: api.p99,
      spread: single,
    },
  ];
  return { figures, stages: stream.stageSeconds };
}

function show(figures: readonly Figure[], stages: StreamBench['stageSeconds']): void {
  const styles = makeStyles(process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined);
  const marks = { reached: styles.green('reached'), missed: styles.red('MISSED'), shown: '' };
  const rows = figures.map((figure) => [
    figure.name,
    figure.goal === null ? '' : `${figure.sense} ${figure.goal} ${figure.unit}`,
    `${number(figure.measured, figure.unit)} ${figure.unit}`,
    figure.spread === null ? '' : figure.spread.map((value) => number(value, figure.unit)).join(' to '),
    marks[verdictOf(figure)],
  ]);
  print(`\n${table([['', 'goal', 'measured', 'rounds', ''], ...rows]).join('\n')}\n`);
  const total = Object.values(stages).reduce((sum, seconds) => sum + seconds, 0);
  const shares = Object.entries(stages).map(([stage, seconds]) => `${stage} ${Math.round((seconds / total) * 100)} %`);
  print(`\nWhere a batch waits or works: ${shares.join(', ')}\n`);
}

function number(value: number, unit: Figure['unit']): string {
  if (unit.endsWith('/s') || unit === 'MB' || unit === 'ms' || unit === 'consents')
    return Math.round(value).toLocaleString('en-US');
  return value.toFixed(unit === '%' ? 1 : 2);
}

function print(text: string): void {
  process.stdout.write(text);
}

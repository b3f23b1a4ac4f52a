/** `npm run test:faults`: puts every fault of the table to a running gateway, and writes down what held. */
import { parseArgs } from 'node:util';
import { StackError } from '../../deploy/local/error.ts';
import { holds, type Outcome, runFault } from './run-fault.ts';
import { writeResults } from './results.ts';
import { FAULTS, faultNamed } from './table.ts';
import { startWorld, type World } from './world.ts';

const USAGE = `Usage: npm run test:faults [-- OPTIONS]

  --fault NAME   only this one; may be given several times
  --seed N       the course it takes: traffic, moments, choices (default 1)
  --long         outages as long as issue 6 has them (a broker down for 60 s), not shortened
  --list         the names of all faults, and what happens
  --write        put the results into test/faults/README.md, as a run of all faults does
  --keep         leave logs and data of a fault that failed, and say where

Exits 1 where an invariant is broken.
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      fault: { type: 'string', multiple: true },
      seed: { type: 'string', default: '1' },
      long: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (values.list) {
    const width = Math.max(...FAULTS.map(({ name }) => name.length));
    for (const { name, what } of FAULTS) process.stdout.write(`${name.padEnd(width)}  ${what}\n`);
    return 0;
  }
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new Error('--seed takes a whole number');
  const faults = values.fault === undefined ? FAULTS : values.fault.map(faultNamed);
  const outcomes: Outcome[] = [];
  let world: World | null = null;
  for (const fault of faults) {
    world ??= await startWorld(() => undefined);
    const outcome = await runFault(world, fault, seed, values.long);
    outcomes.push(outcome);
    report(outcome, values.long);
    if (!holds(outcome) && values.keep) {
      say(`  kept: ${world.dir}, ${world.runDir.path}; end with Ctrl-C`);
      await new Promise(() => setInterval(() => undefined, 60_000));
    }
    if (fault.spoils === true || !holds(outcome)) {
      await world.end();
      world = null;
    }
  }
  await world?.end();
  const broken = outcomes.filter((outcome) => !holds(outcome));
  if (values.fault === undefined || values.write) writeResults(FAULTS, outcomes);
  say(`${outcomes.length - broken.length} of ${outcomes.length} faults: all invariants held`);
  return broken.length === 0 ? 0 : 1;
}

/** One line where all held; else what did not, and how to see it again. */
function report(outcome: Outcome, long: boolean): void {
  const { fault, seed, breaches, error, progressSeconds, records, load, seconds, notes } = outcome;
  const progress = progressSeconds === null ? '' : `, going on after ${progressSeconds.toFixed(1)} s`;
  const facts = `${records} records${progress} (${seconds.toFixed(0)} s, load ${load.toFixed(1)})`;
  say(`${holds(outcome) ? 'ok    ' : 'BROKEN'} ${fault}: ${[facts, ...notes].join('; ')}`);
  for (const { invariant, what } of breaches) say(`       ${invariant}: ${what}`);
  if (error !== null) say(`       ${error.split('\n').join('\n       ')}`);
  if (!holds(outcome))
    say(`       again: npm run test:faults -- --fault ${fault} --seed ${seed}${long ? ' --long' : ''}`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));
}
try {
  process.exit(await main());
} catch (error) {
  say(`test:faults: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(error instanceof StackError ? error.exitCode : 64);
}

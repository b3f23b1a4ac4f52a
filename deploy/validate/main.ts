/**
 * Checks what is deployed, without a cluster and without a Docker engine: see deploy/README.md. A line for each check on
 * stdout, what is wrong below it. Exit codes: 0 well; 1 something is wrong; 64 usage; 69 a tool cannot be had.
 */
import { join } from 'node:path';
import { type Log, StackError } from '../local/error.ts';
import { CHART, type ChartTools, chartProblems, chartTools, topologies } from './chart.ts';
import type { Check } from './check.ts';
import { COMPOSE, composeLoader, composeProblems } from './compose-file.ts';
import { DOCKERFILE, dockerfileProblems, hadolint } from './dockerfile.ts';
import { imageProblems } from './image.ts';

const say: Log = (line) => void process.stderr.write(`validate: ${line}\n`);

let tools: Promise<ChartTools> | null = null;
const forCharts = (): Promise<ChartTools> => {
  tools ??= chartTools(say);
  return tools;
};

const CHECKS: readonly Check[] = [
  {
    name: 'deploy/Dockerfile: lint',
    problems: async () => dockerfileProblems(await hadolint(say), DOCKERFILE),
  },
  {
    name: 'deploy/Dockerfile: what it puts together runs, read-only and as nobody',
    problems: async () => imageProblems(),
  },
  {
    name: 'deploy/compose.yaml',
    // keys.json is made by whoever starts it.
    problems: async () => composeProblems(await composeLoader(say), COMPOSE, ['/run/secrets/keys.json']),
  },
  ...topologies().map((values) => ({
    name: `deploy/helm/lethe with ci/${values}`,
    problems: async () => chartProblems(await forCharts(), CHART, join(CHART, 'ci', values)),
  })),
];

const run = async (): Promise<number> => {
  if (process.argv.length > 2) {
    process.stderr.write('usage: deploy/validate.sh (no arguments)\n');
    return 64;
  }
  let bad = 0;
  for (const { name, problems } of CHECKS) {
    const start = Date.now();
    const found = await problems();
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    process.stdout.write(`${found.length === 0 ? 'ok  ' : 'BAD '} ${name} (${seconds} s)\n`);
    for (const problem of found) process.stdout.write(`       ${problem}\n`);
    if (found.length > 0) bad += 1;
  }
  process.stdout.write(`validate: ${CHECKS.length - bad} well, ${bad} bad\n`);
  return bad === 0 ? 0 : 1;
};

try {
  process.exitCode = await run();
} catch (error) {
  if (!(error instanceof StackError)) throw error;
  say(error.message);
  process.exitCode = error.exitCode;
}

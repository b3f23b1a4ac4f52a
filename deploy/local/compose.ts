import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMPOSE_FILE, portSetting } from './container-definition.ts';
import { containerEndpoint, containerPart, untilAnswers } from './container-part.ts';
import { type Log, StackError } from './error.ts';
import type { Part, PartName } from './part.ts';
import { freePorts } from './ports.ts';
import { capture } from './run-command.ts';
import type { RunDir } from './run-dir.ts';

const FILE = fileURLToPath(COMPOSE_FILE);

/** Starts parts by `deploy/compose.yaml` on free ports, as a project of its own that goes with the run directory. */
export const startCompose = async (names: readonly PartName[], runDir: RunDir, log: Log): Promise<Part[]> => {
  const ports = await freePorts(names.length);
  const settings = names.map((name, index) => [portSetting(name), String(ports[index])]);
  const project = basename(runDir.path).toLowerCase();
  const compose = async (...args: string[]): Promise<string> => {
    const { code, output } = await capture('docker', ['compose', '-p', project, '-f', FILE, ...args], {
      env: { ...process.env, ...Object.fromEntries(settings) },
      onLine: (line) => (args[0] === 'up' && line.trim() !== '' ? log(`compose: ${line.trim()}`) : undefined),
    });
    if (code === 0) return output;
    throw new StackError(
      `docker compose ${args[0]} failed (exit ${code ?? 'none'}):\n${output.trimEnd().split('\n').slice(-10).join('\n')}`,
    );
  };
  runDir.trackCompose(project);
  log(`Docker answers: starting ${names.join(', ')} by deploy/compose.yaml`);
  await compose('up', '--detach', '--wait', ...names);
  return Promise.all(
    names.map(async (name, index) => {
      const endpoint = containerEndpoint(name, ports[index] ?? 0);
      await untilAnswers(name, endpoint);
      log(`${name} answers on ${endpoint}`);
      return containerPart(name, endpoint, (await compose('ps', '--quiet', name)).trim());
    }),
  );
};

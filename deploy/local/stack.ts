import { composeAnswers, dockerAnswers } from './docker.ts';
import { type Log, logToStderr } from './error.ts';
import { givenEndpoint, givenPart } from './given.ts';
import { startLocal } from './local.ts';
import { PART_NAMES, PART_SETTING, type Part, type PartName } from './part.ts';
import { createRunDir, type RunDir } from './run-dir.ts';

/** How to start parts in containers: `compose` for people, `testcontainers` for tests, `never` for local processes alone. */
export type DockerUse = 'compose' | 'testcontainers' | 'never';

export type StackOptions<P extends PartName> = {
  /** Which parts; all three unless told. */
  readonly parts?: readonly P[];
  readonly log?: Log;
  /** Where given endpoints are looked for; `{}` to start every part whatever the environment says. */
  readonly env?: NodeJS.ProcessEnv;
  readonly docker?: DockerUse;
};

export type Stack<P extends PartName = PartName> = {
  readonly [Name in P]: Part;
} & {
  /** `KAFKA_BROKERS`, `SCHEMA_REGISTRY_URL`, `REDIS_URL` of the started parts, to be laid over a child's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends the parts that were started, and removes their data. Twice does no harm. */
  readonly stop: () => Promise<void>;
};

const startMissing = async (
  names: readonly PartName[],
  docker: DockerUse,
  runDir: RunDir,
  log: Log,
): Promise<Part[]> => {
  const local = (why: string): Promise<Part[]> => {
    log(`${why}: starting ${names.join(', ')} as local processes`);
    return startLocal(names, runDir, log);
  };
  if (docker === 'never') return local('no Docker asked for');
  if (!(await dockerAnswers())) return local('no Docker engine answers');
  if (docker === 'testcontainers') return (await import('./containers.ts')).startContainers(names, log);
  if (!(await composeAnswers())) return local('Docker answers, its compose plugin does not');
  return (await import('./compose.ts')).startCompose(names, runDir, log);
};

/**
 * Starts Kafka, a schema registry and Redis, or uses those that the environment gives (DESIGN section 11).
 *
 * Nothing outlives the caller: when its process ends, however it ends, the parts are killed and their data removed.
 *
 * @throws StackError saying what to install or to give where a part cannot be had
 */
export const startStack = async <const P extends PartName = PartName>(
  options: StackOptions<P> = {},
): Promise<Stack<P>> => {
  const { log = logToStderr, env = process.env, docker = 'compose' } = options;
  const names: readonly PartName[] = options.parts ?? PART_NAMES;
  const parts = new Map<PartName, Part>();
  for (const name of names) {
    const endpoint = givenEndpoint(name, env);
    if (endpoint === undefined) continue;
    log(`${name}: using ${PART_SETTING[name]}`);
    parts.set(name, givenPart(name, endpoint));
  }

  const missing = names.filter((name) => !parts.has(name));
  let runDir: RunDir | undefined;
  if (missing.length > 0) {
    runDir = createRunDir();
    try {
      const started = await startMissing(missing, docker, runDir, log);
      missing.forEach((name, index) => {
        const part = started[index];
        if (part) parts.set(name, part);
      });
    } catch (error) {
      runDir.remove();
      throw error;
    }
  }

  const stop = async (): Promise<void> => {
    // Its data goes with it, so that nobody need say goodbye.
    await Promise.all([...parts.values()].filter((part) => part.kind !== 'given').map((part) => part.kill()));
    runDir?.remove();
  };
  const settings = [...parts].map(([name, part]) => [PART_SETTING[name], part.endpoint]);
  return { ...Object.fromEntries(parts), env: Object.fromEntries(settings), stop } as Stack<P>;
};

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { classArchive } from './class-archive.ts';
import { APICURIO_RUNNER, APICURIO_VERSION, apicurioHome } from './downloads.ts';
import type { Log } from './error.ts';
import type { Part } from './part.ts';
import { freePorts } from './ports.ts';
import { launchTwice, startProcessPart } from './process-part.ts';
import type { RunDir } from './run-dir.ts';

/** Where Apicurio serves the Confluent schema registry API; the whole of it is the endpoint. */
export const CONFLUENT_API = '/apis/ccompat/v7';

/** Whether a registry answers at this endpoint. */
export const registryAnswers = async (endpoint: string): Promise<boolean> => {
  const response = await fetch(`${endpoint}/subjects`, { signal: AbortSignal.timeout(2000) });
  await response.body?.cancel();
  return response.ok;
};

type Launch = { readonly name: string; readonly options: readonly string[]; readonly stopTimeoutMs?: number };

/**
 * Its default storage is memory alone, which a restart loses; an H2 file keeps the schemas, and WRITE_DELAY=0 keeps
 * them through a kill -9 too (H2 writes every 500 ms otherwise).
 */
const launch = async (
  runDir: RunDir,
  home: string,
  { name, options, stopTimeoutMs = 10_000 }: Launch,
): Promise<Part> => {
  const [port = 0] = await freePorts(1);
  const dataDir = join(runDir.path, name);
  rmSync(dataDir, { recursive: true, force: true });
  mkdirSync(dataDir);
  const endpoint = `http://127.0.0.1:${port}${CONFLUENT_API}`;
  return startProcessPart(runDir, {
    name,
    endpoint,
    dataDir,
    command: 'java',
    args: [
      ...options,
      '-Xmx384m',
      // Few requests, short life: the quick compiler and the plain collector save a third of its start.
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-Dquarkus.http.host=127.0.0.1',
      `-Dquarkus.http.port=${port}`,
      '-Dquarkus.http.access-log.enabled=false',
      '-Dapicurio.datasource.jdbc.initial-size=2',
      '-Dapicurio.datasource.jdbc.min-size=1',
      `-Dapicurio.datasource.url=jdbc:h2:file:${join(dataDir, 'schemas')};WRITE_DELAY=0`,
      '-jar',
      join(home, APICURIO_RUNNER),
    ],
    answers: () => registryAnswers(endpoint),
    startTimeoutMs: 90_000,
    stopTimeoutMs,
  });
};

/** Starts Apicurio registry 3.0.9, downloading it first where the cache lacks it. */
export const startRegistry = async (runDir: RunDir, log: Log): Promise<Part> => {
  const home = await apicurioHome(runDir, log);
  const options = await classArchive(`apicurio-${APICURIO_VERSION}`, log, async (trial) => {
    await (await launch(runDir, home, { name: 'registry-trial', options: trial, stopTimeoutMs: 60_000 })).stop();
  });
  return launchTwice('registry', log, () => launch(runDir, home, { name: 'registry', options }));
};

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Part } from './part.ts';
import { freePorts } from './ports.ts';
import { startProcessPart } from './process-part.ts';
import type { RunDir } from './run-dir.ts';

/** Where Apicurio serves the Confluent schema registry API; the whole of it is the endpoint. */
export const CONFLUENT_API = '/apis/ccompat/v7';

/** Whether a registry answers at this endpoint. */
export const registryAnswers = async (endpoint: string): Promise<boolean> => {
  const response = await fetch(`${endpoint}/subjects`, { signal: AbortSignal.timeout(2000) });
  await response.body?.cancel();
  return response.ok;
};

/**
 * Starts Apicurio registry from its unpacked distribution.
 *
 * Its default storage is memory alone, which a restart loses; an H2 file keeps the schemas, and WRITE_DELAY=0 keeps
 * them through a kill -9 too (H2 writes every 500 ms otherwise).
 *
 * @param home directory that holds the runner jar
 */
export const startRegistry = async (runDir: RunDir, home: string, runner: string): Promise<Part> => {
  const [port = 0] = await freePorts(1);
  const dataDir = join(runDir.path, 'registry');
  mkdirSync(dataDir, { recursive: true });
  const endpoint = `http://127.0.0.1:${port}${CONFLUENT_API}`;
  return startProcessPart(runDir, {
    name: 'registry',
    endpoint,
    dataDir,
    command: 'java',
    args: [
      '-Xmx384m',
      // Few requests, short life: the quick compiler and the plain collector halve its start.
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-Dquarkus.http.host=127.0.0.1',
      `-Dquarkus.http.port=${port}`,
      '-Dquarkus.http.access-log.enabled=false',
      '-Dapicurio.datasource.jdbc.initial-size=2',
      '-Dapicurio.datasource.jdbc.min-size=1',
      `-Dapicurio.datasource.url=jdbc:h2:file:${join(dataDir, 'schemas')};WRITE_DELAY=0`,
      '-jar',
      join(home, runner),
    ],
    answers: () => registryAnswers(endpoint),
    startTimeoutMs: 90_000,
  });
};

import { runGateway } from '../gateway/main.ts';
import { packageVersion } from '../gateway/version.ts';
import { EXIT } from './exit.ts';
import { commandSettings } from './settings.main.ts';

/** `lethe run`: a worker until SIGTERM or SIGINT. */
export async function run(options: { config?: string }): Promise<number> {
  const settings = commandSettings(options, ['kafka', 'redis', 'keysFile'], ['registry', 'traces']);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  await runGateway(settings, packageVersion(), stop.signal);
  // Sockets that a client library left open must not keep a stopped worker alive.
  process.exit(EXIT.ok);
}

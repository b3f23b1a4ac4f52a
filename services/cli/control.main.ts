import { runControl } from '../control/main.ts';
import { packageVersion } from '../gateway/version.ts';
import { EXIT } from './exit.ts';
import { commandSettings } from './settings.main.ts';

/** `lethe control`: the consent plane until SIGTERM or SIGINT. */
export async function control(options: { config?: string }): Promise<number> {
  const settings = commandSettings(options, ['kafka', 'redis', 'keysFile'], ['api']);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  await runControl(settings, packageVersion(), stop.signal);
  process.exit(EXIT.ok);
}

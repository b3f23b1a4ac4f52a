import { valueSubject } from '../adapters/avro/output-schemas.ts';
import { makeRegistry } from '../adapters/registry/registry.ts';
import type { ProveOptions } from './commands/prove.ts';
import { usableConfiguration } from './configuration.main.ts';
import { EXIT } from './exit.ts';
import { proveBundle } from './prove.ts';
import { commandSettings } from './settings.main.ts';

/** Of a pipe, whose reader has no width. */
const WIDTH = 100;

/** `lethe prove DIR`: what can get where on stdout; exit 1 where a guard is broken. */
export async function proveFolder(dir: string, options: ProveOptions): Promise<number> {
  const { compiled } = await usableConfiguration(dir, { brokenGuards: 'dropped' });
  const { registry } = commandSettings(options, [], ['registry']);
  const { text, holds } = await proveBundle(compiled, options, {
    registry: registry === null ? null : makeRegistry(registry),
    subjectOf: valueSubject,
    width: Math.min(120, Math.max(80, process.stdout.columns ?? WIDTH)),
  });
  process.stdout.write(text);
  return holds ? EXIT.ok : EXIT.findings;
}

/** Traces of the worker, where they are on. Part of the composition root. */
import { performance } from 'node:perf_hooks';
import type { Settings } from '../adapters/config/settings.ts';
import type { Tracer } from '../core/batch-span.ts';
import type { Log } from '../core/log.ts';

/** Null where traces are off; the libraries are not even loaded then. */
export async function wireTracing(parts: {
  readonly settings: Pick<Settings, 'traces' | 'groupId'>;
  readonly version: string;
  readonly log: Log;
}): Promise<Tracer | null> {
  const { settings, version, log } = parts;
  const { traces, groupId } = settings;
  if (traces === null) return null;
  const [{ makeTracer }, { makeExporter }] = await Promise.all([
    import('../adapters/tracing/tracer.ts'),
    import('../adapters/tracing/exporter.ts'),
  ]);
  const { url, protocol, headers, serviceName, sampler, ratio } = traces;
  const exporter = await makeExporter({ url, protocol, headers, log, now: () => performance.now() });
  log.info({ endpoint: new URL(url).origin, protocol, sampler }, 'Traces are sent');
  return makeTracer({ exporter, serviceName, version, groupId, sampler, ratio });
}

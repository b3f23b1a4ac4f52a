/** A worker without traces pays nothing for them: its process does not even load the libraries. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const url = (file: string): string => new URL(`../../../services/${file}`, import.meta.url).href;

const TRACES = {
  ...{ url: 'http://127.0.0.1:1/v1/traces', protocol: 'http/json', serviceName: 'x', sampler: 'always_on', ratio: 1 },
};

type Loaded = { readonly off: readonly string[]; readonly on: readonly string[] };

/** Packages of OpenTelemetry that a process has loaded which wires a worker, first without traces and then with them. */
function loaded(): Loaded {
  const script = `
    import { registerHooks } from 'node:module';
    const seen = new Set();
    registerHooks({ load: (url, context, next) => {
      const name = /node_modules\\/(@opentelemetry\\/[^/]+)/.exec(url)?.[1];
      if (name !== undefined) seen.add(name);
      return next(url, context);
    } });
    const { makeLog } = await import(${JSON.stringify(url('adapters/log/logger.ts'))});
    await import(${JSON.stringify(url('gateway/main.ts'))});
    const { wireTracing } = await import(${JSON.stringify(url('gateway/tracing.main.ts'))});
    const wire = (traces) => wireTracing({ settings: { groupId: 'g', traces }, version: '1', log: makeLog('silent') });
    if ((await wire(null)) !== null) throw new Error('a tracer');
    const off = [...seen];
    await wire({ ...${JSON.stringify(TRACES)}, headers: () => ({}) });
    console.log(JSON.stringify({ off, on: [...seen] }));
    process.exit(0);`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout) as Loaded;
}

it('loads no SDK and no exporter where traces are off, and those that it needs where they are on', () => {
  // prom-client looks for the API by itself.
  const { off, on } = loaded();
  expect(off.filter((name) => name !== '@opentelemetry/api')).toEqual([]);
  expect(on).toContain('@opentelemetry/sdk-trace');
  expect(on).toContain('@opentelemetry/exporter-trace-otlp-http');
  expect(on).not.toContain('@opentelemetry/exporter-trace-otlp-proto');
}, 60_000);

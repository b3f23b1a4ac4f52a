import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatSettingProblems, readSettings } from '../../../../services/adapters/config/settings.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-traces-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const read = (env: Record<string, string>, file?: string) => readSettings({ env, file, needs: [], wants: ['traces'] });

function traces(env: Record<string, string>, file?: string) {
  const result = read(env, file);
  if (!result.ok) throw new Error(formatSettingProblems(result.problems));
  return result.settings.traces;
}

function problems(env: Record<string, string>): string {
  const result = read(env);
  return result.ok ? '' : formatSettingProblems(result.problems);
}

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' };

describe('traces', () => {
  it.each([
    ['nothing', {}],
    ['a service name and a sampler', { OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on' }],
    ['the exporter none', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }],
    ['the SDK disabled', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'TRUE' }],
  ])('are off with %s set', (_, env) => {
    expect(traces(env)).toBeNull();
  });

  it('are not looked at by a command that sends none', () => {
    const result = readSettings({ env: { OTEL_TRACES_EXPORTER: 'zipkin' }, needs: [] });
    expect(result.ok && result.settings.traces).toBeNull();
  });

  it('go to a collector on this machine, all of them, where only the exporter is named', () => {
    const settings = traces({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'no' });
    expect(settings).toMatchObject({
      ...{ url: 'http://localhost:4318/v1/traces', protocol: 'http/protobuf', serviceName: 'lethe' },
      ...{ sampler: 'always_on', ratio: 1 },
    });
    expect(settings?.headers()).toEqual({});
  });

  it.each([
    [ENDPOINT, 'http://collector:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/prefix' }, 'https://c/prefix/v1/traces'],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://other:1/in' }, 'http://other:1/in'],
  ])('%j posts to %s', (env, url) => {
    expect(traces(env)?.url).toBe(url);
  });

  it.each([
    ['parentbased_traceidratio', 'traceidratio'],
    ['traceidratio', 'traceidratio'],
    ['parentbased_always_off', 'always_off'],
    ['always_on', 'always_on'],
  ])('the sampler %s is %s for roots', (name, sampler) => {
    const env = { ...ENDPOINT, OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: '0.25' };
    expect(traces(env)).toMatchObject({ sampler, ratio: 0.25 });
  });

  it('can be set in gateway.yaml, where the environment wins, and headers come from a file that may change', () => {
    const headers = join(folder, 'headers');
    writeFileSync(headers, 'Authorization=Bearer%20one, x-a=b\n');
    const file = join(folder, 'gateway.yaml');
    writeFileSync(
      file,
      'OTEL_EXPORTER_OTLP_ENDPOINT: http://a:1\nOTEL_EXPORTER_OTLP_PROTOCOL: http/json\nOTEL_EXPORTER_OTLP_HEADERS_FILE: headers\n',
    );
    const settings = traces({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://b:2' }, file);
    expect(settings).toMatchObject({ url: 'http://b:2/v1/traces', protocol: 'http/json' });
    expect(settings?.headers()).toEqual({ Authorization: 'Bearer one', 'x-a': 'b' });
    expect(inspect(settings) + JSON.stringify(settings)).not.toContain('one');
  });

  it.each([
    ['OTEL_TRACES_EXPORTER', 'zipkin', 'otlp, none'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'http/protobuf, http/json'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', 'no http(s) URL'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://user:hunter2@collector', 'without credentials'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'hunter2', 'cannot be read'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%hunter2', 'cannot be read'],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote', 'always_on, always_off, traceidratio'],
    ['OTEL_TRACES_SAMPLER_ARG', '1.5', 'from 0 to 1'],
  ])('%s: %s is a problem that does not show it', (name, value, says) => {
    const text = problems({ ...ENDPOINT, [name]: value });
    expect(text).toContain(name);
    expect(text).toContain(says);
    expect(text).not.toContain('hunter2');
  });
});

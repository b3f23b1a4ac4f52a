/**
 * Traces, by the variables that OpenTelemetry names (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
 * They are off unless an exporter or an endpoint is named.
 */
import { concealing } from './settings-parts.ts';
import type { SettingName } from './settings-shape.ts';
import type { Found, SettingsSource } from './settings-source.ts';

export type TraceSettings = {
  /** Where spans are posted to. */
  readonly url: string;
  readonly protocol: (typeof PROTOCOLS)[number];
  /** What the collector wants to see, a token mostly; read at each request. Does not print. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** A batch is a root: samplers that ask a parent first come to the same as those they ask then. */
  readonly sampler: 'always_on' | 'always_off' | 'traceidratio';
  /** For `traceidratio`: the share that is traced, 0 to 1. */
  readonly ratio: number;
};

const PROTOCOLS = ['http/protobuf', 'http/json'] as const;
const EXPORTERS = ['otlp', 'none'] as const;
const SAMPLERS = ['always_on', 'always_off', 'traceidratio'] as const;
const BASE = 'http://localhost:4318';

/** Null where there are to be no traces. */
export function traces(source: SettingsSource): TraceSettings | null {
  // As the specification has it, `true` in any case is true and anything else is false.
  if (source.find('OTEL_SDK_DISABLED')?.text.toLowerCase() === 'true') return null;
  const base = source.find('OTEL_EXPORTER_OTLP_ENDPOINT');
  const whole = source.find('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  const exporter = chosen(source, source.find('OTEL_TRACES_EXPORTER'), EXPORTERS);
  if (exporter === 'none' || (exporter === null && base === null && whole === null)) return null;
  const sampled = source.find('OTEL_TRACES_SAMPLER');
  const root = sampled === null ? null : { ...sampled, text: sampled.text.replace(/^parentbased_/i, '') };
  const headers = source.findSecret('OTEL_EXPORTER_OTLP_HEADERS');
  if (headers !== null && parseHeaders(headers.text) === null) {
    source.report(headers.from, `${headers.name} cannot be read`, 'Write NAME=VALUE,NAME=VALUE, percent-encoded.');
  }
  const protocol = source.find('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? source.find('OTEL_EXPORTER_OTLP_PROTOCOL');
  const settings = {
    url: whole === null ? `${checkUrl(source, base).replace(/\/$/, '')}/v1/traces` : checkUrl(source, whole),
    protocol: chosen(source, protocol, PROTOCOLS) ?? 'http/protobuf',
    headers: () => (headers === null ? {} : (parseHeaders(headers.now()) ?? {})),
    serviceName: source.find('OTEL_SERVICE_NAME')?.text ?? 'lethe',
    sampler: chosen(source, root, SAMPLERS) ?? 'always_on',
    ratio: ratio(source, 'OTEL_TRACES_SAMPLER_ARG'),
  } as const;
  return concealing(settings, ['headers']);
}

function chosen<T extends string>(source: SettingsSource, found: Found | null, allowed: readonly T[]): T | null {
  if (found === null) return null;
  const value = allowed.find((one) => one === found.text.toLowerCase());
  if (value !== undefined) return value;
  source.report(found.from, `${found.name} is none of what Lethe can do`, `Allowed: ${allowed.join(', ')}.`);
  return null;
}

function checkUrl(source: SettingsSource, found: Found | null): string {
  if (found === null) return BASE;
  const url = URL.canParse(found.text) ? new URL(found.text) : null;
  const fix =
    'Write http://HOST:4318 or https://HOST/PATH; what proves who we are goes into OTEL_EXPORTER_OTLP_HEADERS.';
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    source.report(found.from, `${found.name} is no http(s) URL without credentials`, fix);
  }
  return found.text;
}

/** W3C Baggage's notation, as OTEL_EXPORTER_OTLP_HEADERS is defined; null where it cannot be read. */
function parseHeaders(text: string): Record<string, string> | null {
  const headers: Record<string, string> = {};
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const [, name, value] = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    if (name === undefined || value === undefined) return null;
    try {
      headers[name] = decodeURIComponent(value);
    } catch {
      return null;
    }
  }
  return headers;
}

function ratio(source: SettingsSource, name: SettingName): number {
  const found = source.find(name);
  if (found === null) return 1;
  const value = /^(?:0|1|0?\.\d{1,9}|[01]\.\d{1,9})$/.test(found.text) ? Number(found.text) : Number.NaN;
  if (value >= 0 && value <= 1) return value;
  source.report(found.from, `${name} is no share`, 'Use a number from 0 to 1, such as 0.1.');
  return 1;
}

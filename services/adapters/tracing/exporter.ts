/** Spans to a collector by OTLP over HTTP; a collector that fails is told of once in a while, and never waited for. */
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { Log } from '../../core/log.ts';

export type ExporterOptions = {
  /** Where spans are posted to. */
  readonly url: string;
  readonly protocol: 'http/protobuf' | 'http/json';
  /** Asked at each request. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly log: Log;
  /** Milliseconds from any origin. */
  readonly now: () => number;
};

/**
 * Timeout, compression and certificates are taken from the environment by the library itself
 * (OTEL_EXPORTER_OTLP_TIMEOUT, _COMPRESSION, _CERTIFICATE, _CLIENT_CERTIFICATE, _CLIENT_KEY).
 */
export async function makeExporter({ url, protocol, headers, log, now }: ExporterOptions): Promise<SpanExporter> {
  const { OTLPTraceExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  const exporter = new OTLPTraceExporter({ url, headers: async () => ({ ...headers() }) });
  return tellingFailures(exporter, new URL(url).origin, log, now);
}

const TELL_EVERY_MS = 5 * 60_000;
/** `ExportResultCode.SUCCESS` of @opentelemetry/core. */
const SUCCESS = 0;

/** Logs the first failure, then one in five minutes, and that it works again; by code, never what the collector wrote. */
export function tellingFailures(exporter: SpanExporter, endpoint: string, log: Log, now: () => number): SpanExporter {
  let failing = false;
  let toldAt = Number.NEGATIVE_INFINITY;
  let lost = 0;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code === SUCCESS) {
          if (failing) log.info({ endpoint, lost }, 'Traces: the collector takes spans again');
          failing = false;
          lost = 0;
        } else {
          failing = true;
          lost += spans.length;
          if (now() - toldAt >= TELL_EVERY_MS) {
            toldAt = now();
            log.warn(
              { endpoint, lost, code: codeOf(result.error) },
              'Traces: the collector takes no spans; records flow',
            );
          }
        }
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush === undefined ? {} : { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
  };
}

/** A status of HTTP, or the name that the system gives. */
function codeOf(error: unknown): string | number {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    const { code } = at as { readonly code?: unknown };
    if (typeof code === 'number' || (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code))) return code;
  }
  return error instanceof Error ? error.name : 'unknown';
}

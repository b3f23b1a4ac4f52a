/**
 * The port of traces over OpenTelemetry's SDK. No instrumentation of other libraries, and nothing registered globally:
 * they would note keys, commands and URLs by themselves.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Attributes, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { BatchStart, Tracer } from '../../core/batch-span.ts';
import { formatTraceparent } from '../../core/trace-context.ts';

export type TracerOptions = {
  readonly exporter: SpanExporter;
  readonly serviceName: string;
  /** Lethe's. */
  readonly version: string;
  readonly groupId: string;
  readonly sampler: 'always_on' | 'always_off' | 'traceidratio';
  /** For `traceidratio`. */
  readonly ratio: number;
};

/** Spans that wait while the collector is slow; what comes then is dropped. A span with all its links has some 40 KB. */
const MAX_WAITING = 256;
/** Turning spans into bytes holds the worker up: a few milliseconds for so many. */
const MAX_PER_EXPORT = 32;
const EXPORT_EVERY_MS = 1_000;
const EXPORT_TIMEOUT_MS = 10_000;
const CLOSE_WITHIN_MS = 1_500;

/** Which attributes there are: OpenTelemetry's semantic conventions for messaging (Kafka), the rest under `lethe.`. */
export function makeTracer(options: TracerOptions): Tracer {
  const { groupId, version } = options;
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(detectResources({ detectors: [resourceAttributesEnvDetector] }))
      .merge(
        resourceFromAttributes({
          'service.name': options.serviceName,
          'service.version': version,
          'service.instance.id': randomUUID(),
        }),
      ),
    sampler: samplerOf(options),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: options.exporter,
        maxQueueSize: MAX_WAITING,
        maxExportBatchSize: MAX_PER_EXPORT,
        scheduledDelayMillis: EXPORT_EVERY_MS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
  const tracer = provider.getTracer('lethe', version);

  return {
    start: (batch) => {
      const span = tracer.startSpan(
        `process ${batch.topic}`,
        {
          kind: SpanKind.CONSUMER,
          attributes: attributesOf(batch, groupId),
          links: batch.links.map(({ context, offset }) => ({
            context: {
              traceId: context.traceId,
              spanId: context.spanId,
              traceFlags: context.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
              isRemote: true,
            },
            attributes: { 'messaging.kafka.offset': offset },
          })),
        },
        // A root: a batch is of many traces, and so of none.
        ROOT_CONTEXT,
      );
      const { traceId, spanId, traceFlags } = span.spanContext();
      return {
        traceparent: formatTraceparent({ traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 }),
        judged: (route, bundleDigest) =>
          void span.setAttributes({ 'lethe.route': route, 'lethe.bundle.digest': bundleDigest }),
        stage: (stage, seconds) => void span.addEvent(stage, { 'lethe.stage.seconds': seconds }),
        counted: ({ published, withheld, deadLettered }) =>
          void span.setAttributes({
            'lethe.outputs.published': published,
            'lethe.outputs.withheld': withheld,
            'lethe.records.dead_lettered': deadLettered,
          }),
        end: (how, code) => {
          if (!span.isRecording()) return;
          span.setAttributes({ 'lethe.batch.result': how, ...(code === null ? {} : { 'error.type': code }) });
          if (code !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: code });
          span.end();
        },
      };
    },
    close: async () => {
      const done = provider.shutdown().catch(() => undefined);
      const late = new AbortController();
      await Promise.race([done, sleep(CLOSE_WITHIN_MS, undefined, { signal: late.signal }).catch(() => undefined)]);
      late.abort();
    },
  };
}

function attributesOf({ topic, partition, records, offsets, unlinked }: BatchStart, groupId: string): Attributes {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': String(partition),
    'messaging.consumer.group.name': groupId,
    'messaging.batch.message_count': records,
    ...(offsets === null ? {} : { 'messaging.kafka.offset': offsets.first, 'lethe.batch.last_offset': offsets.last }),
    ...(unlinked === 0 ? {} : { 'lethe.links.dropped': unlinked }),
  };
}

function samplerOf({ sampler, ratio }: TracerOptions): Sampler {
  switch (sampler) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio);
  }
}

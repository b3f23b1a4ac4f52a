import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeTracer, type TracerOptions } from '../../../../services/adapters/tracing/tracer.ts';
import type { BatchStart } from '../../../../services/core/batch-span.ts';
import { traceContextOf } from '../../../../services/core/trace-context.ts';
import { traced } from '../../../../services/gateway/traced.ts';
import { batchOf, context, NOW, setUp } from '../../gateway/fixture.ts';

const DEFAULTS = {
  serviceName: 'lethe',
  version: '1.2.3',
  groupId: 'group-1',
  sampler: 'always_on',
  ratio: 1,
} as const;
const START: BatchStart = {
  ...{ topic: 'raw.events', partition: 4, records: 3, offsets: { first: 10, last: 14 }, unlinked: 2 },
  links: [{ context: { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), sampled: false }, offset: 11 }],
};

/** An exporter that keeps what it was given past its end. */
function open(more: Partial<TracerOptions> = {}) {
  const kept: ReadableSpan[] = [];
  const memory = new InMemorySpanExporter();
  const tracer = makeTracer({
    ...DEFAULTS,
    exporter: {
      export: (spans, done) => {
        kept.push(...spans);
        memory.export(spans, done);
      },
      shutdown: () => memory.shutdown(),
    },
    ...more,
  });
  return { tracer, kept };
}

/** All that goes to the collector of a span. */
const exported = ({ name, kind, attributes, links, events, status, resource }: ReadableSpan) => ({
  ...{ name, kind, attributes, status, resource: resource.attributes },
  links: links.map(({ context: linked, attributes: of }) => ({ linked, of })),
  events: events.map(({ name: event, attributes: of }) => ({ event, of })),
});

describe('a span', () => {
  it('says what the semantic conventions for messaging ask for', async () => {
    const { tracer, kept } = open();
    const span = tracer.start(START);
    span.judged('events', 'f00d');
    span.stage('lookup', 0.25);
    span.counted({ published: 4, withheld: 1, deadLettered: 1 });
    span.end('committed', null);
    await tracer.close();
    expect(kept.map(exported)).toEqual([
      {
        name: 'process raw.events',
        // CONSUMER
        kind: 4,
        status: { code: 0 },
        attributes: {
          'messaging.system': 'kafka',
          'messaging.operation.name': 'process',
          'messaging.operation.type': 'process',
          'messaging.destination.name': 'raw.events',
          'messaging.destination.partition.id': '4',
          'messaging.consumer.group.name': 'group-1',
          'messaging.batch.message_count': 3,
          'messaging.kafka.offset': 10,
          'lethe.batch.last_offset': 14,
          'lethe.links.dropped': 2,
          'lethe.route': 'events',
          'lethe.bundle.digest': 'f00d',
          'lethe.outputs.published': 4,
          'lethe.outputs.withheld': 1,
          'lethe.records.dead_lettered': 1,
          'lethe.batch.result': 'committed',
        },
        resource: expect.objectContaining({ 'service.name': 'lethe', 'service.version': '1.2.3' }) as unknown,
        links: [
          {
            linked: { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), traceFlags: 0, isRemote: true },
            of: { 'messaging.kafka.offset': 11 },
          },
        ],
        events: [{ event: 'lookup', of: { 'lethe.stage.seconds': 0.25 } }],
      },
    ]);
    const { traceId, spanId } = kept[0]!.spanContext();
    expect(traceContextOf({ traceparent: Buffer.from(span.traceparent) })).toEqual({ traceId, spanId, sampled: true });
    expect(kept[0]!.parentSpanContext).toBeUndefined();
  });

  it.each(['aborted', 'fenced', 'failed'] as const)('that %s is an error, by its code', async (how) => {
    const { tracer, kept } = open();
    tracer.start(START).end(how, 'unavailable');
    await tracer.close();
    expect(kept[0]).toMatchObject({
      status: { code: 2, message: 'unavailable' },
      attributes: { 'lethe.batch.result': how, 'error.type': 'unavailable' },
    });
  });

  it('ends once; what is told of it later is not heard', async () => {
    const { tracer, kept } = open();
    const span = tracer.start(START);
    span.end('aborted', 'unavailable');
    span.counted({ published: 1, withheld: 1, deadLettered: 1 });
    span.stage('commit', 1);
    span.end('committed', null);
    await tracer.close();
    expect(kept).toHaveLength(1);
    expect(kept[0]!.attributes).toMatchObject({ 'lethe.batch.result': 'aborted' });
    expect(kept[0]!.attributes).not.toHaveProperty('lethe.outputs.published');
  });

  it.each([
    ['always_off', 1],
    ['traceidratio', 0],
  ] as const)('that is not sampled (%s, %d) goes nowhere, and tells those downstream so', async (sampler, ratio) => {
    const { tracer, kept } = open({ sampler, ratio });
    const span = tracer.start(START);
    span.stage('lookup', 1);
    span.end('committed', null);
    await tracer.close();
    expect(kept).toEqual([]);
    expect(traceContextOf({ traceparent: Buffer.from(span.traceparent) })).toMatchObject({ sampled: false });
  });

  it('holds nothing of a record: neither key, value, header, nor what an error says', async () => {
    const { handler, stores, consent } = await setUp();
    await stores.consents.add([consent('cust-1', 'granted', 1)]);
    const secret = fc.uuid().map((id) => `canary-${id}`);
    const letter = fc.constantFrom('id', 'email', 'undeclared', 'at');
    await fc.assert(
      fc.asyncProperty(secret, letter, fc.boolean(), async (canary, where, broken) => {
        const { tracer, kept } = open();
        const text = JSON.stringify({ id: 'cust-1', at: NOW - 60_000, [where]: canary });
        const raw = batchOf([broken ? text.slice(1) : text]);
        const bytes = Buffer.from(canary);
        const headers = { traceparent: bytes, tracestate: bytes, baggage: bytes, [canary]: bytes };
        const batch = { ...raw, records: raw.records.map((one) => ({ ...one, key: bytes, headers })) };
        const result = await traced(handler, tracer)(batch, context());
        result.committed();
        result.span?.end('committed', null);
        await traced(() => Promise.reject(new Error(canary)), tracer)(batch, context()).catch(() => undefined);
        await tracer.close();
        const all = JSON.stringify(kept.map(exported));
        expect(kept).toHaveLength(2);
        expect(all).not.toContain(canary);
        expect(all).not.toContain('cust-1');
      }),
      { numRuns: 30 },
    );
  });
});

describe('a collector that hangs', () => {
  it('holds up no batch, keeps no more than a few spans, and a stop for no longer than two seconds', async () => {
    let exports = 0;
    const { tracer } = open({
      exporter: {
        export: () => {
          exports++;
        },
        shutdown: () => new Promise(() => undefined),
      },
    });
    const spans = 20_000;
    const started = performance.now();
    for (let count = 0; count < spans; count++) tracer.start(START).end('committed', null);
    const each = (performance.now() - started) / spans;
    expect(each).toBeLessThan(1);
    expect(exports).toBe(1);
    const closing = performance.now();
    await tracer.close();
    expect(performance.now() - closing).toBeLessThan(2_500);
    // All that waited, in pieces, and not what came when no more could wait.
    expect(exports).toBeLessThanOrEqual(1 + 256 / 32);
  });
});

/** Around the pipeline where traces are on: a span for each batch, linked to what its records came from. */
import type { BatchStart, RecordLink, Tracer } from '../core/batch-span.ts';
import { LetheError } from '../core/errors.ts';
import { hasTraceContext, traceContextOf } from '../core/trace-context.ts';
import type { BatchHandler, RawBatch } from '../core/transport.ts';

/** As many links as a span holds by default (OpenTelemetry SDK specification, LinkCountLimit). */
export const MAX_LINKS = 128;

/**
 * Gives the handler a span to tell its stages, and the transport the same span to tell how the transaction ended. Where
 * the handler throws, the span ends here, with the error's code and nothing of its text.
 */
export function traced(handler: BatchHandler, tracer: Tracer): BatchHandler {
  return async (batch, context) => {
    const span = tracer.start(startOf(batch));
    let leaving = false;
    const heartbeat = async (): Promise<void> => {
      try {
        await context.heartbeat();
      } catch (error) {
        leaving = true;
        throw error;
      }
    };
    try {
      return { ...(await handler(batch, { ...context, heartbeat, span })), span };
    } catch (error) {
      if (leaving) span.end('fenced', 'fenced');
      else span.end('failed', error instanceof LetheError ? error.code : 'bug');
      throw error;
    }
  };
}

/** A batch as a span sees it. A context that several records carry is linked once. */
export function startOf(batch: RawBatch): BatchStart {
  const { topic, partition, records } = batch;
  const links: RecordLink[] = [];
  const known = new Set<string>();
  let unlinked = 0;
  for (const { headers, offset } of records) {
    if (links.length >= MAX_LINKS) {
      if (hasTraceContext(headers)) unlinked++;
      continue;
    }
    const context = traceContextOf(headers);
    if (context === null) continue;
    const name = context.traceId + context.spanId;
    if (known.has(name)) continue;
    known.add(name);
    links.push({ context, offset });
  }
  const [first, last] = [records[0]?.offset, records.at(-1)?.offset];
  return {
    ...{ topic, partition, records: records.length, links, unlinked },
    offsets: first === undefined || last === undefined ? null : { first, last },
  };
}

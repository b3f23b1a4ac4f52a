/** A collector of traces: takes OTLP/HTTP in JSON (opentelemetry.io/docs/specs/otlp), and keeps the bytes as they came. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export type CollectedSpan = {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Attributes;
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: Attributes }[];
  readonly events: readonly string[];
  /** 2: an error. */
  readonly status: number;
  readonly resource: Attributes;
};

type Attributes = Readonly<Record<string, string | number | boolean>>;

export type SpanCollector = {
  readonly url: string;
  readonly spans: () => readonly CollectedSpan[];
  /** All that was sent. */
  readonly bytes: () => Buffer;
  readonly close: () => Promise<void>;
};

/**
 * @param port 0 for any.
 * @param answers false: it takes connections and never says a word.
 */
export async function collectSpans(port = 0, answers = true): Promise<SpanCollector> {
  const bodies: Buffer[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      bodies.push(Buffer.from(JSON.stringify(request.headers)), Buffer.concat(parts));
      if (answers) response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => bodies.filter((_, index) => index % 2 === 1).flatMap((body) => spansOf(body.toString())),
    bytes: () => Buffer.concat(bodies),
    close: () => closed(server),
  };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

type Pairs = readonly {
  key: string;
  value: { stringValue?: string; intValue?: number | string; doubleValue?: number };
}[];
type WireSpan = Omit<CollectedSpan, 'attributes' | 'links' | 'events' | 'status' | 'resource'> & {
  readonly attributes?: Pairs;
  readonly links?: readonly { traceId: string; spanId: string; attributes?: Pairs }[];
  readonly events?: readonly { name: string }[];
  readonly status?: { code?: number };
};
type Wire = {
  readonly resourceSpans: readonly {
    readonly resource?: { attributes?: Pairs };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
};

function spansOf(text: string): CollectedSpan[] {
  return (JSON.parse(text) as Wire).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        parentSpanId: span.parentSpanId,
        attributes: plain(span.attributes),
        links: (span.links ?? []).map((link) => ({ ...link, attributes: plain(link.attributes) })),
        events: (span.events ?? []).map(({ name }) => name),
        status: span.status?.code ?? 0,
        resource: plain(resource?.attributes),
      })),
    ),
  );
}

/** Numbers of 64 bits may come as text. */
function plain(pairs: Pairs = []): Attributes {
  return Object.fromEntries(
    pairs.map(({ key, value: { stringValue, intValue, doubleValue } }) => [
      key,
      stringValue ?? (intValue === undefined ? (doubleValue ?? true) : Number(intValue)),
    ]),
  );
}

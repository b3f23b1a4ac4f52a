import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { describe, expect, it } from 'vitest';
import { makeExporter, tellingFailures } from '../../../../services/adapters/tracing/exporter.ts';
import { makeTracer } from '../../../../services/adapters/tracing/tracer.ts';
import type { Log } from '../../../../services/core/log.ts';

function recordingLog() {
  const lines: unknown[] = [];
  const line = (level: string) => (fields: object, text: string) => void lines.push([level, fields, text]);
  const log: Log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  return { log, lines };
}

describe('a collector that fails', () => {
  it('is told of at once, then every five minutes, and when it works again; nothing that it wrote is', () => {
    let result: Parameters<Parameters<SpanExporter['export']>[1]>[0] = { code: 0 };
    let now = 0;
    const { log, lines } = recordingLog();
    const inner: SpanExporter = { export: (_, done) => done(result), shutdown: async () => undefined };
    const exporter = tellingFailures(inner, 'http://collector:4318', log, () => now);
    const answers: number[] = [];
    const send = (): void => exporter.export([{} as ReadableSpan], ({ code }) => answers.push(code));
    send();
    expect(lines).toEqual([]);
    result = { code: 1, error: Object.assign(new Error('user1@example.com'), { code: 503 }) };
    for (now = 0; now < 600_000; now += 1_000) send();
    const endpoint = 'http://collector:4318';
    const told = (lost: number) => [
      'warn',
      { endpoint, lost, code: 503 },
      'Traces: the collector takes no spans; records flow',
    ];
    expect(lines).toEqual([told(1), told(301)]);
    result = { code: 0 };
    send();
    expect(lines.at(-1)).toEqual(['info', { endpoint, lost: 600 }, 'Traces: the collector takes spans again']);
    expect(lines).toHaveLength(3);
    expect(answers).toHaveLength(602);
  });
});

describe('spans on the wire', () => {
  it.each([
    ['http/protobuf', 'application/x-protobuf'],
    ['http/json', 'application/json'],
  ] as const)('go out as %s, with the headers as they are by then', async (protocol, type) => {
    const seen: { path: string | undefined; type: string | undefined; token: unknown; body: string }[] = [];
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { url: path, headers } = request;
        const body = Buffer.concat(parts).toString('latin1');
        seen.push({ path, type: headers['content-type'], token: headers['x-token'], body });
        response.writeHead(200, { 'content-type': type }).end(protocol === 'http/json' ? '{}' : '');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
    let token = 'first';
    const { log, lines } = recordingLog();
    const exporter = await makeExporter({ url, protocol, headers: () => ({ 'x-token': token }), log, now: () => 0 });
    const tracer = makeTracer({
      ...{ exporter, serviceName: 'lethe', version: '1', groupId: 'g', sampler: 'always_on', ratio: 1 },
    });
    token = 'second';
    const batch = { topic: 'raw.events', partition: 0, records: 0, offsets: null, links: [], unlinked: 0 };
    tracer.start(batch).end('committed', null);
    await tracer.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(seen).toMatchObject([{ path: '/v1/traces', type, token: 'second' }]);
    expect(seen[0]?.body).toContain('process raw.events');
    expect(lines).toEqual([]);
  });
});

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { parseCallbackHosts } from '../../../../services/adapters/callbacks/allowed.ts';
import { makeCallbackSender } from '../../../../services/adapters/callbacks/sender.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function receiver(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const opened = createServer(answer);
  server = opened;
  await new Promise<void>((resolve) => opened.listen(0, '127.0.0.1', resolve));
  return (opened.address() as AddressInfo).port;
}
const ended =
  (status: number, headers: Record<string, string> = {}) =>
  (_: IncomingMessage, response: ServerResponse): void =>
    void response.writeHead(status, headers).end();
const to = (port: number) => makeCallbackSender({ hosts: parseCallbackHosts([`127.0.0.1:${port}`]), timeoutMs: 400 });
const url = (port: number): string => `http://127.0.0.1:${port}/told?token=1`;

/** Names mean these addresses, one list after the other. */
function names(...answers: readonly (readonly string[])[]): { resolve: LookupFunction; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    resolve: (name, _, done) => {
      const answer = answers[Math.min(asked.length, answers.length - 1)] ?? [];
      asked.push(name);
      done(
        null,
        answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    },
  };
}

describe('a callback that is sent', () => {
  it('is a POST of the body with its headers, and is taken with 2xx', async () => {
    let got: { method?: string; path?: string; id?: string | string[]; body: string } | null = null;
    const port = await receiver((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        got = {
          method: request.method ?? '',
          path: request.url ?? '',
          id: request.headers['webhook-id'] ?? '',
          body,
        };
        response.writeHead(204).end();
      });
    });
    expect(await to(port)(url(port), { 'webhook-id': 'm' }, '{"ü":1}')).toBeNull();
    expect(got).toEqual({ method: 'POST', path: '/told?token=1', id: 'm', body: '{"ü":1}' });
  });

  it.each([300, 400, 404, 410, 500, 503])('has not arrived where the answer is %i', async (status) => {
    const port = await receiver(ended(status));
    expect(await to(port)(url(port), {}, '{}')).toBe(`status_${status}`);
  });

  it('follows no redirect', async () => {
    let calls = 0;
    const port = await receiver((request, response) => {
      calls++;
      ended(307, { location: request.url ?? '/' })(request, response);
    });
    expect(await to(port)(url(port), {}, '{}')).toBe('status_307');
    expect(calls).toBe(1);
  });

  it('does not read what an endless answer says', async () => {
    let written = 0;
    const port = await receiver((_, response) => {
      response.writeHead(200);
      const more = (): void => {
        if (response.destroyed) return;
        written += 65_536;
        response.write(Buffer.alloc(65_536), () => setImmediate(more));
      };
      more();
    });
    expect(await to(port)(url(port), {}, '{}')).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const then = written;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(written).toBe(then);
  });

  it('gives up on a receiver that says nothing, or sends endless headers', async () => {
    const silent = await receiver(() => undefined);
    const began = Date.now();
    expect(await to(silent)(url(silent), {}, '{}')).toBe('timeout');
    expect(Date.now() - began).toBeLessThan(2_000);
    server?.closeAllConnections();
    const long = await receiver(ended(200, { x: 'a'.repeat(60_000) }));
    expect(await to(long)(url(long), {}, '{}')).toBe('hpe_header_overflow');
  });

  it('says the code of what failed', async () => {
    const port = await receiver(ended(200));
    server?.close();
    expect(await to(port)(url(port), {}, '{}')).toBe('econnrefused');
  });
});

describe('an address', () => {
  const sender = (resolve: LookupFunction, more: readonly string[] = []) =>
    makeCallbackSender({ hosts: parseCallbackHosts(['hooks.example.com', ...more]), timeoutMs: 400, resolve });

  it.each([[['127.0.0.1']], [['169.254.169.254']], [['8.8.8.8', '10.0.0.1']], [['::ffff:127.0.0.1']], [[]]])(
    'that a name means is looked at: %j is refused',
    async (answer) => {
      const { resolve, asked } = names(answer);
      expect(await sender(resolve)('https://hooks.example.com/', {}, '{}')).toBe('address_refused');
      expect(asked).toEqual(['hooks.example.com']);
    },
  );

  it('is looked at each time, and is the one that is connected to (DNS rebinding)', async () => {
    let calls = 0;
    const port = await receiver((request, response) => {
      calls++;
      ended(200)(request, response);
    });
    // Good when looked at first, loopback whenever asked again: a check before connecting would pass.
    const rebinding = names(['127.0.0.1'], ['127.0.0.2']);
    const hosts = parseCallbackHosts([`hooks.example.com:${port}`, `127.0.0.1:${port}`]);
    const send = makeCallbackSender({ hosts, timeoutMs: 400, resolve: rebinding.resolve });
    // It speaks TLS to a receiver that does not: so much shows that it came there, and asked for the name once.
    expect(await send(`https://hooks.example.com:${port}/`, {}, '{}')).not.toBe('address_refused');
    expect(rebinding.asked).toHaveLength(1);
    expect(await send(`https://hooks.example.com:${port}/`, {}, '{}')).toBe('address_refused');
    expect(rebinding.asked).toHaveLength(2);
    expect(calls).toBe(0);
  });

  it('is not asked for where the setting names the host no more', async () => {
    const { resolve, asked } = names(['8.8.8.8']);
    expect(await sender(resolve)('https://other.example.com/', {}, '{}')).toBe('url_refused');
    expect(asked).toEqual([]);
  });
});

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tokensOf } from '../../../../services/adapters/kafka/oauth-token.ts';

let server: Server;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const asked: { readonly authorization: string | undefined; readonly form: string }[] = [];

beforeEach(async () => {
  asked.length = 0;
  server = createServer((request, response) => {
    let form = '';
    request.on('data', (chunk: Buffer) => {
      form += chunk.toString();
    });
    request.on('end', () => {
      asked.push({ authorization: request.headers.authorization, form });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
});
afterEach(() => void server.close());

const json = (status: number, body: unknown) => (_: IncomingMessage, response: ServerResponse) =>
  void response.writeHead(status).end(JSON.stringify(body));
const client = (more: object = {}) => ({ url, id: 'a b', secret: 'hunter2:+', scope: null, ...more });

describe('a token by client credentials', () => {
  it('is asked for as RFC 6749 says, once for all who ask at once, and used for most of its life', async () => {
    let count = 0;
    answer = (request, response) => json(200, { access_token: `t${++count}`, expires_in: 100 })(request, response);
    let now = 0;
    const tokens = tokensOf(client({ scope: 'kafka' }), () => now);
    expect(await Promise.all([tokens.token(), tokens.token()])).toEqual(['t1', 't1']);
    const basic = Buffer.from('a+b:hunter2%3A%2B').toString('base64');
    expect(asked).toEqual([{ authorization: `Basic ${basic}`, form: 'grant_type=client_credentials&scope=kafka' }]);
    now = 79_000;
    expect(await tokens.token()).toBe('t1');
    now = 80_000;
    expect(await tokens.token()).toBe('t2');
  });

  it('is asked for anew once a broker refused it, with the secret of that moment', async () => {
    let secret = 'one';
    answer = json(200, { access_token: 't', expires_in: 100 });
    const tokens = tokensOf({
      ...client({ id: 'u' }),
      get secret() {
        return secret;
      },
    });
    const token = await tokens.token();
    secret = 'two';
    tokens.refused(token);
    await tokens.token();
    const said = asked.map(({ authorization }) => Buffer.from(authorization?.slice(6) ?? '', 'base64').toString());
    expect(said).toEqual(['u:one', 'u:two']);
  });

  it('is asked for at each log-in where its life is not told', async () => {
    answer = json(200, { access_token: 't' });
    const tokens = tokensOf(client());
    await tokens.token();
    await tokens.token();
    expect(asked).toHaveLength(2);
  });

  it.each<[string, typeof answer, RegExp]>([
    ['a refusal', json(401, { error: 'hunter2' }), /refuses the client \(401\)/],
    ['no JSON', (_, response) => void response.end('hunter2'), /answered 200 without a token/],
    ['no token', json(200, { token: 'hunter2' }), /answered 200 without a token/],
    ['a token that would break out of its message', json(200, { access_token: 'a\x01b' }), /without a token/],
    ['a fault', json(500, {}), /answered 500/],
    ['a redirect', (_, response) => void response.writeHead(302, { location: '/other' }).end(), /cannot be reached/],
  ])('%s is told without the secret', async (_, given, told) => {
    answer = given;
    const error = await tokensOf(client({ url: `${url}?key=hunter2` }))
      .token()
      .catch((thrown: unknown) => thrown as Error & { fix: string });
    expect(error).toMatchObject({ code: 'unavailable', dependency: 'kafka', message: expect.stringMatching(told) });
    expect(JSON.stringify([(error as Error).message, (error as { fix?: string }).fix])).not.toContain('hunter2');
  });
});

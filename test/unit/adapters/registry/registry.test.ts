import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { makeRegistry } from '../../../../services/adapters/registry/registry.ts';
import { LetheError } from '../../../../services/core/errors.ts';

type Reply = { readonly status: number; readonly body: string } | 'silence';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A registry that answers as told and notes what it was asked. */
async function fake(answer: (asked: string, request: IncomingMessage) => Reply) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const reply = answer(`${request.method} ${request.url}`, request);
    if (reply === 'silence') return;
    response.writeHead(reply.status, { 'content-type': 'application/json' });
    response.end(reply.body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/api`, asked };
}

const json = (body: unknown, status = 200): Reply => ({ status, body: JSON.stringify(body) });
const RECORD = JSON.stringify({ type: 'record', name: 'A', fields: [] });
const NOBODY = { user: null, password: null };

async function failure(work: Promise<unknown>): Promise<LetheError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof LetheError)) throw new Error('it did not fail as it should');
  return error;
}

describe('the schema registry client', () => {
  it('asks once for a schema, and once in a while for one that is not there', async () => {
    const { url, asked } = await fake((path) =>
      path.endsWith('/1') ? json({ schema: RECORD }) : json({ error_code: 40403 }, 404),
    );
    let now = 0;
    const registry = makeRegistry({ url, ...NOBODY, clock: () => now });
    for (let i = 0; i < 3; i++) {
      expect(await registry.schemaById(1)).toBe(RECORD);
      expect(await registry.schemaById(2)).toBeNull();
    }
    expect(asked).toEqual(['GET /api/schemas/ids/1', 'GET /api/schemas/ids/2']);
    now = 6000;
    expect(await registry.schemaById(2)).toBeNull();
    expect(asked).toHaveLength(3);
  });

  it('logs in, and never shows the password', async () => {
    let header: string | undefined;
    const { url } = await fake((_, request) => {
      header = request.headers.authorization;
      return json({ message: 'no' }, 401);
    });
    const registry = makeRegistry({ url, user: 'lethe', password: 'pässword' });
    for (const work of [registry.versions('s'), registry.register('s', RECORD)]) {
      const error = await failure(work);
      expect(error).toMatchObject({ code: 'unavailable', fix: expect.stringContaining('SCHEMA_REGISTRY_PASSWORD') });
      expect(error.message).toContain(url);
      expect(`${error.message}${error.stack}`).not.toContain('pässword');
    }
    expect(Buffer.from((header ?? '').replace('Basic ', ''), 'base64').toString()).toBe('lethe:pässword');
  });

  it.each<[string, Reply]>([
    ['500', json({}, 500)],
    ['429', json({}, 429)],
    ['no JSON', { status: 200, body: '<html>' }],
    ['silence', 'silence'],
    ['another shape', json('hello')],
  ])('is unavailable on %s, naming the endpoint and the setting', async (_, reply) => {
    const { url } = await fake(() => reply);
    const registry = makeRegistry({ url, ...NOBODY, timeoutMs: 200 });
    const works = [registry.versions('s'), registry.incompatibility('s', RECORD), registry.register('s', RECORD)];
    for (const error of await Promise.all(works.map(failure))) {
      expect(error).toMatchObject({ code: 'unavailable', retryable: true });
      expect(error.message).toContain(url);
      expect(error.fix).toContain('SCHEMA_REGISTRY_URL');
    }
  });

  it('reads no answer that goes on and on', async () => {
    const server = createServer((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1024 * 1024, 32)));
      };
      response.on('drain', more);
      more();
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const registry = makeRegistry({ url: `http://127.0.0.1:${port}`, ...NOBODY, timeoutMs: 10_000 });
    const error = await failure(registry.versions('s'));
    expect(error.message).toContain('ERR_ANSWER_TOO_LONG');
    expect(error.retryable).toBe(true);
  }, 30_000);

  it('is unavailable where nobody listens', async () => {
    const { url } = await fake(() => json({}));
    const server = servers.pop();
    await new Promise((resolve) => server?.close(resolve));
    const registry = makeRegistry({ url, ...NOBODY });
    const works = [registry.schemaById(1), registry.versions('s'), registry.register('s', RECORD)];
    for (const error of await Promise.all(works.map(failure))) {
      expect(error).toMatchObject({ code: 'unavailable' });
      expect(error.message).toContain(url);
    }
  });

  it.each([409, 422])('says that a schema is refused on %d, and remembers no id', async (status) => {
    let refuse = true;
    const { url } = await fake((asked) => {
      if (asked.startsWith('GET')) return json({}, 404);
      return refuse ? json({ message: 'it breaks readers' }, status) : json({ id: 7 });
    });
    const results: string[] = [];
    const registry = makeRegistry({ url, ...NOBODY, observe: (result) => results.push(result) });
    for (const schema of [RECORD, `[${RECORD}]`]) {
      refuse = true;
      const error = await failure(registry.register('s', schema));
      expect(error).toMatchObject({ code: 'invalid_config', message: expect.stringContaining('it breaks readers') });
      refuse = false;
      expect(await registry.register('s', schema)).toBe(7);
    }
    expect(results).toEqual(['refused', 'ok', 'refused', 'ok']);
  });

  it('never changes the compatibility level of a subject', async () => {
    const { url, asked } = await fake((path) => (path.includes('/config') ? json({}, 404) : json({ id: 1 })));
    await makeRegistry({ url, ...NOBODY }).register('s', RECORD);
    expect(asked.filter((path) => path.startsWith('PUT'))).toEqual([]);
    expect(asked.at(-1)).toBe('POST /api/subjects/s/versions');
  });

  it('registers under whatever level a subject has', async () => {
    const { url } = await fake((path) =>
      path.includes('/config') ? json({ compatibilityLevel: 'FULL_TRANSITIVE' }) : json({ id: 1 }),
    );
    expect(await makeRegistry({ url, ...NOBODY }).register('s', RECORD)).toBe(1);
  });

  it('leaves out versions of other formats and with references to nowhere, and ends on a circle', async () => {
    const self = [{ name: 'A', subject: 's', version: 4 }];
    const { url } = await fake((asked) => {
      if (asked.endsWith('/versions')) return json([1, 2, 3, 4]);
      if (asked.endsWith('/1')) return json({ id: 1, schema: '{}', schemaType: 'JSON' });
      if (asked.endsWith('/2')) return json({ id: 2, schema: RECORD });
      if (asked.endsWith('/3'))
        return json({ id: 3, schema: '"B"', references: [{ name: 'B', subject: 'x', version: 9 }] });
      return asked.includes('/subjects/s/') ? json({ id: 4, schema: RECORD, references: self }) : json({}, 404);
    });
    const versions = await makeRegistry({ url, ...NOBODY }).versions('s');
    expect(versions.map(({ id }) => id)).toEqual([2, 4]);
  });
});

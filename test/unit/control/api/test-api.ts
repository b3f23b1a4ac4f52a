/** The API over memory, asked without a network; every answer it gives is held against its own OpenAPI document. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { makeApi, type ServedRequest } from '../../../../services/adapters/http/api-server.ts';
import { makeMemoryConsentLog } from '../../../../services/adapters/memory/consent-log.ts';
import { makeMemoryIdempotency } from '../../../../services/adapters/memory/idempotency.ts';
import { makeMemoryStores } from '../../../../services/adapters/memory/stores.ts';
import { apiRoutes, type ApiParts } from '../../../../services/control/api/routes.ts';
import type { ApiRoute } from '../../../../services/core/api/route.ts';
import { type Caller, type Scope, SCOPES } from '../../../../services/core/api/scopes.ts';
import type { ConsentLog } from '../../../../services/core/ports.ts';

export const NOW = Date.UTC(2026, 5, 1);
export const SUBJECT = 'subject-4711@example.com';
/** As many as the routes have, and one that has no scope for anything else than its name says. */
export const TOKENS: Readonly<Record<string, readonly Scope[]>> = {
  all: SCOPES,
  reads: ['consents:read'],
  writes: ['consents:write'],
};

export type Asked = {
  readonly method?: string;
  readonly path: string;
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};
export type Said = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
};

export type TestApi = {
  /** A body that is text or bytes is sent as it is; `all` is the token. */
  readonly ask: (asked: Asked) => Promise<Said>;
  readonly log: ReturnType<typeof makeMemoryConsentLog>;
  readonly logged: readonly string[];
  readonly served: readonly ServedRequest[];
  readonly routes: readonly ApiRoute[];
  readonly document: Document;
  readonly close: () => Promise<void>;
};

export type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
};
export type Operation = {
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>
  >;
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: object } } };
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
};

export async function makeTestApi(
  change: Partial<ApiParts> & {
    readonly failing?: ConsentLog;
    readonly perMinute?: number;
    readonly extra?: readonly ApiRoute[];
  } = {},
): Promise<TestApi> {
  const { failing, perMinute = 1_000_000, extra = [], ...parts } = change;
  const log = makeMemoryConsentLog();
  const stores = makeMemoryStores(() => '');
  const logged: string[] = [];
  const served: ServedRequest[] = [];
  let ids = 0;
  const tokenOf = (subject: string): string => `token-of-${Buffer.from(subject).toString('hex').length}`;
  const append: ConsentLog['append'] = async (entries) => {
    const versions = await log.append(entries);
    await stores.consents.add(
      entries.map(({ token, event }, at) => ({ token, event: { ...event, version: versions[at]! } })),
    );
    return versions;
  };
  const routes = [
    ...apiRoutes({
      version: '1.0.0',
      keyring: {
        subjectTokens: (subject) => [tokenOf(subject)],
        pseudonym: (domain, text) => `${domain}-${Buffer.from(text).toString('base64url')}`,
      },
      log: failing ?? { append },
      partitionOf: async () => 0,
      eventAt: async ({ partition, offset }) => {
        const entry = partition === 0 ? log.entries[offset] : undefined;
        return entry === undefined ? null : { ...entry, appendedAt: NOW };
      },
      view: stores.consents,
      purposes: async () => new Set(['analytics', 'marketing']),
      effective: async () => true,
      idempotency: makeMemoryIdempotency(),
      now: () => NOW,
      newId: () => String(ids++),
      feeds: [],
      check: () => ({ ok: false }),
      authenticate: () => null,
      decodeTc: () => null,
      ...parts,
    }),
    ...extra,
  ];
  const note = (fields: object, message: string): void => void logged.push(JSON.stringify({ ...fields, message }));
  const app = await makeApi({
    routes,
    authenticate: (token): Caller | null => {
      const scopes = TOKENS[token];
      return scopes === undefined ? null : { name: token, scopes: new Set(scopes), perMinute: null };
    },
    perMinute,
    log: { debug: note, info: note, warn: note, error: note },
    observe: (request) => void served.push(request),
  });
  const described = await app.inject({ path: '/v1/openapi.json' });
  const document = described.json<Document>();
  const check = makeCheck(document, routes);
  return {
    log,
    logged,
    served,
    routes,
    document,
    ask: async ({ method = 'POST', path, token = 'all', body, headers = {} }) => {
      const response = await app.inject({
        method: method as 'POST',
        url: path,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
      });
      const said = {
        status: response.statusCode,
        headers: response.headers,
        body: (response.body === '' ? {} : response.json()) as Record<string, unknown>,
      };
      if (method !== 'HEAD') check(method, path, said);
      return said;
    },
    close: async () => {
      await app.close();
    },
  };
}

/** Throws where an answer is not among those that the document promises. */
function makeCheck(document: Document, routes: readonly ApiRoute[]): (method: string, url: string, said: Said) => void {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'urn:lethe:document', components: document.components });
  const compiled = new Map<object, ValidateFunction>();
  const problem = { $ref: 'urn:lethe:document#/components/schemas/Problem' };
  return (method, url, said) => {
    const path = url.split('?', 1)[0] ?? '';
    const route = routes.find(
      (each) => each.method === method && new RegExp(`^${each.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
    );
    const type = String(said.headers['content-type']).split(';', 1)[0] ?? '';
    if (said.headers['x-request-id'] === undefined) throw new Error(`${method} ${path}: no request id`);
    const operation = route === undefined ? undefined : document.paths[route.path]?.[method.toLowerCase()];
    const promised = operation?.responses[said.status]?.content[type]?.schema;
    if (operation !== undefined && promised === undefined) {
      throw new Error(`${method} ${path}: ${said.status} ${type} is not in the document`);
    }
    const schema = JSON.parse(
      JSON.stringify(promised ?? problem).replaceAll('"#/components', '"urn:lethe:document#/components'),
    ) as object;
    const key = promised ?? problem;
    const validate = compiled.get(key) ?? ajv.compile(schema);
    compiled.set(key, validate);
    if (!validate(said.body)) {
      throw new Error(
        `${method} ${path}: ${said.status} does not fit the document: ${ajv.errorsText(validate.errors)}`,
      );
    }
  };
}

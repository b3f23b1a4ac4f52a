/**
 * A route of the API as data: what is asked, what is answered, who may, and a function that does it. The server
 * (adapters/http) registers it and the OpenAPI document describes it, both from this, so that they cannot differ.
 */
import { type Answer, problem, type ProblemName, type Violation } from './problem.ts';
import type { Caller, Scope } from './scopes.ts';

/** JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a part of a request must look like. */
export type Shape<T> = {
  /** Violations hold nothing from the value. */
  readonly read: (
    value: unknown,
  ) => { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: readonly Violation[] };
  readonly jsonSchema: JsonSchema;
};

/** A request as the server hands it on: it may come, but nothing in it was looked at. */
export type Request = {
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
  /** The body's bytes, for signatures over them; empty without a body. */
  readonly rawBody: Uint8Array;
  readonly query: unknown;
  /** Decoded path parameters. */
  readonly params: Readonly<Record<string, string>>;
  /** By lower-case name; null where it is not sent. */
  readonly header: (name: string) => string | null;
  /** Null on routes without a scope. */
  readonly caller: Caller | null;
};

/** A request whose body and query have the shape of the route. */
export type Call<B, Q> = Omit<Request, 'body' | 'query'> & { readonly body: B; readonly query: Q };

type Described = { readonly description: string; readonly schema: JsonSchema };

/** What the OpenAPI document says of a route beside its method and path. */
export type RouteDocument = {
  /** Unique. */
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: Readonly<Record<string, Described>>;
  readonly headers?: Readonly<Record<string, Described>>;
  /** By status, of answers that are no problems. */
  readonly answers: Readonly<Record<number, Described & { readonly contentType?: string }>>;
  /** Problems of its own, beside those that every route has. */
  readonly problems?: readonly ProblemName[];
  /** OpenAPI's Callback Objects, by name: what Lethe sends elsewhere for it. */
  readonly callbacks?: Readonly<Record<string, JsonSchema>>;
};

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

export type RouteSpec<B, Q> = {
  readonly method: Method;
  /** With `{name}` for parameters. No subject id ever is one: paths are written into logs by everybody on the way. */
  readonly path: `/${string}`;
  /** Null: anybody may. */
  readonly scope: Scope | null;
  /** Bytes of the body. */
  readonly bodyLimit?: number;
  readonly body?: Shape<B>;
  readonly query?: Shape<Q>;
  readonly document: RouteDocument;
  readonly handle: (call: Call<B, Q>) => Promise<Answer>;
};

export type ApiRoute = Pick<RouteSpec<unknown, unknown>, 'method' | 'path' | 'scope' | 'document'> & {
  readonly bodyLimit: number;
  readonly bodySchema: JsonSchema | null;
  readonly querySchema: JsonSchema | null;
  /** Checks, then handles. Throws `unavailable` for outages; a bad request is an answer. */
  readonly serve: (request: Request) => Promise<Answer>;
};

const BODY_LIMIT = 256 * 1024;

/** A route whose handler is called with what it asked for, or not at all. */
export function route<B = undefined, Q = undefined>(spec: RouteSpec<B, Q>): ApiRoute {
  const { method, path, scope, document, body, query } = spec;
  return {
    method,
    path,
    scope,
    document,
    bodyLimit: spec.bodyLimit ?? BODY_LIMIT,
    bodySchema: body?.jsonSchema ?? null,
    querySchema: query?.jsonSchema ?? null,
    serve: async (request) => {
      const asked = query === undefined ? noQuery(request.query) : query.read(request.query);
      if (!asked.ok) return problem('invalid', 'The query of the URL is not valid.', { errors: asked.errors });
      if (body !== undefined && request.body === undefined) {
        return problem('malformed', 'A JSON body is needed (content-type: application/json).');
      }
      const given = body?.read(request.body);
      if (given?.ok === false) return problem('invalid', 'The body is not valid.', { errors: given.errors });
      return spec.handle({ ...request, body: given?.value as B, query: asked.value as Q });
    },
  };
}

function noQuery(query: unknown): ReturnType<Shape<undefined>['read']> {
  const empty = typeof query !== 'object' || query === null || Object.keys(query).length === 0;
  if (empty) return { ok: true, value: undefined };
  return { ok: false, errors: [{ pointer: '', detail: 'takes no query' }] };
}

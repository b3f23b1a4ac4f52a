/** The OpenAPI 3.1 document of routes. */
import { PROBLEMS, type ProblemName } from './problem.ts';
import type { ApiRoute, JsonSchema } from './route.ts';

const EVERYWHERE: readonly ProblemName[] = ['malformed', 'invalid', 'too_many_requests', 'internal', 'unavailable'];
const WITH_BODY: readonly ProblemName[] = ['too_large', 'unsupported_media_type'];
const WITH_SCOPE: readonly ProblemName[] = ['unauthorized', 'insufficient_scope'];

const PROBLEM_SCHEMA: JsonSchema = {
  type: 'object',
  description: 'A problem document (RFC 9457). Nothing in it repeats anything from the request.',
  required: ['type', 'title', 'status', 'detail', 'instance'],
  properties: {
    type: { type: 'string', format: 'uri', pattern: '^urn:lethe:problem:[a-z_]+$' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string' },
    instance: { type: 'string', description: 'The request id, as in X-Request-Id and in the log.' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'JSON Pointer into the body, or into the query.' },
          detail: { type: 'string' },
        },
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
};

/** @param version of Lethe. */
export function openApi(routes: readonly ApiRoute[], version: string): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  const tags = [...new Set(routes.map(({ document }) => document.tag))];
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lethe control API',
      version,
      description:
        'Consents of subjects and what follows from them. No subject id is ever part of a URL: URLs are written into the logs of everything on the way, so subjects travel in bodies.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: tags.map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: PROBLEM_SCHEMA },
      headers: { 'X-Request-Id': { description: 'Names this request in the log.', schema: { type: 'string' } } },
    },
  };
}

function operation({ scope, bodySchema, querySchema, document, method }: ApiRoute): JsonSchema {
  const { answers, problems = [], params = {}, headers = {}, callbacks } = document;
  const all = [
    ...EVERYWHERE,
    ...(bodySchema === null ? [] : WITH_BODY),
    ...(scope === null ? [] : WITH_SCOPE),
    ...problems,
  ];
  const parameters = [
    ...Object.entries(params).map(([name, described]) => ({ name, in: 'path', required: true, ...described })),
    ...Object.entries(headers).map(([name, described]) => ({ name, in: 'header', ...described })),
    ...queryParameters(querySchema),
  ];
  return {
    operationId: document.operationId,
    tags: [document.tag],
    summary: document.summary,
    ...(document.description === undefined ? {} : { description: document.description }),
    security: scope === null ? [] : [{ token: [scope] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(bodySchema === null || method === 'GET'
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: bodySchema } } } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, { description, schema, contentType = 'application/json' }]) => [
          status,
          { description, headers: REQUEST_ID, content: { [contentType]: { schema } } },
        ]),
      ),
      ...problemResponses(all),
    },
    ...(callbacks === undefined ? {} : { callbacks }),
  };
}

const REQUEST_ID = { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' } };

function problemResponses(names: readonly ProblemName[]): JsonSchema {
  const statuses = [...new Set(names.map((name) => PROBLEMS[name].status))];
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: [...new Set(names.filter((name) => PROBLEMS[name].status === status))]
          .map((name) => `\`${name}\`: ${PROBLEMS[name].title}.`)
          .join(' '),
        headers: REQUEST_ID,
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

function queryParameters(schema: JsonSchema | null): readonly JsonSchema[] {
  const properties = (schema?.['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = (schema?.['required'] ?? []) as readonly string[];
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

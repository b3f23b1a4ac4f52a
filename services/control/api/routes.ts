/** All routes of the API: a group is a file of its own, and a line here. */
import { openApi } from '../../core/api/openapi.ts';
import { type ApiRoute, type JsonSchema, route } from '../../core/api/route.ts';
import { consentRoutes } from './consent-routes.ts';
import { type FeedParts, feedRoutes } from './feed-routes.ts';
import type { ConsentParts } from './parts.ts';
import { receiptRoutes } from './receipt-routes.ts';
import { type RequestApi, requestRoutes } from './request-routes.ts';

/** What all groups need together. */
export type ApiParts = ConsentParts & FeedParts & { readonly version: string; readonly requests?: RequestApi };

export function apiRoutes(parts: ApiParts): readonly ApiRoute[] {
  const { requests } = parts;
  const groups = [
    ...consentRoutes(parts),
    ...receiptRoutes(parts),
    ...feedRoutes(parts),
    ...(requests === undefined ? [] : requestRoutes({ ...parts, requests })),
    // add groups here
  ];
  const document: { value: JsonSchema } = { value: {} };
  const routes = [...groups, documentRoute(document)];
  document.value = openApi(routes, parts.version);
  return routes;
}

function documentRoute(document: { readonly value: JsonSchema }): ApiRoute {
  return route({
    method: 'GET',
    path: '/v1/openapi.json',
    scope: null,
    document: {
      operationId: 'openApi',
      tag: 'about',
      summary: 'This document',
      answers: {
        200: {
          description: 'OpenAPI 3.1.',
          schema: { type: 'object', required: ['openapi'], properties: { openapi: { type: 'string' } } },
        },
      },
    },
    handle: async () => ({ status: 200, body: document.value }),
  });
}

/** `/v1/feeds/{feed}`: consents that a provider tells by itself. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Answer, problem } from '../../core/api/problem.ts';
import { type ApiRoute, type Call, type JsonSchema, route } from '../../core/api/route.ts';
import type { Caller, Scope } from '../../core/api/scopes.ts';
import type { Feed, FeedAuth } from '../../core/feeds/feed.ts';
import { readFeed } from '../../core/feeds/read-feed.ts';
import { type FedConsent, placed } from '../../core/feeds/reading.ts';
import type { TcDecoder } from '../../core/feeds/tcf.ts';
import { acceptEvents } from './accept-events.ts';
import { ACCEPTED_SCHEMA, waitShape } from './consent-shapes.ts';
import type { ConsentParts } from './parts.ts';
import { jsonSchemaOf, shape } from './shape.ts';

type SignedAuth = Exclude<FeedAuth, { readonly scheme: 'api_token' }>;

/** What feeds need of the outside. */
export type FeedParts = {
  readonly feeds: readonly Feed[];
  /** Whether a delivery is the provider's, and the id that its signature covers. */
  readonly check: (
    auth: SignedAuth,
    delivery: Pick<Call<unknown, unknown>, 'rawBody' | 'header'>,
    now: number,
  ) => { readonly ok: true; readonly id: string | null } | { readonly ok: false };
  /** Whose token of the API this is. */
  readonly authenticate: (token: string) => Caller | null;
  readonly decodeTc: TcDecoder;
};

const BODY_LIMIT = 1024 * 1024;
const ANYTHING = { read: (value: unknown) => ({ ok: true, value }) as const, jsonSchema: { type: 'object' } };

const accepted = ACCEPTED_SCHEMA as { readonly properties: object; readonly required: readonly string[] };
const ANSWER_SCHEMA: JsonSchema = {
  ...accepted,
  properties: {
    ...accepted.properties,
    ignored: { ...jsonSchemaOf(z.int().min(0)), description: 'Answers that the feed knowingly ignores.' },
  },
  required: [...accepted.required, 'ignored'],
};

export function feedRoutes(parts: ConsentParts & FeedParts): readonly ApiRoute[] {
  const feeds = new Map(parts.feeds.map((feed) => [feed.name, feed]));
  return [
    route({
      method: 'POST',
      path: '/v1/feeds/{feed}',
      // Providers prove themselves each in their own way: see `provenance`.
      scope: null,
      bodyLimit: BODY_LIMIT,
      body: ANYTHING,
      query: shape(waitShape),
      document: {
        operationId: 'feedDelivery',
        tag: 'feeds',
        summary: 'A delivery of a consent provider: taken as a whole, or not at all',
        description:
          'The feeds file says what the body looks like and how it is signed. Delivered again, it has the same answer and is taken once.',
        params: { feed: { description: 'Its name in the feeds file.', schema: { type: 'string' } } },
        headers: { 'Sec-GPC': { description: 'As the browser sent it, for GPC feeds.', schema: { type: 'string' } } },
        answers: {
          200: { description: 'Taken, and workers see it (`wait=effective`).', schema: ANSWER_SCHEMA },
          202: { description: 'Taken: the topic of consents has it for good.', schema: ANSWER_SCHEMA },
        },
        problems: [
          'unauthorized',
          'insufficient_scope',
          'not_found',
          'conflict',
          'unknown_purpose',
          'idempotency_key_reused',
        ],
      },
      handle: async (call) => {
        const feed = feeds.get(call.params['feed'] ?? '');
        if (feed === undefined) return problem('not_found', 'There is no feed of this name.');
        const now = parts.now();
        const sent = provenance(parts, feed.auth, call, now);
        if (!sent.ok) return sent.answer;
        const gpc = call.header('sec-gpc') === '1';
        const reading = readFeed(feed, { body: call.body, now, gpc }, parts.decodeTc);
        if (!reading.ok) return problem('invalid', 'Nothing of the delivery was taken.', { errors: reading.errors });
        const { consents, ignored } = reading;
        const said =
          consents.length === 0
            ? { status: 202, body: { accepted_at: new Date(now).toISOString(), effective: false, receipts: [] } }
            : await accept(parts, feed, call, idOf(sent.id, reading.id, call.rawBody), consents);
        return said.status < 300 ? { ...said, body: { ...(said.body as object), ignored } } : said;
      },
    }),
  ];
}

/** Once for each id of the provider's, whatever else of the delivery is new when it comes again. */
function accept(
  parts: ConsentParts,
  feed: Feed,
  call: Call<unknown, { readonly wait?: 'effective' }>,
  id: string,
  consents: readonly FedConsent[],
): Promise<Answer> {
  const scopes = new Set<Scope>(feed.mayErase ? ['consents:write', 'consents:erase'] : ['consents:write']);
  const offered = consents.map((consent) => ({
    subject: consent.subject,
    pointer: consent.pointer,
    event: (at: number) => placed(consent, at),
  }));
  const asked = {
    // No token has a name with a colon.
    caller: { name: `feed:${feed.name}`, scopes, perMinute: null },
    header: (name: string) => (name === 'idempotency-key' ? id : null),
    body: consents,
  };
  return acceptEvents(parts, asked, 'feed', offered, call.query.wait === 'effective');
}

/** What the provider calls the delivery, or else what is in it; hashed, since it may hold anything. */
function idOf(signed: string | null, told: string | null, rawBody: Uint8Array): string {
  const hash = createHash('sha256');
  if (signed !== null) hash.update(`signed ${signed}`);
  else if (told !== null) hash.update(`told ${told}`);
  else hash.update('body ').update(rawBody);
  return hash.digest('base64url');
}

function provenance(
  parts: FeedParts,
  auth: FeedAuth,
  call: Pick<Call<unknown, unknown>, 'rawBody' | 'header'>,
  now: number,
): { readonly ok: true; readonly id: string | null } | { readonly ok: false; readonly answer: Answer } {
  if (auth.scheme !== 'api_token') {
    const sent = parts.check(auth, call, now);
    // Which part of it was wrong helps none but who forges it.
    const headers = { 'www-authenticate': 'Signature realm="lethe"' };
    const detail = 'The delivery is not signed as the feed asks, or was signed over five minutes from now.';
    return sent.ok ? sent : { ok: false, answer: problem('unauthorized', detail, { headers }) };
  }
  const token = /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(call.header('authorization') ?? '')?.[1];
  const caller = token === undefined ? null : parts.authenticate(token);
  if (caller?.scopes.has('feeds:write') === true) return { ok: true, id: null };
  const realm = 'Bearer realm="lethe"';
  const answer =
    caller === null
      ? problem('unauthorized', 'Send "Authorization: Bearer TOKEN" with a token of the tokens file.', {
          headers: { 'www-authenticate': realm },
        })
      : problem('insufficient_scope', 'The scope feeds:write is needed.', {
          headers: { 'www-authenticate': `${realm}, error="insufficient_scope", scope="feeds:write"` },
        });
  return { ok: false, answer };
}

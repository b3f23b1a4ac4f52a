/** A provider's webhook on real Kafka and Redis: signed, taken once, and seen by whoever asks. */
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lethe } from '../../deploy/demo/processes.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { type Stack, startStack } from '../../deploy/local/stack.ts';
import { makeConsentEventCodec } from '../../services/adapters/avro-single-object/consent-events.ts';
import { makeApiToken } from '../../services/adapters/config/api-tokens.ts';
import { makeSubjectTokens } from '../../services/adapters/crypto/keyring.ts';
import { readKeys } from '../../services/adapters/crypto/keys.ts';
import { until } from '../stack/commands.ts';
import { needKcat, topicHolds } from '../stack/kcat.ts';
import { setUp, type Workbench } from '../stack/workbench.ts';

const SUBJECT = `canary-feeds-${process.pid}-${Date.now()}`;
const KEY = Buffer.alloc(32, 9);

let stack: Stack<'kafka' | 'redis'>;
let bench: Workbench;
let url: string;

beforeAll(async () => {
  await needKcat();
  stack = await startStack({ parts: ['kafka', 'redis'] });
  bench = await setUp(stack.env);
  const [tokens, feeds] = [join(bench.dir, 'tokens.yaml'), join(bench.dir, 'feeds.yaml')];
  writeFileSync(tokens, `${makeApiToken('nobody', ['consents:read']).line}\n`);
  writeFileSync(join(bench.dir, 'site.secret'), `whsec_${KEY.toString('base64')}\n`);
  const auth = '{ scheme: standard_webhooks, secret_files: [site.secret] }';
  writeFileSync(feeds, `feeds:\n  site:\n    kind: webhook\n    auth: ${auth}\n    region: DE\n`);
  const [port = 0] = await freePorts(1);
  url = `http://127.0.0.1:${port}`;
  await bench.control({ LETHE_API_TOKENS_FILE: tokens, LETHE_FEEDS_FILE: feeds, LETHE_API_PORT: String(port) });
  await until('the API is up', () =>
    fetch(`${url}/v1/openapi.json`).then(
      ({ ok }) => ok || null,
      () => null,
    ),
  );
});

afterAll(async () => {
  await bench?.end();
  await stack?.stop();
});

async function deliver(
  id: string,
  decision: string,
  key = KEY,
): Promise<{ status: number; body: { receipts?: unknown } }> {
  const event = { subject: SUBJECT, purpose: '*', decision, at: '2026-05-01T10:00:00Z', notice: id };
  const body = JSON.stringify({ events: [event] });
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${mac}`,
  };
  const response = await fetch(`${url}/v1/feeds/site?wait=effective`, { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as { receipts?: unknown } };
}

it('brings a withdrawal from the provider to the view, once, and nothing that is not signed', async () => {
  expect(await deliver('msg_grant', 'granted')).toMatchObject({ status: 200 });
  const [forged, first] = [
    await deliver('msg_forged', 'granted', Buffer.alloc(32)),
    await deliver('msg_end', 'withdrawn'),
  ];
  expect(forged.status).toBe(401);
  expect(first.status).toBe(200);
  expect(await deliver('msg_end', 'withdrawn')).toEqual(first);

  const state = JSON.parse(await lethe(['consent', 'get', SUBJECT], bench.env)) as { purposes: object };
  expect(state.purposes).toMatchObject({ '*': { decision: 'withdrawn', region: 'DE', source: 'feed:site' } });

  const [token] = makeSubjectTokens(readKeys(bench.env['LETHE_KEYS_FILE'] ?? ''))(SUBJECT);
  const codec = makeConsentEventCodec();
  const held = (await topicHolds(stack.kafka.endpoint, 'lethe.consent-events')).flatMap(({ value }) => {
    const decoded = value === null ? null : codec.decode(value);
    return decoded?.ok === true && decoded.entry.token === token ? [decoded.entry.event.notice] : [];
  });
  expect(held).toEqual(['msg_grant', 'msg_end']);
  expect(bench.logs()).not.toContain(SUBJECT);
});

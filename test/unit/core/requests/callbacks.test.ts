import { readFileSync } from 'node:fs';
import avro from 'avsc';
import fc from 'fast-check';
import nacl from 'tweetnacl';
import { describe, expect, it } from 'vitest';
import { schemaFingerprint } from '../../../../services/adapters/avro-single-object/fingerprint.ts';
import { makeRequestEventCodec } from '../../../../services/adapters/avro-single-object/requests.ts';
import { parseKeys } from '../../../../services/adapters/crypto/keys.ts';
import { makeSigner } from '../../../../services/adapters/crypto/signer.ts';
import {
  callbackBody,
  callbackHeaders,
  callbackStates,
  hostOf,
  isGivenUp,
  retryDelay,
} from '../../../../services/core/requests/callbacks.ts';
import {
  applyEvent,
  foldRequests,
  requestEvent,
  type SubjectRequest,
} from '../../../../services/core/requests/request.ts';
import { showRequest } from '../../../../services/core/requests/show.ts';
import { current, makeWorld, RECEIVED, run } from './world.ts';

const HOUR = 3_600_000;
const URLS = ['https://a.example/told?token=secret', 'https://b.example:8443/'];
const TOLD = { ...RECEIVED, callbacks: URLS };

const calledBack = (
  request: SubjectRequest,
  message: string,
  url: number,
  delivered: boolean,
  code: string | null = null,
) =>
  applyEvent(request, {
    coordinate: 'lethe.requests/0/99',
    event: requestEvent({ id: 'r-1', kind: 'called_back', at: 5, code, callback: { message, url, delivered } }),
  })!;

describe('the changes that are told', () => {
  it('are the first time of each status, named by the place of the event', async () => {
    const world = makeWorld(TOLD);
    const done = await run(world);
    const completed = world.events.length - 1;
    expect(done.changes).toEqual([
      { message: 'r-1_0', status: 'pending', at: 1000 },
      { message: 'r-1_1', status: 'in_progress', at: 2000 },
      { message: `r-1_${completed}`, status: 'completed', at: 2000 },
    ]);
    // Whoever hears an event twice, or set back, names nothing anew.
    expect([...foldRequests([...world.events, ...world.events]).values()][0]?.changes).toEqual(done.changes);
  });

  it('do not say that a request begins again where it is set back', () => {
    const place = (offset: number, said: object) => ({
      coordinate: `lethe.requests/0/${offset}`,
      event: requestEvent({ id: 'r-1', kind: 'rewound', at: offset, ...said }),
    });
    let request = current(makeWorld(TOLD));
    request = applyEvent(request, place(1, { kind: 'step_done', step: 'mark' }))!;
    request = applyEvent(request, place(2, { kind: 'rewound', step: 'mark' }))!;
    expect(showRequest(request, 9).request_status).toBe('pending');
    request = applyEvent(request, place(3, { kind: 'step_done', step: 'mark' }))!;
    expect(request.changes.map(({ message, status }) => [message, status])).toEqual([
      ['r-1_0', 'pending'],
      ['r-1_1', 'in_progress'],
    ]);
  });

  it('say that it was taken back', () => {
    const event = requestEvent({ id: 'r-1', kind: 'cancelled', at: 7 });
    const request = applyEvent(current(makeWorld(TOLD)), { coordinate: 'lethe.requests/0/4', event })!;
    expect(request.changes.at(-1)).toEqual({ message: 'r-1_4', status: 'cancelled', at: 7 });
    expect(callbackBody(request, request.changes.at(-1)!)).toMatchObject({
      request_status: 'cancelled',
      completed_time: '1970-01-01T00:00:00.007Z',
    });
  });
});

describe('what became of a callback', () => {
  it('counts after the end of the request too, for its change and its URL alone', async () => {
    const done = calledBack(await run(makeWorld(TOLD)), 'r-1_1', 1, true);
    expect(done.status).toBe('completed');
    const states = callbackStates(done);
    expect(states).toHaveLength(6);
    expect(states.filter(({ state }) => state !== 'waiting').map(({ url, change }) => [url, change.status])).toEqual([
      [URLS[1], 'in_progress'],
    ]);
  });

  it('is that it arrived, where one process told it and another gave it up', () => {
    const begun = current(makeWorld(TOLD));
    const given = calledBack(begun, 'r-1_0', 0, false, 'status_500');
    expect(callbackStates(given)[0]).toMatchObject({ state: 'given_up', reason: 'status_500' });
    for (const both of [
      calledBack(given, 'r-1_0', 0, true),
      calledBack(calledBack(begun, 'r-1_0', 0, true), 'r-1_0', 0, false, 'x'),
    ]) {
      expect(callbackStates(both)[0]).toMatchObject({ state: 'delivered', reason: null });
      expect(both.calledBack).toHaveLength(1);
    }
  });

  it('is shown with the host alone', () => {
    const shown = showRequest(calledBack(current(makeWorld(TOLD)), 'r-1_0', 1, false, 'timeout'), 9);
    expect(shown.callbacks).toEqual([
      {
        host: 'a.example',
        request_status: 'pending',
        event_time: '1970-01-01T00:00:01.000Z',
        state: 'waiting',
        reason: null,
      },
      {
        host: 'b.example:8443',
        request_status: 'pending',
        event_time: '1970-01-01T00:00:01.000Z',
        state: 'given_up',
        reason: 'timeout',
      },
    ]);
    expect(JSON.stringify(shown)).not.toContain('secret');
    expect(hostOf('https://user@a.example/')).toBe('');
  });

  it('is read back as it was written', () => {
    const codec = makeRequestEventCodec();
    const event = requestEvent({
      id: 'r-1',
      kind: 'called_back',
      at: 5,
      callback: { message: 'r-1_0', url: 4, delivered: true },
    });
    for (const one of [event, requestEvent({ id: 'r-1', kind: 'received', at: 1, received: TOLD })]) {
      const read = codec.decode(codec.encode(one));
      expect(read.ok && JSON.parse(JSON.stringify(read.event))).toEqual(one);
    }
  });
});

it('events from before there were callbacks are read', async () => {
  const schema = JSON.parse(
    readFileSync(new URL('../../../../schemas/requests/event-1.avsc', import.meta.url), 'utf8'),
  );
  const type = avro.Type.forSchema(schema, { wrapUnions: false });
  const world = makeWorld();
  await run(world);
  const codec = makeRequestEventCodec();
  for (const { event } of world.events) {
    const { callback: _, received, ...old } = event;
    const { callbacks: __, ...before } = received ?? { callbacks: [] };
    const header = Buffer.alloc(10);
    header.writeUInt16BE(0xc301, 0);
    header.writeBigUInt64LE(schemaFingerprint(schema), 2);
    const bytes = Buffer.concat([header, type.toBuffer({ ...old, received: received === null ? null : before })]);
    const read = codec.decode(bytes);
    expect(read.ok && JSON.parse(JSON.stringify(read.event))).toEqual(event);
  }
});

describe('what is sent', () => {
  it('names neither the subject nor a token or key of it, and says the same each time', async () => {
    const done = await run(makeWorld(TOLD));
    const [first] = done.changes;
    const body = callbackBody(done, first!);
    expect(body).toEqual({
      subject_request_id: 'r-1',
      subject_request_type: 'erasure',
      request_status: 'pending',
      received_time: '1970-01-01T00:00:01.000Z',
      expected_completion_time: '1970-01-31T00:00:01.000Z',
      completed_time: null,
      regime: 'gdpr',
      event_time: '1970-01-01T00:00:01.000Z',
    });
    expect(callbackBody(current(makeWorld(TOLD)), first!)).toEqual(body);
    for (const { message } of done.changes) expect(message).not.toContain('.');
    const all = JSON.stringify(done.changes.map((change) => callbackBody(done, change)));
    expect(all).not.toMatch(/token|key-|secret|clean\.|raw\./);
  });

  it('is signed as Standard Webhooks says, so that another library can check it with the public key', () => {
    const seed = Buffer.alloc(32, 7);
    const keys = parseKeys(JSON.stringify({ checkpoint: seed.toString('base64') }), 'keys.json');
    const { publicKey } = nacl.sign.keyPair.fromSeed(seed);
    const body = '{"request_status":"completed","ü":1}';
    const headers = callbackHeaders('r-1_7', body, makeSigner(keys).sign, 1_700_000_000_999);
    expect(headers).toMatchObject({ 'webhook-id': 'r-1_7', 'webhook-timestamp': '1700000000' });
    const [version, signature] = (headers['webhook-signature'] ?? '').split(',');
    expect(version).toBe('v1a');
    const good = (text: string): boolean =>
      nacl.sign.detached.verify(Buffer.from(text), Buffer.from(signature ?? '', 'base64'), publicKey);
    expect(good(`r-1_7.1700000000.${body}`)).toBe(true);
    expect(good(`r-1_8.1700000000.${body}`)).toBe(false);
    expect(good(`r-1_7.1700000001.${body}`)).toBe(false);
    expect(good(`r-1_7.1700000000.${body} `)).toBe(false);
  });
});

describe('a try that failed', () => {
  it('is made again after pauses that double, half of them random, never over an hour', () => {
    expect([1, 2, 3, 4].map((failures) => retryDelay(failures, 0))).toEqual([500, 1_000, 2_000, 4_000]);
    expect([1, 2, 3, 4].map((failures) => retryDelay(failures, 1))).toEqual([1_000, 2_000, 4_000, 8_000]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const delay = retryDelay(failures, random);
        expect(delay).toBeGreaterThanOrEqual(500);
        expect(delay).toBeLessThanOrEqual(HOUR);
      }),
    );
  });

  it('is the last after 24 hours, or where the receiver wants no more', () => {
    const change = { message: 'r-1_0', status: 'pending', at: 1_000 } as const;
    expect(isGivenUp(change, 'status_500', 1_000 + 24 * HOUR - 1)).toBe(false);
    expect(isGivenUp(change, 'status_500', 1_000 + 24 * HOUR)).toBe(true);
    expect(isGivenUp(change, 'status_410', 1_001)).toBe(true);
  });
});

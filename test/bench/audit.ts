/**
 * What the audit trail costs: the time to fold the decisions of a batch into a segment, chain it and encode it, per
 * record, with the example policy and consents of every kind. One process, no server.
 */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { makeConsents } from '../../deploy/demo/consents.ts';
import { makeOrders } from '../../deploy/demo/events.ts';
import { makeSegmentCodec } from '../../services/adapters/avro-single-object/audit-segments.ts';
import { loadBundle } from '../../services/adapters/config/load.ts';
import { sha256Hex } from '../../services/adapters/crypto/digest.ts';
import { makeKeyring } from '../../services/adapters/crypto/keyring.ts';
import { parseKeys } from '../../services/adapters/crypto/keys.ts';
import { makeJsonCodec } from '../../services/core/apply/json/json-codec.ts';
import { makeSegmentBuilder } from '../../services/core/audit/segment-builder.ts';
import { GENESIS } from '../../services/core/audit/segment.ts';
import type { ConsentEvent } from '../../services/core/consent-event.ts';
import { parseConsentLine } from '../../services/core/consent-file.ts';
import { consentStateOf } from '../../services/core/decide/consent-state.ts';
import { makeEngine } from '../../services/core/engine.ts';
import { median } from './figures.ts';

const CUSTOMERS = 5_000;
/** About what a worker gets in one batch of these records. */
const RECORDS = 2_000;

/** Microseconds per record. */
export async function benchAudit(rounds: number): Promise<number> {
  const now = Date.now();
  const loaded = await loadBundle(fileURLToPath(new URL('../../config', import.meta.url)));
  if (!loaded.ok) throw new Error('the example configuration does not compile');
  const route = loaded.compiled.routes.find(({ format }) => format === 'json');
  if (route === undefined) throw new Error('the example configuration has no JSON route');
  const { plan } = route;
  const key = (): string => randomBytes(32).toString('base64');
  const keyring = makeKeyring(
    parseKeys(JSON.stringify({ subject: key(), pseudonym: key(), dead_letter: key() }), 'keys.json'),
  );
  const consents = new Map<string, ConsentEvent[]>();
  makeConsents(CUSTOMERS, now).forEach((text, version) => {
    const line = parseConsentLine(text);
    if (!line.ok) throw new Error(line.message);
    consents.set(line.subject, [...(consents.get(line.subject) ?? []), { ...line.event, version }]);
  });
  const order = makeOrders({ seed: 1, customers: CUSTOMERS, now });
  const values = Array.from({ length: RECORDS }, (_, index) => Buffer.from(order(index).value));

  const codec = makeJsonCodec(plan, keyring);
  await codec.begin(values);
  const engine = makeEngine({ keyring }).begin({ codec, now });
  const decisions = values.map((value) => {
    const decoded = codec.decode(value, now, now);
    if (!decoded.ok) throw new Error(decoded.poison.code);
    const { record } = decoded;
    return engine.evaluate(record, {}, consentStateOf(consents.get(record.subject) ?? []));
  });

  const { encode } = makeSegmentCodec();
  const head = { topic: plan.topic, partition: 0, bundle: 'bench', watermark: null, decidedAt: now };
  const outputs = plan.outputs.map(({ topic }) => topic);
  const times: number[] = [];
  for (let round = -20; round < rounds; round++) {
    const started = performance.now();
    const builder = makeSegmentBuilder({ ...head, outputs, previous: GENESIS });
    for (let offset = 0; offset < RECORDS; offset++) builder.add(offset, decisions[offset]!);
    encode(builder.finish(sha256Hex));
    if (round >= 0) times.push(((performance.now() - started) / RECORDS) * 1000);
  }
  return median(times);
}

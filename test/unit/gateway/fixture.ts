/** A pipeline over in-memory stores, with a small configuration of its own. */
import { digestFiles } from '../../../services/adapters/config/digest.ts';
import { compileBundle } from '../../../services/adapters/config/load.ts';
import { sha256Hex } from '../../../services/adapters/crypto/digest.ts';
import { makeKeyring } from '../../../services/adapters/crypto/keyring.ts';
import { generateKeys, parseKeys } from '../../../services/adapters/crypto/keys.ts';
import { makeSealer } from '../../../services/adapters/crypto/sealer.ts';
import { makeMemoryStores } from '../../../services/adapters/memory/stores.ts';
import { makeJsonCodec } from '../../../services/core/apply/json/json-codec.ts';
import type { DataKeyStore, KeyWrapper } from '../../../services/core/data-key.ts';
import type { RecordCodec } from '../../../services/core/apply/codec.ts';
import type { AuditSegment } from '../../../services/core/audit/segment.ts';
import type { ConsentEvent } from '../../../services/core/consent-event.ts';
import { makeEngine } from '../../../services/core/engine.ts';
import type { Log } from '../../../services/core/log.ts';
import type { CompiledBundle } from '../../../services/core/policy/plan.ts';
import type { Bundle } from '../../../services/core/ports.ts';
import type { RawBatch, TopicFacts } from '../../../services/core/transport.ts';
import { makeBundles } from '../../../services/gateway/bundles.ts';
import type { BatchCounts } from '../../../services/gateway/measures.ts';
import { makeCipherMaker, newDataKey } from '../../../services/adapters/crypto/envelope.ts';
import { makeFileWrapper } from '../../../services/adapters/crypto/file-wrapper.ts';
import { makeDataKeys } from '../../../services/gateway/data-keys.ts';
import { makePipeline } from '../../../services/gateway/pipeline.ts';
import { makeShadows } from '../../../services/gateway/shadows.ts';

export const NOW = Date.UTC(2026, 2, 1);

const FILES: Readonly<Record<string, string>> = {
  'taxonomy.yaml': 'categories: { system: {}, user: {}, user.unique_id: {}, user.contact.email: {} }\n',
  'purposes.yaml': 'purposes: { analytics: { basis: { default: consent }, retention: { default: P365D } } }\n',
  'regimes.yaml': 'regimes: { gdpr: [DE] }\ndefault: gdpr\n',
};

const POLICY = (emailRule: string): string => `
route: events
from: { topic: raw.events, format: json }
subject: id
time: at
fields: { id: user.unique_id, at: system, email: user.contact.email }
outputs:
  - topic: clean.keyed
    purpose: analytics
    rules:
      - { select: system, action: keep }
      - { select: user.contact.email, ${emailRule} }
  - topic: clean.unkeyed
    purpose: analytics
    key: none
    rules: [{ select: system, action: keep }]
`;

/** @param change of the policy's text, or of another file's. */
export function bundleOf(emailRule: string, change: (text: string, file: string) => string = (text) => text): Bundle {
  const all = Object.entries({ ...FILES, 'policies/events.yaml': POLICY(emailRule) });
  const files = Object.fromEntries(all.map(([file, text]) => [file, change(text, file)]));
  return { digest: digestFiles(files), files };
}

export const MASKING = bundleOf('action: mask, mask: email');
export const DROPPING = bundleOf('action: drop');

export type SetUpOptions = {
  readonly maxMessageBytes?: number;
  readonly maxStalenessMs?: number;
  /** How long a segment comes out; 1 by default. */
  readonly encodedBytes?: (segment: AuditSegment) => number;
  /** False: the view cannot tell whether it changed, as a cluster. */
  readonly stamped?: boolean;
  /** Told of each look-up; may throw. */
  readonly asked?: (tokens: readonly string[]) => void;
  /** In place of the store's. */
  readonly mint?: DataKeyStore['mint'];
  readonly wrapper?: KeyWrapper | null;
  /** In place of reading the candidate from the store. */
  readonly readShadow?: (digest: string) => Promise<Bundle | null>;
  /** Around each codec of the candidate. */
  readonly shadowCodec?: (codec: RecordCodec) => RecordCodec;
};

export async function setUp(options: SetUpOptions = {}) {
  const keys = parseKeys(generateKeys(), 'keys.json');
  const keyring = makeKeyring(keys);
  const stores = makeMemoryStores(digestFiles);
  await stores.bundles.activate(MASKING);
  const loads: string[] = [];
  let shadowReads = 0;
  const compile = (bundle: Bundle): CompiledBundle => {
    const result = compileBundle(bundle);
    if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('; '));
    return result.compiled;
  };
  const bundles = makeBundles({
    store: stores.bundles,
    compile,
    makeCodec: (route) => makeJsonCodec(route.plan, keyring),
    loaded: (result, digest) => loads.push(`${result} ${digest}`),
  });
  const used: (string | null)[] = [];
  const warned: string[] = [];
  const log: Log = { debug: () => {}, info: () => {}, error: () => {}, warn: (_, text) => void warned.push(text) };
  let clock = NOW;
  let wall = NOW;
  const propagations: number[] = [];
  const shadows = makeShadows({
    store: {
      read: async (digest) => {
        shadowReads++;
        return options.readShadow === undefined ? stores.bundles.read(digest) : options.readShadow(digest);
      },
    },
    compile,
    makeCodec: (route) => (options.shadowCodec ?? ((codec: RecordCodec) => codec))(makeJsonCodec(route.plan, keyring)),
    using: (digest) => used.push(digest),
    log,
    now: () => clock,
    sleep: () => new Promise((resolve) => setTimeout(resolve, 5)),
  });
  const segments: AuditSegment[] = [];
  const counts: BatchCounts[] = [];
  let lookUps = 0;
  const handler = makePipeline({
    bundles,
    bundleStore: stores.bundles,
    shadows,
    consents: {
      ...stores.consents,
      load: async (tokens, what) => {
        lookUps++;
        options.asked?.(tokens);
        const snapshot = await stores.consents.load(tokens, what);
        return options.stamped === false ? { ...snapshot, stamp: null } : snapshot;
      },
    },
    dataKeys: makeDataKeys({
      store: { mint: options.mint ?? stores.dataKeys.mint },
      wrapper: options.wrapper === undefined ? makeFileWrapper(keys) : options.wrapper,
      newKey: newDataKey,
      makeCipher: makeCipherMaker(keys),
    }),
    keyring,
    sealer: makeSealer(keys),
    engine: makeEngine({ keyring }),
    topic: async (): Promise<TopicFacts> => ({ partitions: 3, maxMessageBytes: options.maxMessageBytes ?? 1_000_000 }),
    encodeSegment: (segment) => {
      segments.push(segment);
      return new Uint8Array(options.encodedBytes?.(segment) ?? 1);
    },
    hashText: sha256Hex,
    measures: {
      stage: () => undefined,
      viewAge: () => undefined,
      batch: (one) => counts.push(one),
      propagation: (seconds) => propagations.push(seconds),
    },
    now: () => wall,
    seconds: () => 0,
    maxStalenessMs: options.maxStalenessMs ?? 60_000,
  });
  const consent = (subject: string, decision: ConsentEvent['decision'], version: number) => ({
    token: keyring.subjectTokens(subject)[0]!,
    event: {
      ...{ purpose: 'analytics', decision, at: NOW - 1000, version, region: null, recipients: [], method: null },
      ...{ notice: null, source: null, expires: null },
    },
  });
  return {
    ...{ handler, stores, keys, keyring, segments, counts, loads, consent, shadows, used, warned, propagations },
    /** Sets the wall clock of the pipeline. */
    setNow: (now: number) => {
      wall = now;
    },
    lookUps: () => lookUps,
    shadowReads: () => shadowReads,
    pass: (milliseconds: number) => {
      clock += milliseconds;
    },
  };
}

export const context = (metadata: string | null = null) => ({ metadata, heartbeat: async () => undefined });

/** A batch of raw.events, partition 4; values are JSON texts, null for a tombstone. */
export function batchOf(values: readonly (string | null)[], first = 10, start = first): RawBatch {
  return {
    topic: 'raw.events',
    partition: 4,
    startOffset: start,
    records: values.map((value, index) => ({
      offset: first + index,
      timestamp: NOW - 500,
      key: Buffer.from('cust-1'),
      value: value === null ? null : Buffer.from(value),
      headers: {},
    })),
    nextOffset: first + values.length,
    highWatermark: first + values.length,
  };
}

export const record = (id: string, email = `${id}@example.com`): string =>
  JSON.stringify({ id, at: NOW - 60_000, email, undeclared: 'x' });

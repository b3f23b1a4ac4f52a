/**
 * The Avro engine (decode and apply of one output) against the usual way: avsc reads the whole record, the values are
 * changed by the same functions, avsc writes what is left. A third way, avsc reading by a schema of what is declared
 * alone so that it skips the rest, is shown beside. One process, interleaved rounds, medians. Alone:
 * `node test/bench/engine-avro.ts`.
 */
import { randomBytes } from 'node:crypto';
import avro from 'avsc';
import { makeAvroCodec } from '../../services/adapters/avro/codec.ts';
import { makeKeyring } from '../../services/adapters/crypto/keyring.ts';
import { parseKeys } from '../../services/adapters/crypto/keys.ts';
import { makeMemorySchemaRegistry } from '../../services/adapters/memory/schema-registry.ts';
import type { Scalar } from '../../services/core/apply/action.ts';
import { makeTransform } from '../../services/core/apply/make-transform.ts';
import { makeVariants } from '../../services/core/decide/variants.ts';
import { compile } from '../../services/core/policy/compile.ts';
import type { Located } from '../../services/core/policy/document.ts';
import type { Action } from '../../services/core/policy/plan.ts';

/** Few records a round and many rounds: what else the machine does falls on all ways alike. */
const RECORDS = 400;
const ROUNDS = 101;
const WARM_UP = 20;
const NOW = Date.UTC(2026, 0, 15);

const nullable = (name: string, type: unknown) => ({ name, type: ['null', type], default: null });
const record = (name: string, fields: readonly object[]) => ({ type: 'record', name, fields });
const strings = (...names: string[]) => names.map((name) => ({ name, type: 'string' }));

/** A click as trackers send it: a few fields that analytics needs among many that it does not. */
const RAW = {
  ...record('Click', [
    ...strings('event_id', 'session_id', 'schema_version'),
    { name: 'occurred_at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'received_at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    {
      name: 'visitor',
      type: record('Visitor', [
        ...strings('id', 'cookie', 'fingerprint'),
        nullable('email', 'string'),
        nullable('phone', 'string'),
        { name: 'ip', type: 'string' },
        { name: 'user_agent', type: 'string' },
        nullable('birth_date', 'string'),
      ]),
    },
    {
      name: 'page',
      type: record('Page', [
        ...strings('path', 'title', 'referrer', 'query', 'language'),
        { name: 'scroll', type: 'int' },
        { name: 'load_ms', type: 'int' },
      ]),
    },
    {
      name: 'interactions',
      type: {
        type: 'array',
        items: record('Interaction', [
          { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['CLICK', 'SCROLL', 'INPUT'] } },
          ...strings('element', 'text'),
          { name: 'x', type: 'int' },
          { name: 'y', type: 'int' },
          { name: 'at', type: 'long' },
        ]),
      },
    },
    { name: 'experiments', type: { type: 'map', values: 'string' } },
    nullable('cart_value', 'double'),
    ...strings('tracker_version', 'client_hints', 'debug', 'consent_string', 'ad_id', 'partner_ids'),
    { name: 'viewport', type: { type: 'array', items: 'int' } },
  ]),
  namespace: 'shop.clicks',
};

const FIELDS = {
  event_id: 'system',
  occurred_at: 'system',
  'visitor.id': 'user.unique_id',
  'visitor.email': 'user.contact.email',
  'visitor.ip': 'user.device.ip_address',
  'page.path': 'user.behavior',
  'page.title': 'user.behavior',
  'page.load_ms': 'system',
  'interactions[].kind': 'user.behavior',
  'interactions[].element': 'user.behavior',
  'interactions[].at': 'user.behavior',
  'experiments.*': 'system',
  cart_value: 'user.behavior',
};

function located<T>(file: string, value: T): Located<T> {
  return { file, value, at: () => ({ file, line: 1, col: 1 }) };
}

function makeRoute() {
  const result = compile({
    taxonomy: located('taxonomy.yaml', {
      categories: Object.fromEntries(['user', ...new Set(Object.values(FIELDS))].map((name) => [name, {}])),
    }),
    purposes: located('purposes.yaml', {
      purposes: { analytics: { basis: { default: 'consent' as const }, retention: { default: 'P365D' } } },
    }),
    regimes: located('regimes.yaml', { regimes: { gdpr: ['DE'] }, default: 'gdpr' }),
    policies: [
      located('policies/clicks.yaml', {
        route: 'clicks',
        from: { topic: 'raw.clicks', format: 'avro' as const },
        subject: 'visitor.id',
        time: 'occurred_at',
        fields: FIELDS,
        outputs: [
          {
            topic: 'clean.clicks',
            purpose: 'analytics',
            rules: [
              { select: 'system', action: 'keep' },
              { select: 'user.behavior', action: 'keep' },
              { select: 'user.unique_id', action: 'pseudonymize' },
              { select: 'user.contact.email', action: 'mask', mask: 'email' },
              { select: 'user.device.ip_address', action: 'truncate_ip', ipv4: 24, ipv6: 48 },
              { select: 'cart_value', action: 'generalize', step: 10 },
            ],
          },
        ],
      }),
    ],
    schemas: {},
  });
  const route = result.ok ? result.bundle.routes[0] : undefined;
  if (route === undefined) throw new Error('the policy of the bench does not compile');
  return route;
}

type Click = {
  event_id: string;
  occurred_at: number;
  visitor: { id: string; email: string | null; ip: string };
  page: { path: string; title: string; load_ms: number };
  interactions: { kind: string; element: string; at: number }[];
  experiments: Record<string, string>;
  cart_value: number | null;
};

function rawClick(n: number): Click & Record<string, unknown> {
  const id = (length: number) => `${n}-${'0123456789abcdef'.repeat(4)}`.slice(0, length);
  return {
    event_id: id(36),
    session_id: id(32),
    schema_version: '4.2.1',
    occurred_at: NOW - n,
    received_at: NOW - n + 250,
    visitor: {
      id: `cust-${n % 500}`,
      cookie: id(48),
      fingerprint: id(64),
      email: n % 3 === 0 ? null : `user${n % 500}@example.com`,
      phone: n % 2 === 0 ? null : '+49 30 5550000',
      ip: `192.0.2.${n % 250}`,
      user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36',
      birth_date: '1984-05-12',
    } as Click['visitor'],
    page: {
      path: `/shop/categories/${n % 40}/products/${n % 900}`,
      title: `Product ${n % 900} – Größe M`,
      referrer: `https://search.example/?q=product+${n}&utm_source=newsletter&utm_campaign=winter`,
      query: `ref=${n}&session=${id(32)}`,
      language: 'de-DE',
      scroll: n % 4000,
      load_ms: n % 1800,
    } as Click['page'],
    interactions: Array.from({ length: 3 }, (_, i) => ({
      kind: ['CLICK', 'SCROLL', 'INPUT'][i] ?? 'CLICK',
      element: `button#buy-${i}`,
      text: 'free text that somebody typed',
      x: 100 * i,
      y: 40 * i,
      at: NOW - n + i,
    })),
    experiments: { checkout: 'b', ranking: 'v12', banner: 'off' },
    cart_value: n % 4 === 0 ? null : n * 1.37,
    tracker_version: '9.1.0',
    client_hints: '"Chromium";v="126", "Not/A)Brand";v="8"',
    debug: id(60),
    consent_string: `CP${id(60)}`,
    ad_id: id(36),
    partner_ids: 'p1:abc,p2:def,p3:ghi',
    viewport: [1920, 1080],
  };
}

/** What the usual way does with a record once it is read: the same work, the same functions. */
function makeSanitize(keyring: ReturnType<typeof makeKeyring>) {
  const made = (action: Exclude<Action, { kind: 'keep' | 'drop' | 'nullify' }>) => {
    const transform = makeTransform(action, keyring);
    return (kind: Scalar['kind'], text: string): string => {
      const changed = transform({ kind, text });
      if (changed === null) throw new Error('the bench has a value that an action cannot handle');
      return changed.text;
    };
  };
  const pseudonym = made({ kind: 'pseudonymize', domain: 'analytics' });
  const mask = made({ kind: 'mask', mask: { style: 'email' } });
  const ip = made({ kind: 'truncate_ip', ipv4: 24, ipv6: 48 });
  const step = made({ kind: 'generalize', by: { how: 'step', step: '10' } });
  return ({ event_id, occurred_at, visitor, page, interactions, experiments, cart_value }: Click) => ({
    event_id,
    occurred_at,
    visitor: {
      id: pseudonym('string', visitor.id),
      email: visitor.email === null ? null : mask('string', visitor.email),
      ip: ip('string', visitor.ip),
    },
    page: { path: page.path, title: page.title, load_ms: page.load_ms },
    interactions: interactions.map(({ kind, element, at }) => ({ kind, element, at })),
    experiments,
    cart_value: cart_value === null ? null : Number(step('number', String(cart_value))),
  });
}

export type AvroBench = {
  /** Records a second. */
  readonly engine: number;
  readonly avsc: number;
  readonly avscSkipping: number;
  /** Engine by avsc. */
  readonly ratio: number;
  readonly ratioSkipping: number;
};

/** Runs it; the outputs of all ways are compared first. */
export async function benchEngineAvro(rounds: number = ROUNDS): Promise<AvroBench> {
  const key = randomBytes(32).toString('base64');
  const keyring = makeKeyring(
    parseKeys(JSON.stringify({ subject: key, pseudonym: key, dead_letter: key }), 'keys.json'),
  );
  const route = makeRoute();
  const registry = makeMemorySchemaRegistry();
  const rawType = avro.Type.forSchema(RAW as unknown as avro.Schema);
  const id = await registry.register('raw.clicks-value', JSON.stringify(RAW));
  const codec = makeAvroCodec({ route, registry, keyring, outputSchemaId: registry.register });
  const head = Buffer.from([0, 0, 0, 0, id]);
  const values = Array.from({ length: RECORDS }, (_, n) => Buffer.concat([head, rawType.toBuffer(rawClick(n))]));

  await codec.begin(values);
  const plan = route.plan;
  const [output] = plan.outputs;
  if (output === undefined) throw new Error('no output');
  const variant = makeVariants(plan, output).pick(true, false, 0);
  const tally = new Uint32Array(plan.leaves.length);
  const engine = (value: Buffer): Uint8Array => {
    const decoded = codec.decode(value, NOW, NOW);
    const applied = decoded.ok ? codec.apply(decoded.record, output, variant, tally) : decoded;
    if (!applied.ok) throw new Error(applied.poison.code);
    return applied.value;
  };

  const first = values[1] ?? head;
  const outText = (await registry.schemaById(Buffer.from(engine(first)).readUInt32BE(1))) ?? '';
  const outType = avro.Type.forSchema(JSON.parse(outText));
  const sanitize = makeSanitize(keyring);
  const publish = (click: Click): Buffer => Buffer.concat([head, outType.toBuffer(sanitize(click))]);
  const whole = (value: Buffer): Uint8Array => publish(rawType.fromBuffer(value.subarray(5)) as Click);
  const declared = avro.Type.forSchema(declaredOnly() as unknown as avro.Schema);
  const resolver = declared.createResolver(rawType);
  const skipping = (value: Buffer): Uint8Array => publish(declared.fromBuffer(value.subarray(5), resolver) as Click);

  for (const value of values.slice(0, 50)) {
    const expected = Buffer.from(whole(value)).subarray(5);
    for (const way of [engine, skipping]) {
      if (!Buffer.from(way(value)).subarray(5).equals(expected)) throw new Error('the ways do not do the same');
    }
  }

  const ways = [engine, whole, skipping];
  const rates: number[][] = ways.map(() => []);
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const [index, way] of ways.entries()) {
      await codec.begin(values);
      const started = process.hrtime.bigint();
      for (const value of values) way(value);
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      if (round >= 0) rates[index]?.push(RECORDS / seconds);
    }
  }
  const [byEngine = [], byAvsc = [], bySkipping = []] = rates;
  /** Round by round, so that a busy moment of the machine is on both sides. */
  const ratioTo = (others: readonly number[]): number =>
    median(byEngine.map((rate, round) => rate / (others[round] ?? Number.NaN)));
  return {
    engine: median(byEngine),
    avsc: median(byAvsc),
    avscSkipping: median(bySkipping),
    ratio: ratioTo(byAvsc),
    ratioSkipping: ratioTo(bySkipping),
  };
}

/** The raw schema without what the policy does not declare. */
function declaredOnly(): unknown {
  const kept = (name: string, fields: readonly { name: string; type: unknown }[], path: string): object => ({
    ...record(
      name,
      fields.flatMap((field) => {
        const here = path + field.name;
        const beneath = Object.keys(FIELDS).some(
          (other) => other.startsWith(`${here}.`) || other.startsWith(`${here}[`),
        );
        if (here in FIELDS) return [field];
        return beneath ? [{ ...field, type: narrowed(field.type, here) }] : [];
      }),
    ),
  });
  const narrowed = (type: unknown, path: string): unknown => {
    const { type: kind, name, fields, items } = type as { type: string; name: string; fields: never[]; items: unknown };
    if (kind === 'array') return { type: 'array', items: narrowed(items, `${path}[]`) };
    return kind === 'record' ? kept(name, fields, `${path}.`) : type;
  };
  return { ...kept(RAW.name, RAW.fields as never[], ''), namespace: RAW.namespace };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

if (import.meta.main) {
  const result = await benchEngineAvro();
  const rate = (value: number): string => `${Math.round(value / 1000)}k/s`;
  process.stdout.write(
    `Avro engine ${rate(result.engine)}, avsc decode, mask, encode ${rate(result.avsc)}: ratio ${result.ratio.toFixed(2)} (at least 1.2)\n` +
      `avsc reading the declared fields alone ${rate(result.avscSkipping)}: ratio ${result.ratioSkipping.toFixed(2)}\n`,
  );
  if (result.ratio < 1.2) process.exitCode = 1;
}

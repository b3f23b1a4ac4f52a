import { describe, expect, it } from 'vitest';
import { makeAvroCodec } from '../../../services/adapters/avro/codec.ts';
import { makeMemorySchemaRegistry } from '../../../services/adapters/memory/schema-registry.ts';
import type { LogFields } from '../../../services/core/log.ts';
import { compile } from '../../../services/core/policy/compile.ts';
import { makeGuardAlarm } from '../../../services/gateway/guarded-schemas.ts';
import { KEYRING, NOW, TOPIC, typeOf, wire } from '../adapters/avro/routes.ts';
import { policyWith } from '../core/policy/compiled.ts';
import { documents } from '../core/policy/documents.ts';
import { makeVariants } from '../../../services/core/decide/variants.ts';

const schema = (...tags: string[]) => ({
  type: 'record',
  name: 'Click',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'page', type: 'string', 'confluent:tags': ['PAGE'] },
    { name: 'secret', type: 'string', 'confluent:tags': tags },
  ],
});

function setUp() {
  const policy = policyWith({}, [[{ select: 'user', action: 'keep' }]], {
    from: { topic: TOPIC, format: 'avro' },
    subject: 'id',
    tags: { PAGE: 'user.behavior', HEALTH: 'user.health' },
  });
  // It compiles and is pushed: of the schema that breaks the guard nobody knows yet.
  const result = compile(documents({ policies: [policy], guards: [{ category: 'user.health', never_in: '*' }] }));
  const route = result.ok ? result.bundle.routes[0] : undefined;
  if (route === undefined) throw new Error('no route');
  const logged: LogFields[] = [];
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: (fields: LogFields) => void logged.push(fields) };
  const registry = makeMemorySchemaRegistry();
  const onGuarded = makeGuardAlarm(log);
  const codec = () =>
    makeAvroCodec({ route, registry, keyring: KEYRING, outputSchemaId: registry.register, onGuarded });
  return { registry, codec, logged };
}

/** Bytes that the first output publishes of a record of the schema, with explicit consent to everything. */
async function published({ registry, codec }: ReturnType<typeof setUp>, of: object): Promise<Buffer> {
  const id = await registry.register(`${TOPIC}-value`, JSON.stringify(of));
  const raw = wire(id, typeOf(of).toBuffer({ id: 'cust-1', page: 'canary-page', secret: 'canary-secret' }));
  const one = codec();
  await one.begin([raw]);
  const decoded = one.decode(raw, NOW, NOW);
  const [output] = decoded.ok ? decoded.record.plan.outputs : [];
  if (!decoded.ok || output === undefined) throw new Error('not decoded');
  const { plan } = decoded.record;
  const variant = makeVariants(plan, output).pick(true, false, 0);
  const applied = one.apply(decoded.record, output, variant, new Uint32Array(plan.leaves.length));
  if (!applied.ok) throw new Error(applied.poison.code);
  return Buffer.from(applied.value);
}

describe('a schema that appears after the push and tags a field as what a guard forbids', () => {
  it('has that field dropped and the rest published, and is told once as an error', async () => {
    const set = setUp();
    expect((await published(set, schema())).includes('canary-page')).toBe(true);
    expect(set.logged).toEqual([]);
    for (let turn = 0; turn < 2; turn++) {
      const bytes = await published(set, schema('HEALTH'));
      expect(bytes.includes('canary-page')).toBe(true);
      expect(bytes.includes('canary-secret')).toBe(false);
    }
    expect(set.logged).toEqual([
      {
        ...{ schema: expect.any(Number), route: 'customer-events', output: 'clean.0', way: 'field', path: 'secret' },
        ...{ category: 'user.health', action: 'keep', guard: 'guards.yaml:3:1' },
      },
    ]);
  });
});

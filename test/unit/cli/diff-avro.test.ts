/** Avro records before two bundles whose outputs may differ in their schemas. */
import { describe, expect, it } from 'vitest';
import { makeAvroCodec } from '../../../services/adapters/avro/codec.ts';
import { makeMemorySchemaRegistry } from '../../../services/adapters/memory/schema-registry.ts';
import { makeCheckedOutputSchemas } from '../../../services/cli/checked-output-schemas.ts';
import { consentStateOf } from '../../../services/core/decide/consent-state.ts';
import { makeJudge } from '../../../services/core/diff/judge.ts';
import { MeasuredTally } from '../../../services/core/diff/measured-tally.ts';
import { makeRecordDiff } from '../../../services/core/diff/record-diff.ts';
import type { RuleDocument } from '../../../services/core/policy/document.ts';
import { avroRoute, KEYRING, NOW, typeOf, wire } from '../adapters/avro/routes.ts';
import { GRANTED } from '../core/diff/sides.ts';

const SCHEMA = {
  type: 'record',
  name: 'Click',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'page', type: 'string' },
    { name: 'mail', type: ['null', 'string'], 'confluent:tags': ['EMAIL'] },
  ],
};
const FIELDS = { id: 'user.unique_id', page: 'system' };
const TAGS = { tags: { EMAIL: 'user.contact.email' } };
const page = (first: number): RuleDocument => ({ select: 'system', action: 'mask', mask: { first } });
const mail: RuleDocument = { select: 'user.contact.email', action: 'keep' };

/** `path change count` for records of these pages and addresses. */
async function changes(
  before: readonly RuleDocument[],
  after: readonly RuleDocument[],
  records: readonly (readonly [page: string, mail: string | null])[],
): Promise<readonly string[]> {
  const registry = makeMemorySchemaRegistry();
  const id = await registry.register('raw.clicks-value', JSON.stringify(SCHEMA));
  const outputs = makeCheckedOutputSchemas(registry);
  const judge = (rules: readonly RuleDocument[]) => {
    const route = avroRoute(FIELDS, rules, TAGS);
    const codec = makeAvroCodec({ route, registry, keyring: KEYRING, outputSchemaId: outputs.idOf });
    return makeJudge(codec, KEYRING, route.plan);
  };
  const [old, fresh] = [judge(before), judge(after)];
  const values = records.map(([on, address]) => {
    const value = { id: 'cust-1', page: on, mail: address === null ? null : { string: address } };
    return wire(id, typeOf(SCHEMA).toBuffer(value));
  });
  const tally = new MeasuredTally(0);
  const diff = makeRecordDiff({
    tally,
    plans: { before: old.plan, after: fresh.plan },
    comparable: (a, b) => Buffer.from(a.subarray(0, 5)).equals(b.subarray(0, 5)),
  });
  await old.begin(values);
  await fresh.begin(values);
  const state = consentStateOf([{ ...GRANTED, at: 0 }]);
  for (const value of values) {
    const judged = (one: typeof old) =>
      one.judge({ kind: 'value', decoded: one.decode(value, NOW, NOW), headers: null }, () => state, NOW);
    diff(judged(old), judged(fresh), () => '');
  }
  expect(await registry.versions('clean.clicks-value')).toEqual([]);
  const { outputs: found, deadLetters } = tally.result();
  expect(deadLetters.both + deadLetters.new.records + deadLetters.gone.records).toBe(0);
  return found.flatMap(({ categories }) =>
    categories.flatMap(({ fields }) =>
      fields.flatMap(({ path, values: by }) =>
        Object.entries(by).flatMap(([change, count]) => (count > 0 ? [`${path} ${change} ${count}`] : [])),
      ),
    ),
  );
}

describe('Avro records before two bundles', () => {
  it('are the same where nothing changed', async () => {
    expect(await changes([page(0), mail], [page(0), mail], [['home', 'user1@example.com']])).toEqual([]);
  });

  it('are compared by their bytes under one output schema', async () => {
    // Of a page of one letter both masks show nothing.
    expect(
      await changes(
        [page(0)],
        [page(1)],
        [
          ['h', null],
          ['home', null],
        ],
      ),
    ).toEqual(['page more 1']);
  });

  it('release a tagged field under another output schema, and the fields beside it are told by their rules', async () => {
    const records = [
      ['h', 'user1@example.com'],
      ['home', null],
    ] as const;
    // That a value is null is something that leaves, too.
    expect(await changes([page(0)], [page(0), mail], records)).toEqual(['mail exposed 2']);
    expect(await changes([page(0), mail], [page(1)], records)).toEqual(['page more 2', 'mail hidden 2']);
  });
});

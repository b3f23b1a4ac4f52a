import { describe, expect, it } from 'vitest';
import { outputSchemasOf, valueSubject } from '../../../services/adapters/avro/output-schemas.ts';
import { digestFiles } from '../../../services/adapters/config/digest.ts';
import { makeMemorySchemaRegistry } from '../../../services/adapters/memory/schema-registry.ts';
import { makeMemoryStores } from '../../../services/adapters/memory/stores.ts';
import { push } from '../../../services/cli/push.ts';
import { compile } from '../../../services/core/policy/compile.ts';
import type { GuardDocument } from '../../../services/core/policy/document.ts';
import type { CompiledBundle } from '../../../services/core/policy/plan.ts';
import { policyWith } from '../core/policy/compiled.ts';
import { documents } from '../core/policy/documents.ts';

const GUARD: GuardDocument = { category: 'user.health', never_in: 'analytics', why: 'Art. 9' };
const files = { 'taxonomy.yaml': 'categories: {}' };
const bundle = { digest: digestFiles(files), files };

/** It compiles: what breaks the guard is in no schema at hand. */
function compiled(guards: readonly GuardDocument[]): CompiledBundle {
  const policy = policyWith({ id: 'system' }, [[{ select: 'user', action: 'keep' }]], {
    from: { topic: 'raw.clicks', format: 'avro' },
    subject: 'id',
    tags: { HEALTH: 'user.health' },
  });
  const result = compile(documents({ policies: [policy], guards }));
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return result.bundle;
}

const schema = (...tags: string[]) =>
  JSON.stringify({
    type: 'record',
    name: 'Click',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'list', type: ['null', { type: 'array', items: { type: 'string', 'confluent:tags': tags } }] },
    ],
  });

async function pushed(guards: readonly GuardDocument[], ...schemas: string[]) {
  const { bundles } = makeMemoryStores(digestFiles);
  const registry = makeMemorySchemaRegistry();
  for (const one of schemas) await registry.register('raw.clicks-value', one);
  let topics = 0;
  const error = await push({
    ...{ bundle, compiled: compiled(guards), store: bundles, registry, outputSchemas: outputSchemasOf },
    ...{ subjectOf: valueSubject, consentsLost: async () => false, say: () => undefined },
    ensureTopics: async () => void topics++,
  }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  const outputs = await registry.versions('clean.0-value');
  return { error, topics, outputs: outputs.length, active: await bundles.activeDigest() };
}

describe('push, where a registered version breaks a guard that no schema at hand does', () => {
  it('refuses, and makes nothing: no topic, no schema, no bundle', async () => {
    const { error, topics, outputs, active } = await pushed([GUARD], schema(), schema('HEALTH'), '"no record"');
    expect(error).toMatchObject({ code: 'invalid_config' });
    expect([topics, outputs, active]).toEqual([0, 0, null]);
    const { message } = error as Error;
    expect(message).toMatch(/policies\/one\.yaml:\d+:1 guard-broken the rule for `user`/);
    expect(message).toContain('`list[]` of raw.clicks-value');
    expect(message).toContain('the guard at guards.yaml:3:1 forbids: user.health never in analytics (Art. 9)');
    expect(message).toContain('(schema id 2)');
  });

  it.each<[string, readonly GuardDocument[], string[]]>([
    ['without guards', [], [schema('HEALTH')]],
    ['where no version has the tag', [GUARD], [schema(), schema('OTHER')]],
    ['where nothing is registered', [GUARD], []],
  ])('goes through %s', async (_name, guards, schemas) => {
    const { error, topics, active } = await pushed(guards, ...schemas);
    expect([error, topics, active]).toEqual([null, 1, bundle.digest]);
  });
});

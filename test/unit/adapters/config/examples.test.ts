import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jsonSchemas } from '../../../../services/adapters/config/json-schemas.ts';
import { loadBundle } from '../../../../services/adapters/config/load.ts';
import { readSettings } from '../../../../services/adapters/config/settings.ts';
import { taggedFields } from '../../../../services/core/policy/avro-fields.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

describe('the example configuration', () => {
  it('lints clean, without warnings', async () => {
    const loaded = await loadBundle(join(ROOT, 'config'));
    expect(loaded.ok ? loaded.warnings : loaded.problems).toEqual([]);
    expect(loaded.ok && loaded.compiled.routes.map(({ name, format }) => [name, format])).toEqual([
      ['clickstream', 'avro'],
      ['customer-events', 'json'],
    ]);
  });

  it('has settings that can be used as they are', () => {
    const needs = ['kafka', 'redis', 'registry', 'keysFile'] as const;
    const result = readSettings({ env: {}, file: join(ROOT, 'config/gateway.yaml'), needs });
    expect(result.ok ? result.settings.keysFile : result.problems).toBe(join(ROOT, 'keys.json'));
  });

  it('names in each file the JSON Schema that checks it in an editor', () => {
    const schemas = {
      'taxonomy.yaml': 'taxonomy',
      'purposes.yaml': 'purposes',
      'regimes.yaml': 'regimes',
      'guards.yaml': 'guards',
      'gateway.yaml': 'gateway',
      'policies/clickstream.yaml': 'policy',
      'policies/customer-events.yaml': 'policy',
      'policies/clickstream.test.yaml': 'policy-test',
      'policies/customer-events.test.yaml': 'policy-test',
    };
    for (const [file, schema] of Object.entries(schemas)) {
      const up = file.includes('/') ? '../..' : '..';
      expect(read(`config/${file}`).split('\n')[0]).toBe(
        `# yaml-language-server: $schema=${up}/schemas/config/${schema}.schema.json`,
      );
    }
  });

  it('declares by tags what the clickstream policy releases, through named references too', async () => {
    const loaded = await loadBundle(join(ROOT, 'config'));
    const route = loaded.ok ? loaded.compiled.routes.find(({ name }) => name === 'clickstream') : undefined;
    const tagged = taggedFields(JSON.parse(route?.schemaText ?? ''), route?.tags ?? new Map());
    expect(Object.fromEntries(tagged)).toMatchObject({
      'visitor.email': 'user.contact.email',
      'visitor.location.latitude': 'user.location.precise',
      'referrer.path': 'user.behavior.browsing_history',
      'interactions[].at': 'user.behavior.browsing_history',
      'experiments.*': 'user.behavior.browsing_history',
      cart_value: 'user.behavior.purchase_history',
    });
    expect([...tagged.keys()].filter((path) => /note|query|typed/.test(path))).toEqual([]);
  });

  it('comes with sample records and consents, a JSON object a line', () => {
    for (const file of ['customer-events.jsonl', 'consents.jsonl']) {
      const lines = read(`schemas/examples/${file}`).trimEnd().split('\n');
      expect(lines.map((line) => typeof JSON.parse(line))).toEqual(lines.map(() => 'object'));
    }
  });
});

describe('the JSON Schemas for editors', () => {
  it('are those of the shapes: run services/adapters/config/write-json-schemas.ts', () => {
    const committed = readdirSync(join(ROOT, 'schemas/config')).map((file) => [
      file,
      JSON.parse(read(`schemas/config/${file}`)),
    ]);
    expect(Object.fromEntries(committed)).toEqual(JSON.parse(JSON.stringify(jsonSchemas())));
  });
});

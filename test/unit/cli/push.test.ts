import { describe, expect, it } from 'vitest';
import { digestFiles } from '../../../services/adapters/config/digest.ts';
import { makeMemoryStores } from '../../../services/adapters/memory/stores.ts';
import { makeMemorySchemaRegistry } from '../../../services/adapters/memory/schema-registry.ts';
import { push } from '../../../services/cli/push.ts';
import { endShadow, pushShadow } from '../../../services/cli/push-shadow.ts';
import type { Bundle } from '../../../services/core/ports.ts';
import type { CompiledBundle } from '../../../services/core/policy/plan.ts';

const files = { 'taxonomy.yaml': 'categories: {}' };
const bundle = { digest: digestFiles(files), files };

async function pushed(
  consentsLost: boolean,
  activeBefore: boolean,
): Promise<{ said: string[]; active: string | null }> {
  const { bundles } = makeMemoryStores(digestFiles);
  if (activeBefore) await bundles.activate(bundle);
  const said: string[] = [];
  await push({
    bundle,
    compiled: { routes: [], guards: [] } as never,
    store: bundles,
    registry: null,
    outputSchemas: () => [],
    subjectOf: (topic) => topic,
    ensureTopics: async () => undefined,
    consentsLost: async () => consentsLost,
    say: (line) => said.push(line),
  });
  return { said, active: await bundles.activeDigest() };
}

describe('push', () => {
  it.each([
    ['warns where Redis was emptied: it has forgotten who objected', true, false, true],
    ['says nothing of it where Redis is new, and so is the feed', false, false, false],
    ['says nothing of it where a bundle is active: then nothing was emptied', true, true, false],
  ])('%s', async (_name, lost, activeBefore, warns) => {
    const { said, active } = await pushed(lost, activeBefore);
    expect(said.some((line) => line.startsWith('WARNING') && line.includes('consent import'))).toBe(warns);
    expect(active).toBe(bundle.digest);
  });
});

describe('push --shadow', () => {
  const other = { ...files, 'purposes.yaml': 'purposes: {}' };
  const candidate = { digest: digestFiles(other), files: other };
  const routes = (...topics: string[]): CompiledBundle =>
    ({ guards: [], routes: topics.map((topic) => ({ name: topic, topic, format: 'json' })) }) as never;

  function setUp() {
    const { bundles } = makeMemoryStores(digestFiles);
    const said: string[] = [];
    const shadow = (of: Bundle, compiled = routes(), more: object = {}): Promise<void> =>
      pushShadow({
        ...{ bundle: of, compiled, store: bundles, registry: null, outputSchemas: () => [] },
        ...{
          subjectOf: (topic) => `${topic}-value`,
          say: (line) => said.push(line),
          compile: () => routes('raw.a', 'raw.b'),
        },
        ...more,
      });
    return { bundles, said, shadow };
  }

  it('names the candidate, leaves the active one, and says where to look and how to end it', async () => {
    const { bundles, said, shadow } = setUp();
    await bundles.activate(bundle);
    await shadow(candidate);
    expect([await bundles.activeDigest(), await bundles.shadowDigest()]).toEqual([bundle.digest, candidate.digest]);
    for (const word of ['lethe_shadow_divergence_total', 'lethe.audit', '--end-shadow', bundle.digest]) {
      expect(said.join('\n')).toContain(word);
    }
    await shadow(bundle);
    expect(said.join('\n')).toContain(`In place of the candidate ${candidate.digest}`);
    expect(said.join('\n')).toContain('nothing to compare');
  });

  it('says which raw topics cannot be compared', async () => {
    const { bundles, said, shadow } = setUp();
    await bundles.activate(bundle);
    await shadow(candidate, routes('raw.b', 'raw.c'));
    expect(said).toContain('raw.c is not evaluated: the active bundle does not consume it');
    expect(said).toContain('raw.a has no route in the candidate: all of it counts as output_removed');
    expect(said.join()).not.toContain('raw.b');
  });

  it('may come before anything is active', async () => {
    const { bundles, said, shadow } = setUp();
    await shadow(candidate);
    expect(await bundles.shadowDigest()).toBe(candidate.digest);
    expect(said[0]).toContain('as soon as a bundle is active');
  });

  it('checks output schemas as a push does, and registers none', async () => {
    const { bundles, shadow } = setUp();
    const registry = makeMemorySchemaRegistry((schema) => (schema === '"string"' ? 'readers would break' : null));
    await registry.register('clean-value', '"int"');
    await registry.register('raw.a-value', '"bytes"');
    const compiled = { guards: [], routes: [{ name: 'a', topic: 'raw.a', format: 'avro', tags: null }] } as never;
    const publishing = (schema: string) => ({
      ...{ registry, outputSchemas: () => [{ subject: 'clean-value', schemas: [schema] }] },
    });
    await expect(shadow(candidate, compiled, publishing('"string"'))).rejects.toThrow('readers would break');
    expect(await bundles.shadowDigest()).toBeNull();
    await shadow(candidate, compiled, publishing('"long"'));
    expect(await bundles.shadowDigest()).toBe(candidate.digest);
    expect(await registry.versions('clean-value')).toHaveLength(1);
    await expect(shadow(candidate, compiled)).rejects.toMatchObject({ code: 'invalid_config' });
  });

  it('is ended by --end-shadow, and by pushing the candidate for real', async () => {
    const { bundles, said, shadow } = setUp();
    const say = (line: string): void => void said.push(line);
    await shadow(candidate);
    expect(await endShadow(bundles, say)).toBe(candidate.digest);
    expect(await bundles.shadowDigest()).toBeNull();
    expect(await endShadow(bundles, say)).toBeNull();
    await shadow(candidate);
    await push({
      ...{ bundle: candidate, compiled: routes(), store: bundles, registry: null, outputSchemas: () => [], say },
      ...{ subjectOf: (topic) => topic, ensureTopics: async () => {}, consentsLost: async () => false },
    });
    expect(await bundles.shadowDigest()).toBeNull();
    expect(said.at(-2)).toContain('no longer in shadow');
  });
});

import { describe, expect, it } from 'vitest';
import { digestFiles } from '../../../services/adapters/config/digest.ts';
import { makeMemoryStores } from '../../../services/adapters/memory/stores.ts';
import { push } from '../../../services/cli/push.ts';

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
    compiled: { routes: [] } as never,
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

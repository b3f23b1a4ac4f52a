import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { checkSecretFiles } from '../../../services/cli/check-files.main.ts';

const folder = mkdtempSync(join(tmpdir(), 'lethe-check-files-'));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it('leaves a secret file that cannot even be looked at to whoever reads it', () => {
  // A link to itself, as nothing is closed to root.
  const path = join(folder, 'keys.json');
  symlinkSync(path, path);
  vi.stubEnv('LETHE_KEYS_FILE', path);
  expect(checkSecretFiles(undefined)).toEqual([]);
});

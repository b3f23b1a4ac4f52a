/** Pages looked at in a real browser: the machine's Chromium, driven by Playwright, which brings none of its own. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { ensureTools } from '../../deploy/local/tools.ts';

/**
 * Starts Chromium; installs it by apt as root where it is missing, and throws what to install otherwise: a page that
 * nobody looked at proves nothing. To be closed.
 */
export async function openBrowser(): Promise<Browser> {
  await ensureTools(['chromium'], (line) => void process.stderr.write(`${line}\n`));
  const executablePath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'chromium'))
    .find((file) => existsSync(file));
  if (executablePath === undefined) throw new Error('chromium answers, but is nowhere on the PATH');
  // Its sandbox refuses to run as root, and needs namespaces that containers lack; all it opens is our own page.
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
}

/** Feeds as the feeds file has them, read the way `lethe control` does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFeeds } from '../../../../services/adapters/config/feeds.ts';
import type { Feed } from '../../../../services/core/feeds/feed.ts';

/** @param files by name, beside the feeds file. */
export function writtenFeeds(
  feeds: Readonly<Record<string, unknown>> | string,
  files: Readonly<Record<string, string>> = {},
): readonly Feed[] {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-feeds-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, 'feeds.yaml'), typeof feeds === 'string' ? feeds : JSON.stringify({ feeds }));
    return readFeeds(join(folder, 'feeds.yaml'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The view and the bundles in memory: the reference that contract tests hold Redis to, and what tests run on. */
import type { ConsentEvent } from '../../core/consent-event.ts';
import { LetheError } from '../../core/errors.ts';
import type { Bundle, BundleStore, ConsentStore, Watermark } from '../../core/ports.ts';

export type MemoryStores = {
  readonly consents: ConsentStore;
  readonly bundles: BundleStore;
  /** What a projector would write. */
  readonly setWatermark: (watermark: Watermark | null) => void;
};

/** @param digestOf the lower-case hex SHA-256 of a bundle's files (adapters/config). */
export function makeMemoryStores(digestOf: (files: Bundle['files']) => string): MemoryStores {
  const subjects = new Map<string, Map<string, ConsentEvent>>();
  const stored = new Map<string, Bundle['files']>();
  let active: string | null = null;
  let watermark: Watermark | null = null;

  return {
    consents: {
      load: async (tokens) => {
        const events = new Map<string, readonly ConsentEvent[]>();
        for (const token of tokens) {
          const held = subjects.get(token);
          if (held !== undefined) events.set(token, [...held.values()]);
        }
        return { events, activeDigest: active, watermark };
      },
      add: async (entries) => {
        for (const { token, event } of entries) {
          const held = subjects.get(token) ?? new Map<string, ConsentEvent>();
          held.set(identity(event), event);
          subjects.set(token, held);
        }
      },
    },
    bundles: {
      read: async (digest) => {
        const files = stored.get(digest);
        return files === undefined ? null : { digest, files };
      },
      activeDigest: async () => active,
      activate: async ({ digest, files }) => {
        if (digestOf(files) !== digest) throw new LetheError('bug', 'a bundle has another digest than its files');
        stored.set(digest, { ...files });
        active = digest;
      },
    },
    setWatermark: (mark) => {
      watermark = mark;
    },
  };
}

/** The same event twice is one; two that differ stay two, whatever their versions. */
function identity(event: ConsentEvent): string {
  return JSON.stringify(Object.entries(event).sort(([a], [b]) => (a < b ? -1 : 1)));
}

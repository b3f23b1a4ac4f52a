/** The view and the bundles in memory: the reference that contract tests hold Redis to, and what tests run on. */
import type { ConsentEvent } from '../../core/consent-event.ts';
import type { ConsentProjection } from '../../core/consent-projection.ts';
import { makeMemoryDataKeyStore } from './data-keys.ts';
import type { DataKeyStore } from '../../core/data-key.ts';
import { LetheError } from '../../core/errors.ts';
import type { Bundle, BundleStore, ConsentStore, Watermark } from '../../core/ports.ts';

export type MemoryStores = {
  readonly consents: ConsentStore;
  readonly bundles: BundleStore;
  readonly dataKeys: DataKeyStore;
  readonly projection: ConsentProjection;
  /** What a projector would write. */
  readonly setWatermark: (watermark: Watermark | null) => void;
};

/** @param digestOf the lower-case hex SHA-256 of a bundle's files (adapters/config). */
export function makeMemoryStores(digestOf: (files: Bundle['files']) => string): MemoryStores {
  const subjects = new Map<string, Map<string, ConsentEvent>>();
  const stored = new Map<string, Bundle['files']>();
  const dataKeys = makeMemoryDataKeyStore();
  let active: string | null = null;
  let shadow: string | null = null;
  let watermark: Watermark | null = null;
  let additions = 0;
  const store = ({ digest, files }: Bundle): string => {
    if (digestOf(files) !== digest) throw new LetheError('bug', 'a bundle has another digest than its files');
    stored.set(digest, { ...files });
    return digest;
  };

  const add = (entries: Parameters<ConsentStore['add']>[0]): void => {
    additions++;
    for (const { token, event } of entries) {
      const held = subjects.get(token) ?? new Map<string, ConsentEvent>();
      held.set(identity(event), event);
      subjects.set(token, held);
    }
  };

  return {
    consents: {
      load: async (tokens, what) => {
        const events = new Map<string, readonly ConsentEvent[]>();
        for (const token of tokens) {
          const held = subjects.get(token);
          if (held !== undefined) events.set(token, [...held.values()]);
        }
        const stamp = String(additions);
        const snapshot = { events, activeDigest: active, shadowDigest: shadow, watermark, stamp };
        return what?.dataKeys === true ? { ...snapshot, dataKeys: await dataKeys.load(tokens) } : snapshot;
      },
      add: async (entries) => add(entries),
    },
    projection: {
      watermark: async () => watermark,
      begin: async ({ anew }) => {
        if (anew) subjects.clear();
        additions++;
        if (anew || watermark === null) watermark = { at: 0, offsets: {} };
      },
      project: async ({ partition, low, start, end, entries }) => {
        const mark = watermark ?? { at: 0, offsets: {} };
        const stands = Number(mark.offsets[partition] ?? low);
        if (start > stands) return { gapAt: stands };
        add(entries);
        watermark = { at: mark.at, offsets: { ...mark.offsets, [partition]: String(Math.max(end, stands)) } };
        return { gapAt: null };
      },
      beat: async (ends, at) => {
        const mark = watermark;
        if (mark === null) return false;
        if (ends.some(({ partition, low, end }) => Number(mark.offsets[partition] ?? low) < end)) return false;
        watermark = { at: Math.max(mark.at, at), offsets: mark.offsets };
        return true;
      },
    },
    dataKeys,
    bundles: {
      read: async (digest) => {
        const files = stored.get(digest);
        return files === undefined ? null : { digest, files };
      },
      activeDigest: async () => active,
      activate: async (bundle) => {
        active = store(bundle);
        if (shadow === active) shadow = null;
      },
      shadowDigest: async () => shadow,
      shadow: async (bundle) => {
        shadow = store(bundle);
      },
      endShadow: async () => {
        const ended = shadow;
        shadow = null;
        return ended;
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

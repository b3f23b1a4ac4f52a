import type { Watermark } from '../../core/ports.ts';

/** JSON `{at, offsets}`; null where the text is anything else. */
export function parseWatermark(text: string): Watermark | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { at, offsets } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(at) || typeof offsets !== 'object' || offsets === null || Array.isArray(offsets))
    return null;
  if (!Object.entries(offsets).every(([, offset]) => typeof offset === 'string' && /^\d+$/.test(offset))) return null;
  return { at: at as number, offsets: offsets as Record<string, string> };
}

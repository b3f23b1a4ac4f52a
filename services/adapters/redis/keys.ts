/** The keys of DESIGN section 5. The braces are part of the key: a cluster places an entry by its token. */

export const ACTIVE_DIGEST_KEY = 'lethe:bundle:active';
export const SHADOW_DIGEST_KEY = 'lethe:bundle:shadow';
export const WATERMARK_KEY = 'lethe:consent:watermark';
/** Counts what was added to the view otherwise than by a projector, which moves the watermark. */
export const CHANGES_KEY = 'lethe:consent:changes';

/** Tokens by the time at which their data keys are to be destroyed. */
export const DATA_KEYS_DUE_KEY = 'lethe:data-key:due';

export function consentKey(token: string): string {
  return `lethe:consent:{${token}}`;
}

export function dataKeyKey(token: string): string {
  return `lethe:data-key:{${token}}`;
}

export function bundleKey(digest: string): string {
  return `lethe:bundle:${digest}`;
}

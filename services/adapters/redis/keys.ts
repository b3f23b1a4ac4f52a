/** The keys of DESIGN section 5. The braces are part of the key: a cluster places an entry by its token. */

export const ACTIVE_DIGEST_KEY = 'lethe:bundle:active';
export const SHADOW_DIGEST_KEY = 'lethe:bundle:shadow';
export const WATERMARK_KEY = 'lethe:consent:watermark';

export function consentKey(token: string): string {
  return `lethe:consent:{${token}}`;
}

export function bundleKey(digest: string): string {
  return `lethe:bundle:${digest}`;
}

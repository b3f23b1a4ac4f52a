/**
 * The partition of `lethe.consent-events` that holds a subject's events. FNV-1a of the token: a token is evenly spread
 * by itself, and all who append must agree for ever, since versions are offsets within this one partition.
 */
export function consentPartition(token: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < token.length; i++) hash = Math.imul(hash ^ token.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % partitions;
}

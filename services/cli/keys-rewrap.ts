/**
 * `lethe keys rewrap`: every data key wrapped anew by the version of the wrapping key that wraps now; what is encrypted
 * stays as it is. It can be stopped and begun again at any time: what is done is done, and a key that somebody else
 * changed or destroyed meanwhile is left alone.
 */
import type { DataKeyStore, KeyWrapper, WrappedKey } from '../core/data-key.ts';

export type Rewrapped = {
  /** The version that wraps now. */
  version: number;
  rewrapped: number;
  /** Wrapped by that version already. */
  current: number;
  /** Could not be opened. */
  failed: number;
  /** Wrapped by older versions at the end, those that failed among them. */
  older: number;
};

/** @param progress told how many keys were looked at. */
export async function rewrapAll(
  store: Pick<DataKeyStore, 'active' | 'replace'>,
  wrapper: KeyWrapper,
  progress: (keys: number) => void,
): Promise<Rewrapped> {
  const version = await wrapper.version();
  const tally: Rewrapped = { version, rewrapped: 0, current: 0, failed: 0, older: 0 };
  const isOld = ({ wrapped }: WrappedKey): boolean => wrapper.versionOf(wrapped) !== version;
  let seen = 0;
  for await (const keys of store.active()) {
    const old = keys.filter(isOld);
    tally.current += keys.length - old.length;
    const fresh = old.length === 0 ? [] : await wrapper.rewrap(old);
    for (const [index, { token, wrapped }] of old.entries()) {
      const again = fresh[index] ?? null;
      if (again === null) tally.failed++;
      else if (await store.replace(token, wrapped, again)) tally.rewrapped++;
    }
    progress((seen += keys.length));
  }
  // Workers that do not know the new version yet go on making keys under the old one.
  for await (const keys of store.active()) tally.older += keys.filter(isOld).length;
  return tally;
}

/** What it means for the older versions, for people. */
export function rewrappedText({ version, older, failed }: Rewrapped): string {
  if (older === 0) {
    return `Every data key is wrapped by version ${version}. Older versions of the wrapping key may be removed; backups of Redis that hold keys wrapped by them are worth nothing from then on.`;
  }
  if (failed > 0) {
    return `${failed} data key(s) cannot be opened: their version of the wrapping key is missing, or they were altered. Keep older versions, and find the one they need.`;
  }
  return `${older} data key(s) are wrapped by older versions still: workers without version ${version} run. Keep older versions, restart those workers, and rewrap again.`;
}

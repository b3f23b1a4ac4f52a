import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConsentLog, ConsentLogEntry } from '../../services/core/ports.ts';
import { event, newToken } from './consent-store.ts';

export type OpenedLog = {
  readonly log: ConsentLog;
  /** Everything in the feed, with the version each event has there. */
  readonly readAll: () => Promise<readonly (ConsentLogEntry & { readonly version: number })[]>;
  readonly close: () => Promise<void>;
};

let number = 0;
function entry(token: string): ConsentLogEntry {
  const { version: _, ...rest } = event(0, { notice: `notice-${number++}` });
  return { token, event: rest };
}

/** What every consent feed has to do (core/ports.ts). */
export function consentLogContract(name: string, open: () => Promise<OpenedLog>): void {
  describe(`the consent feed of ${name}`, () => {
    let opened: OpenedLog;
    const appended: (ConsentLogEntry & { readonly version: number })[] = [];
    const append = async (entries: readonly ConsentLogEntry[]): Promise<readonly number[]> => {
      const versions = await opened.log.append(entries);
      expect(versions).toHaveLength(entries.length);
      for (const [index, one] of entries.entries()) appended.push({ ...one, version: versions[index] as number });
      return versions;
    };

    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());

    it('takes nothing and gives no versions for it', async () => {
      expect(await append([])).toEqual([]);
    });

    it('gives a token rising versions, within a call and from call to call', async () => {
      const token = newToken();
      const first = await append([entry(token), entry(newToken()), entry(token)]);
      const second = await append([entry(token)]);
      expect(first[0]).toBeLessThan(first[2] as number);
      expect(first[2]).toBeLessThan(second[0] as number);
    });

    it('takes thousands at once, for one token and for many', async () => {
      const token = newToken();
      const mine = await append(Array.from({ length: 2_500 }, () => entry(token)));
      expect(mine).toEqual([...mine].sort((a, b) => a - b));
      expect(new Set(mine).size).toBe(mine.length);
      await append(Array.from({ length: 2_500 }, () => entry(newToken())));
    });

    it('takes appends side by side', async () => {
      const token = newToken();
      const calls = await Promise.all(
        Array.from({ length: 20 }, () => append([entry(token), entry(newToken()), entry(token)])),
      );
      const mine = calls.flatMap(([first, , third]) => [first, third]);
      expect(new Set(mine).size).toBe(mine.length);
    });

    it('holds every event once, under the version it said', async () => {
      const text = (one: ConsentLogEntry & { readonly version: number }): string =>
        `${one.token} ${one.version} ${one.event.notice}`;
      expect((await opened.readAll()).map(text).sort()).toEqual(appended.map(text).sort());
    });
  });
}

import { describe, expect, it } from 'vitest';
import {
  type Epoch,
  overText,
  pseudonymMap,
  pseudonymsOf,
  resolvePseudonyms,
} from '../../../services/cli/pseudonym.ts';

const JUNE = Date.UTC(2026, 5, 1);
const epoch = (version: number, over: Partial<Epoch> = {}): Epoch => ({
  ...{ version, from: null, until: null, signs: false, over: false },
  pseudonym: (domain, text) => `${version}:${domain}:${text}`,
  ...over,
});
const EPOCHS = [epoch(3, { from: JUNE, signs: true }), epoch(2, { until: JUNE }), epoch(1, { over: true, until: 0 })];

async function* bytes(...chunks: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}
const all = async (lines: AsyncIterable<string>): Promise<unknown[]> => {
  const found: unknown[] = [];
  for await (const line of lines) found.push(JSON.parse(line));
  return found;
};

describe('pseudonym of', () => {
  it('lists the epochs that may be resolved, with their times, and does not repeat the subject', () => {
    const plain = EPOCHS.map((one) => ({ ...one, pseudonym: () => `p${one.version}` }));
    const text = pseudonymsOf('cust-1', 'analytics', plain);
    expect(text).not.toContain('cust-1');
    expect(JSON.parse(text)).toEqual({
      domain: 'analytics',
      pseudonyms: [
        { version: 3, from: '2026-06-01T00:00:00.000Z', until: null, signs: true, pseudonym: 'p3' },
        { version: 2, from: null, until: '2026-06-01T00:00:00.000Z', signs: false, pseudonym: 'p2' },
      ],
    });
  });

  it('says which are over', () => {
    expect(overText(EPOCHS)).toContain('version 1 (ended 1970-01-01T00:00:00.000Z)');
    expect(overText(EPOCHS.slice(0, 2))).toBeNull();
  });
});

describe('pseudonym map', () => {
  it('pairs every earlier pseudonym with the one of today', async () => {
    const epochs = [EPOCHS[0]!, EPOCHS[1]!, epoch(1)];
    expect(await all(pseudonymMap(bytes('a\n\nb'), 'd', epochs))).toEqual([
      { version: 2, old: '2:d:a', new: '3:d:a' },
      { version: 1, old: '1:d:a', new: '3:d:a' },
      { version: 2, old: '2:d:b', new: '3:d:b' },
      { version: 1, old: '1:d:b', new: '3:d:b' },
    ]);
  });

  it('leaves out what is over, and has nothing to say where nothing was rotated', async () => {
    expect(await all(pseudonymMap(bytes('a'), 'd', EPOCHS))).toEqual([{ version: 2, old: '2:d:a', new: '3:d:a' }]);
    expect(await all(pseudonymMap(bytes('a'), 'd', EPOCHS.slice(0, 1)))).toEqual([]);
  });

  it('names the line that is no id', async () => {
    await expect(all(pseudonymMap(bytes('a\n', Uint8Array.of(0xff, 0x0a)), 'd', EPOCHS))).rejects.toThrow(
      'line 2 is no subject id: no UTF-8, or longer than 64 KiB',
    );
  });
});

describe('pseudonym resolve', () => {
  const resolve = (pseudonyms: string[], candidates = 'a\r\nb\nc\n', domain = 'd') =>
    resolvePseudonyms(pseudonyms, bytes(candidates), domain, EPOCHS);

  it('tells whose it is, and which epoch made it', async () => {
    const { lines, missing } = await resolve(['2:d:b', '3:d:a']);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        pseudonym: '3:d:a',
        subject: 'a',
        domain: 'd',
        version: 3,
        from: '2026-06-01T00:00:00.000Z',
        until: null,
        signs: true,
      },
      {
        pseudonym: '2:d:b',
        subject: 'b',
        domain: 'd',
        version: 2,
        from: null,
        until: '2026-06-01T00:00:00.000Z',
        signs: false,
      },
    ]);
    expect(missing).toBe(0);
  });

  it.each([
    ['an epoch that is over', '1:d:a'],
    ['another domain', '3:e:a'],
    ['nobody among the candidates', '3:d:z'],
  ])('does not tell of %s', async (_what, pseudonym) => {
    expect(await resolve([pseudonym])).toEqual({ lines: [], missing: 1 });
  });
});

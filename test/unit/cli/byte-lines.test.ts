import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteLines, type FileLine } from '../../../services/cli/byte-lines.ts';

async function linesOf(chunks: readonly Uint8Array[], maxBytes = 1_000): Promise<FileLine[]> {
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  const lines: FileLine[] = [];
  for await (const line of byteLines(stream(), maxBytes)) lines.push(line);
  return lines;
}

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');

describe('lines of a file', () => {
  it('are the same wherever the file is cut into chunks', async () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ' ').toWellFormed());
    await fc.assert(
      fc.asyncProperty(
        fc.array(line),
        fc.boolean(),
        fc.array(fc.nat(), { maxLength: 8 }),
        async (lines, ended, cuts) => {
          const bytes = utf8(lines.map((text) => `${text}\n`).join('') + (ended ? '' : 'last'));
          const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
          const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
          const wanted = ended ? lines : [...lines, 'last'];
          expect(await linesOf(chunks, 10_000)).toEqual(wanted.map((text, i) => ({ number: i + 1, text })));
        },
      ),
    );
  });

  it('that are no UTF-8 are null, and the next one is read', async () => {
    const bytes = Buffer.concat([utf8('a\n'), Buffer.of(0xff), utf8('\nb\n')]);
    expect((await linesOf([bytes])).map(({ text }) => text)).toEqual(['a', null, 'b']);
  });

  it('keep a byte order mark, which no parser takes', async () => {
    expect((await linesOf([utf8('\ufeff{}')]))[0]?.text).toBe('\ufeff{}');
  });

  it('that are too long are null, in one chunk or many, and the next one is read', async () => {
    const bytes = utf8(`${'x'.repeat(11)}\n${'y'.repeat(10)}\n`);
    expect((await linesOf([bytes], 10)).map(({ text }) => text)).toEqual([null, 'yyyyyyyyyy']);
    const single = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
    expect((await linesOf(single, 10)).map(({ text }) => text)).toEqual([null, 'yyyyyyyyyy']);
    expect((await linesOf([utf8('z'.repeat(11))], 10)).map(({ text }) => text)).toEqual([null]);
  });

  it('of an empty file are none', async () => {
    expect(await linesOf([])).toEqual([]);
    expect(await linesOf([new Uint8Array(0)])).toEqual([]);
  });
});

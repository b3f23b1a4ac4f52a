import { describe, expect, it } from 'vitest';
import { fileRecords } from '../../../services/cli/init-records.ts';

async function* chunks(text: string | Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What is read, in chunks of every size that could cut something; `null` for what cannot be read. */
const read = async (text: string | Uint8Array, maxBytes = 1_000): Promise<unknown> => {
  const results: unknown[] = [];
  for (const size of [1, 2, 3, 7, 1_000]) {
    const found: unknown[] = [];
    for await (const { datum } of fileRecords(() => chunks(text, size), maxBytes)) found.push(datum ?? null);
    results.push(found);
  }
  for (const other of results) expect(other).toEqual(results[0]);
  return results[0];
};

describe('fileRecords', () => {
  it.each<[string, string, unknown]>([
    ['lines', '{"a":1}\n\n{"a":2}\r\n', [{ a: 1 }, { a: 2 }]],
    ['a last line without an end', '{"a":1}\n{"a":2}', [{ a: 1 }, { a: 2 }]],
    ['lines of which some are none', '{"a":1}\nzorp\n{"a":\n{"a":2}\n', [{ a: 1 }, null, null, { a: 2 }]],
    ['an array on one line', '[{"a":1},{"a":"]}"}]', [{ a: 1 }, { a: ']}' }]],
    ['an array over lines', '[\n {"a":1},\n {"a":{"b":"\\"}"}}\n]\n', [{ a: 1 }, { a: { b: '"}' } }]],
    ['an object over lines', '{\n  "a": 1\n}\n', [{ a: 1 }]],
    ['objects over lines', '{\n  "a": 1\n}\n{\n  "a": 2\n}\n', [{ a: 1 }, { a: 2 }]],
    ['an array that is cut off', '[{"a":1},{"a":', [{ a: 1 }, null]],
    ['lines after a broken first one', '{"a":\n{"a":2}\n{"a":3}\n', [null, { a: 2 }, { a: 3 }]],
    ['nothing', '', []],
    ['blank lines', '\n \n', []],
    ['no JSON', 'zorp\n', [null]],
    ['a line that is too long', `{"a":"${'x'.repeat(2_000)}"}\n{"a":2}\n`, [null, { a: 2 }]],
  ])('reads %s', async (_what, text, expected) => {
    expect(await read(text)).toEqual(expected);
  });

  it('takes bytes that are no UTF-8 for nothing', async () => {
    expect(await read(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x0a]))).toEqual([null]);
  });

  it('reads no further than it is asked', async () => {
    let taken = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        taken++;
        yield Buffer.from('{"a":1}\n');
      }
    }
    for await (const _ of fileRecords(endless, 1_000)) if (taken > 20) break;
    expect(taken).toBeLessThan(30);
  });
});

import { describe, expect, it } from 'vitest';
import type { Tree } from '../../../services/core/explain/tree.ts';
import { readableBytes, readableValue } from '../../../services/cli/dead-letters-value.ts';

describe('a raw value as a person reads it', () => {
  it('JSON to the letter', () => {
    expect(readableValue(Buffer.from('{"n":1.00}'))).toEqual({ kind: 'JSON', text: '{\n  "n": 1.00\n}' });
  });

  it('text that is no JSON, other bytes as a dump, and nothing', () => {
    expect(readableValue(Buffer.from('{"n":'))).toEqual({ kind: 'text', text: '{"n":' });
    expect(readableValue(Buffer.of(0xff, 0x41, 0x00))).toEqual({
      kind: 'bytes',
      text: `00000000  ff 41 00${' '.repeat(39)}  .A.`,
    });
    expect(readableValue(null).text).toBe('');
  });

  it('says how much of a large dump is left', () => {
    const { text } = readableValue(new Uint8Array(70_000).fill(0xff));
    expect(text).toContain('4464 bytes more: --raw');
    expect(text.length).toBeLessThan(400_000);
  });

  it('shows what a terminal would obey, and what turns text around', () => {
    expect(readableValue(Buffer.from('\u001b[2J\u009b1m\u202edrow\nx')).text).toBe('\\u001b[2J\\u009b1m\\u202edrow\nx');
    expect(readableValue(Buffer.from('["\u009b"]')).text).toBe('[\n  "\\u009b"\n]');
    expect(readableBytes(Buffer.from('a"\u001b'))).toBe('"a\\"\\u001b"');
    expect(readableBytes(Buffer.of(0xff, 0))).toBe('hex:ff00');
  });

  it('Avro by its tree', () => {
    const members = new Map<string, Tree>([['n', { kind: 'scalar', literal: '9007199254740993' }]]);
    const tree: Tree = { kind: 'object', members };
    expect(readableValue(Buffer.of(0, 0, 0, 0, 7, 1), { id: 7, tree })).toEqual({
      kind: 'Avro, schema 7',
      text: '{\n  "n": 9007199254740993\n}',
    });
  });
});

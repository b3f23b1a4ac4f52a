import { describe, expect, it } from 'vitest';
import type { TapDecision } from '../../../../services/core/tap/decision.ts';
import { jsonLine, type ShownValue, textLine } from '../../../../services/core/tap/lines.ts';

const plain = (_look: string, text: string): string => text;
const decision: TapDecision = {
  ...{ decidedAt: Date.parse('2026-03-01T12:00:00.123Z'), source: 'raw.a/3/42', by: 'worker', bundle: 'ab12' },
  ...{ output: 'clean.a', outcome: 'published', reason: null, path: null },
  forms: [
    { path: 'id', effect: 'keep' },
    { path: 'email', effect: 'mask' },
    { path: 'at', effect: 'keep' },
    { path: 'name', effect: 'drop' },
  ],
};
const json = (text: string): ShownValue => ({ kind: 'json', json: text, bytes: Buffer.byteLength(text) });

describe('a line for people', () => {
  it('says what was decided, and in which form each path left', () => {
    expect(textLine(decision, null, plain)).toBe(
      '2026-03-01T12:00:00.123Z  published      raw.a/3/42 → clean.a  -  keep: id, at; mask: email; drop: name',
    );
  });

  it('of a dead letter names code and path, of a replay that it is one', () => {
    const letter: TapDecision = {
      ...{ ...decision, output: null, outcome: 'dead_lettered', reason: 'action_failed', path: 'email', forms: [] },
    };
    expect(textLine(letter, null, plain)).toMatch(/dead_lettered {2}raw\.a\/3\/42 → - {2}action_failed {2}at email$/);
    expect(textLine({ ...decision, by: 'replay', forms: [] }, null, plain)).toMatch(/-\s+\(replay\)$/);
  });

  it.each<[ShownValue, string]>([
    [json('{"id":1.0,\n "e":"u***@example.com"}'), '{"id":1.0,  "e":"u***@example.com"}'],
    [{ kind: 'bytes', bytes: 12 }, '12 bytes'],
    [{ kind: 'tombstone' }, 'tombstone'],
    [{ kind: 'missing' }, 'value not seen'],
  ])('with a value: %j', (value, expected) => {
    expect(textLine(decision, value, plain).endsWith(`  ${expected}`)).toBe(true);
  });

  it('cuts a long value, and says how long it is', () => {
    const line = textLine(decision, json(`"${'x'.repeat(5000)}"`), plain);
    expect(line.length).toBeLessThan(2_300);
    expect(line).toMatch(/x… 5002 bytes in all$/);
  });
});

describe('a line for machines', () => {
  it('is version 1, and the value in it to the letter', () => {
    const line = jsonLine(decision, json('{"n":1.00,\n"big":12345678901234567890}'), 7);
    expect(line).toContain('"value":{"json":{"n":1.00, "big":12345678901234567890}}');
    expect(JSON.parse(line)).toMatchObject({
      ...{ version: 1, at: '2026-03-01T12:00:00.123Z', source: 'raw.a/3/42', output: 'clean.a', outcome: 'published' },
      ...{ reason: null, path: null, by: 'worker', bundle: 'ab12', leftOut: 7 },
    });
    expect(JSON.parse(jsonLine(decision, null, 0))).not.toHaveProperty('value');
    expect(JSON.parse(jsonLine(decision, { kind: 'missing' }, 0)).value).toEqual({ missing: true });
    expect(JSON.parse(jsonLine(decision, { kind: 'bytes', bytes: 3 }, 0)).value).toEqual({ bytes: 3 });
    expect(JSON.parse(jsonLine(decision, { kind: 'tombstone' }, 0)).value).toEqual({ tombstone: true });
  });
});

it('nothing in it moves a cursor, ends a line or turns text around', () => {
  const bad = '\u001b[2J\u0007\r\n\u202e\u009b';
  const hostile: TapDecision = {
    ...{ ...decision, source: bad, output: bad, reason: bad, path: bad, bundle: bad },
    forms: [{ path: bad, effect: bad as 'keep' }],
  };
  const value = json('{"a":"\u009b31m\u202e\u007f"}');
  for (const line of [textLine(hostile, value, plain), jsonLine(hostile, value, 0)]) {
    expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
  }
  expect(JSON.parse(jsonLine(hostile, value, 0))).toMatchObject({
    ...{ source: bad, value: { json: { a: '\u009b31m\u202e\u007f' } } },
  });
});

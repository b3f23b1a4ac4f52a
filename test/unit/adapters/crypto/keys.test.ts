import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { generateKeys, KEY_NAMES, parseKeys, readKeys, requireKey } from '../../../../services/adapters/crypto/keys.ts';
import { LetheError } from '../../../../services/core/errors.ts';

const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64');

const failure = (act: () => unknown): LetheError => {
  try {
    act();
  } catch (error) {
    if (error instanceof LetheError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('parseKeys', () => {
  it('reads versions, the highest first whatever their order in the file', () => {
    const keys = parseKeys(
      JSON.stringify({ 'pseudonym@2': key(2), 'pseudonym@10': key(10), pseudonym: key(1), subject: key(3) }),
      'keys.json',
    );
    expect(keys.versions.pseudonym.map(({ version }) => version)).toEqual([10, 2, 1]);
    expect(keys.versions.pseudonym[0]?.key.export()).toEqual(Buffer.alloc(32, 10));
    expect(keys.versions.subject.map(({ version }) => version)).toEqual([1]);
    expect(keys.versions.dead_letter).toEqual([]);
  });

  it('takes any set of names: which ones are needed is for the caller', () => {
    expect(parseKeys('{}', 'keys.json').versions.subject).toEqual([]);
  });

  it('reports every problem at once, each with the file and the name', () => {
    const error = failure(() =>
      parseKeys(
        JSON.stringify({
          subject: Buffer.alloc(31).toString('base64'),
          'subject@2': Buffer.alloc(33).toString('base64'),
          'subject@0': key(1),
          'subject@02': key(1),
          'subject@4294967296': key(1),
          pseudonym: 7,
          'pseudonym@2': null,
          dead_letter: `${key(1)}\n`,
          dead_letters: key(1),
        }),
        '/etc/lethe/keys.json',
      ),
    );
    expect(error.code).toBe('invalid_config');
    const lines = error.message.split('\n');
    expect(lines).toHaveLength(9);
    for (const line of lines) expect(line).toMatch(/^\/etc\/lethe\/keys\.json: "[a-z_]+(@\d+)?" (is not|names no)/);
  });

  it.each([
    ['the same name twice', `{"subject": "${key(1)}", "subject": "${key(2)}"}`],
    ['the same name twice, once escaped', `{"subject": "${key(1)}", "\\u0073ubject": "${key(2)}"}`],
    ['version 1 under both its names', `{"subject": "${key(1)}", "subject@1": "${key(2)}"}`],
  ])('refuses %s: which key signs must not be luck', (_, text) => {
    expect(failure(() => parseKeys(text, 'keys.json')).message).toContain('occurs twice');
  });

  it.each(['', 'x', '[]', 'null', '"a"', '7', '{'])('refuses %j', (text) => {
    const error = failure(() => parseKeys(text, 'keys.json'));
    expect(error.code).toBe('invalid_config');
    expect(error.message).toMatch(/^keys\.json: is not/);
    expect(error.fix).toContain('lethe keys generate');
  });

  it('refuses nested objects', () => {
    expect(() => parseKeys(`{"subject": {"pseudonym": "${key(1)}"}}`, 'keys.json')).toThrow(LetheError);
  });

  it.each([
    ['broken JSON', `{"subject": "${key(0xa7)}" oops`],
    ['key and name exchanged', `{"${key(0xa7)}": "subject"}`],
    ['a key that is too long', `{"subject": "${key(0xa7)}AAAA"}`],
    ['a key under an unknown name', `{"${Buffer.alloc(32, 0xa7).toString('hex')}": "${key(0xa7)}"}`],
  ])('never shows what the file holds: %s', (_, text) => {
    const shown = inspect(
      failure(() => parseKeys(text, 'keys.json')),
      { depth: 10 },
    );
    expect(shown).not.toContain(key(0xa7).slice(0, 8));
    expect(shown).not.toContain('a7a7a7');
  });

  it('gives keys that no inspection or JSON shows', () => {
    const keys = parseKeys(`{"subject": "${key(0xa7)}"}`, 'keys.json');
    for (const shown of [inspect(keys, { depth: 10, showHidden: true }), JSON.stringify(keys)]) {
      expect(shown).not.toContain('p6enp6en');
      expect(shown).not.toMatch(/a7[, ]*a7/);
      expect(shown).not.toMatch(/167[, ]+167/);
    }
  });
});

describe('readKeys', () => {
  it('names the file that is missing and how to make one', () => {
    const error = failure(() => readKeys('/nowhere/keys.json'));
    expect(error.code).toBe('invalid_config');
    expect(error.message).toBe('/nowhere/keys.json: the keys file does not exist');
    expect(error.fix).toContain('lethe keys generate');
  });

  it('reads what keys generate writes', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'lethe-keys-')), 'keys.json');
    writeFileSync(file, generateKeys());
    expect(KEY_NAMES.map((name) => readKeys(file).versions[name].length)).toEqual(KEY_NAMES.map(() => 1));
  });

  it('reports a file that cannot be read', () => {
    expect(failure(() => readKeys(tmpdir())).message).toContain('cannot be read');
  });
});

describe('requireKey', () => {
  it('names the file, the key and the command that makes one', () => {
    const error = failure(() => requireKey(parseKeys('{}', 'keys.json'), 'dead_letter'));
    expect(error.code).toBe('invalid_config');
    expect(error.message).toBe('keys.json: the key "dead_letter" is missing');
    expect(error.fix).toContain('lethe keys generate');
  });
});

describe('generateKeys', () => {
  it('makes every key, never the same twice', () => {
    const made = [generateKeys(), generateKeys()].flatMap((text) => Object.values(JSON.parse(text) as object));
    expect(new Set(made).size).toBe(2 * KEY_NAMES.length);
  });
});

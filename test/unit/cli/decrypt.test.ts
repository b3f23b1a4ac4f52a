import { describe, expect, it } from 'vitest';
import { decryptLines, hasFindings, tallyText } from '../../../services/cli/decrypt.ts';
import type { Decrypted, Found, Undecrypted } from '../../../services/core/decrypt.ts';

async function run(input: string, decrypt: (found: Found) => Decrypted, fields: readonly string[] | null = null) {
  let output = '';
  const asked: number[] = [];
  const tally = await decryptLines({
    input: (async function* () {
      yield Buffer.from(input);
    })(),
    decrypt: async (found) => {
      asked.push(found.length);
      return found.map(decrypt);
    },
    fields,
    write: async (text) => void (output += text),
  });
  return { output, tally, asked };
}

const failed = (problem: Undecrypted): Decrypted => ({ ok: false, problem });
const byText = ({ text }: Found): Decrypted =>
  text.endsWith('OK') ? { ok: true, json: '1.50' } : failed(text.slice(9) as Undecrypted);

describe('decryptLines', () => {
  it('decrypts what it may, and leaves and counts the rest', async () => {
    const lines = '{"a":"lethe:v1:OK","b":1.0}\n\n{"a":["lethe:v1:shredded"]}\nnonsense\n{"c": 2}';
    const { output, tally, asked } = await run(lines, byText);
    expect(output).toBe('{"a":1.50,"b":1.0}\n{"a":["lethe:v1:shredded"]}\n{"c": 2}\n');
    expect(tallyText(tally)).toBe(
      '1 value(s) decrypted; left as they were: 1 of erased subjects (shredded); 1 line(s) left out that are no JSON',
    );
    expect(asked).toEqual([2]);
  });

  it('asks for a few hundred lines at a time, and for nothing where there is nothing', async () => {
    const { output, asked } = await run('{"a":"lethe:v1:OK"}\n'.repeat(1_200), byText);
    expect(output.split('\n')).toHaveLength(1_201);
    expect(asked).toEqual([500, 500, 200]);
    expect((await run('{"a":1}\n', byText)).asked).toEqual([]);
    expect((await run('', byText)).output).toBe('');
  });

  it('decrypts the fields asked for alone', async () => {
    const { output } = await run('{"a":"lethe:v1:OK","b":["lethe:v1:OK"]}', byText, ['b[]']);
    expect(output).toBe('{"a":"lethe:v1:OK","b":[1.50]}\n');
  });

  it.each([
    ['OK', false],
    ['shredded', false],
    ['other_purpose', false],
    ['unknown', true],
    ['key_missing', true],
    ['altered', true],
  ])('%s is a finding: %s', async (text, finding) => {
    expect(hasFindings((await run(`{"a":"lethe:v1:${text}"}`, byText)).tally)).toBe(finding);
  });

  it('takes a line that is no JSON for a finding', async () => {
    expect(hasFindings((await run('{', byText)).tally)).toBe(true);
  });
});

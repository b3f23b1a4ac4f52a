import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { correctionsIn } from '../../../services/cli/request-corrections.ts';

const dir = mkdtempSync(join(tmpdir(), 'lethe-corrections-'));
const file = join(dir, 'consents.jsonl');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const line = (more: object): string =>
  JSON.stringify({ subject: 'cust-1', purpose: 'analytics', decision: 'granted', at: '2026-01-05T10:00:00Z', ...more });
const read = (...lines: string[]) => {
  writeFileSync(file, `${lines.join('\n')}\n`);
  return correctionsIn(file, 'cust-1');
};

describe('corrections of a rectification', () => {
  it('are events without the subject and without a source', async () => {
    const [event] = await read(line({ source: 'form' }), '');
    expect(event).toMatchObject({ purpose: 'analytics', decision: 'granted' });
    expect(JSON.stringify(event)).not.toMatch(/cust-1|form/);
  });

  it.each([
    ['of another subject', line({ subject: 'cust-2' }), ':1: this is about another subject'],
    ['that erase', line({ decision: 'erased', purpose: '*' }), ':1: an erasure is no correction'],
    ['that are no events', '{', ':1: '],
  ])('are refused %s, and name the line', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
    await expect(read(text)).rejects.not.toThrow(/cust-2/);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateKeys, parseKeys } from '../../../../services/adapters/crypto/keys.ts';
import { makeSignatureCheck, makeSigner, publicKeysOf } from '../../../../services/adapters/crypto/signer.ts';
import {
  type Checkpoint,
  checkpointLine,
  checkpointText,
  parseCheckpointLine,
} from '../../../../services/core/audit/checkpoint.ts';
import { type LedgerEnd, makeLedger } from '../../../../services/core/audit/checkpoint-ledger.ts';
import { GENESIS } from '../../../../services/core/audit/segment.ts';
import { makeFindings } from '../../../../services/core/audit/verify-finding.ts';
import { sha256 } from './audit-fixture.ts';

const keys = parseKeys(generateKeys(), 'keys.json');
const signer = makeSigner(keys);
const check = makeSignatureCheck(publicKeysOf(keys));

function signed(number: number, previous: string, by = signer): string {
  const content = {
    ...({ version: 1, number, at: '2026-03-01T00:00:00Z', audit: 'lethe.audit', previous, key: by.key } as const),
    chains: [
      {
        ...{ topic: 'raw.a', partition: 0, firstOffset: 0, lastOffset: number * 10, head: 'ab'.repeat(32) },
        ...{ segments: number, records: number * 9, at: { partition: 0, offset: number } },
      },
    ],
    resume: [{ partition: 0, offset: number + 1 }],
    accepted: ['second_chain raw.a/0 0-9'],
  };
  return checkpointLine({ ...content, signature: by.sign(checkpointText(content)) });
}

function ledgerOf(length: number): string[] {
  const lines: string[] = [];
  for (let number = 1; number <= length; number++) {
    const before = lines.at(-1);
    lines.push(signed(number, before === undefined ? GENESIS : sha256(before)));
  }
  return lines;
}

function read(
  lines: readonly (string | null)[],
  anchor: string | null = null,
): LedgerEnd & { readonly told: string[] } {
  const findings = makeFindings();
  const ledger = makeLedger({ hash: sha256, check, findings, anchor, place: (line) => `file:${line}` });
  lines.forEach((line, index) => ledger.take(index + 1, line));
  const end = ledger.finish();
  return { ...end, told: findings.kept.map(({ kind, at }) => `${kind} ${at}`) };
}

const LINES = ledgerOf(5);

describe('checkpoints', () => {
  it('are read as they were written', () => {
    const run = read(LINES);
    expect(run).toMatchObject({ told: [], number: 5, previous: sha256(LINES[4]!) });
    expect(run.last).toEqual(parseCheckpointLine(LINES[4]!));
    expect(read([])).toEqual({ told: [], last: null, number: 0, previous: GENESIS });
  });

  it.each<[string, (lines: (string | null)[]) => unknown, string[]]>([
    ['a dropped line', (lines) => lines.splice(2, 1), ['checkpoint_dropped file:3']],
    ['the first dropped', (lines) => lines.splice(0, 1), ['checkpoint_dropped file:1']],
    ['two dropped', (lines) => lines.splice(1, 2), ['checkpoint_dropped file:2']],
    ['a line twice', (lines) => lines.splice(2, 0, lines[1]!), ['checkpoint_dropped file:3']],
    [
      'swapped lines',
      (lines) => lines.splice(1, 2, lines[2]!, lines[1]!),
      ['checkpoint_dropped file:2', 'checkpoint_dropped file:3', 'checkpoint_dropped file:4'],
    ],
    [
      'a number changed',
      (lines) => (lines[2] = lines[2]!.replace('"lastOffset":30', '"lastOffset":31')),
      ['checkpoint_altered file:3'],
    ],
    ['a space put in', (lines) => (lines[2] = lines[2]!.replace(',', ', ')), ['checkpoint_unreadable file:3']],
    ['a member put in', (lines) => (lines[2] = lines[2]!.replace('{', '{"note":1,')), ['checkpoint_unreadable file:3']],
    ['a line cut off', (lines) => (lines[4] = lines[4]!.slice(0, -9)), ['checkpoint_unreadable file:5']],
    ['a line that is no text', (lines) => (lines[1] = null), ['checkpoint_unreadable file:2']],
    [
      'signed by another key',
      (lines) => {
        const other = makeSigner(parseKeys(generateKeys(), 'keys.json'));
        lines.push(signed(6, sha256(lines[4]!), other));
      },
      ['checkpoint_foreign_key file:6'],
    ],
    [
      'another one in its place, well signed',
      (lines) => (lines[2] = signed(3, GENESIS)),
      ['checkpoint_dropped file:3', 'checkpoint_dropped file:4'],
    ],
  ])('%s: named, and none is trusted', (_, tamper, told) => {
    const lines: (string | null)[] = [...LINES];
    tamper(lines);
    const run = read(lines);
    expect(run.told).toEqual(told);
    expect(run.last).toBeNull();
  });

  it('a file whose end was cut off is only known by what was noted elsewhere', () => {
    const anchor = sha256(LINES[4]!);
    expect(read(LINES, anchor).told).toEqual([]);
    expect(read(LINES.slice(0, 4)).told).toEqual([]);
    expect(read(LINES.slice(0, 4), anchor)).toMatchObject({ told: ['checkpoint_missing null'], last: null });
  });

  it('any character changed is found', () => {
    fc.assert(
      fc.property(fc.nat(4), fc.nat(), fc.integer({ min: 32, max: 126 }), (line, place, code) => {
        const lines = [...LINES];
        const text = lines[line]!;
        const at = place % text.length;
        const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
        if (changed === text) return;
        lines[line] = changed;
        expect(read(lines).told[0]).toMatch(
          new RegExp(`^checkpoint_(unreadable|altered|foreign_key) file:${line + 1}$`),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('a signature covers everything but itself', () => {
    const { signature: _, ...content } = parseCheckpointLine(LINES[0]!) as Checkpoint;
    const covered = checkpointText(content);
    for (const name of Object.keys(content)) expect(covered).toContain(`"${name}":`);
    expect(covered.startsWith('lethe.checkpoint/1\n')).toBe(true);
  });
});

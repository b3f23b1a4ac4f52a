/** DESIGN sections 7, 8 and 12, "Replay": the files that a replay writes and what it says. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { linesOf, type Replayed, replayed } from './replayed.ts';

const POLICY = `
route: files
from: { topic: raw.files, format: json }
subject: id
fields:
  e: system
  name: user
outputs:
  - topic: clean.one
    purpose: ask
    rules: [{ select: system, action: keep }, { select: user, action: redact }]
  - topic: clean.two
    purpose: ops
    key: none
    rules: [{ select: system, action: keep }]
`;
const CONFIG = {
  taxonomy: 'categories:\n  system: {}\n  user: {}\n',
  purposes: `
purposes:
  ask: { basis: { default: consent }, retention: { default: P365D } }
  ops: { basis: { default: contract }, retention: { default: P365D } }
`,
  policies: { files: POLICY },
};
const CONSENTS = [
  {
    subject: 'canary-1',
    purpose: 'ask',
    decision: 'granted',
    at: '2026-01-05T10:00:00Z',
    region: 'DE',
    method: 'explicit',
    recipients: ['acme'],
    notice: '2026-01',
    expires: null,
  },
  { subject: 'canary-2', purpose: 'ask', decision: 'denied', at: '2026-01-05T10:00:00Z', source: 'web' },
];
const INPUT = [
  '', // 0
  '{"id":"canary-1","e":1,"name":"hiddenvalue"}',
  '{"id":"canary-2","e":2}',
  '   \t',
  '{"id":"canary-3","e":3}',
  'hiddenvalue', // 5
  '{"e":6}',
  '\r',
  '{"id":"canary-1","e":8}',
  '{"id":"canary-1","e":{"hiddenvalue":1}}',
  '{"id":"canary-2","e":10}\r', // 10
  '',
  '{"id":"canary-1","e":12}',
].join('\n'); // no line feed at the end

describe('a replay', () => {
  let run: Replayed;
  beforeAll(async () => {
    run = await replayed({ config: CONFIG, lines: Buffer.from(INPUT), consents: CONSENTS });
  });

  it('prints the summary as JSON, and nothing else, on stdout', () => {
    expect(JSON.parse(run.stdout)).toEqual({
      records: 9,
      outputs: {
        'clean.one': { published: 3, withheld: { consent_denied: 2, consent_missing: 1 } },
        'clean.two': { published: 6, withheld: {} },
      },
      deadLetters: { undecodable: 1, subject_missing: 1, action_failed: 1 },
    });
    expect(run.stdout.trimEnd()).not.toContain('\n');
  });

  it('writes a file for each output, the dead letters and the audit', () => {
    expect(Object.keys(run.files).sort()).toEqual([
      'audit.jsonl',
      'clean.one.jsonl',
      'clean.two.jsonl',
      'dead-letters.jsonl',
    ]);
  });

  it('writes key, value and headers in input order; blank lines count as offsets', () => {
    const two = linesOf(run.files['clean.two.jsonl'] ?? '').map((line) => JSON.parse(line));
    expect(two).toEqual(
      [1, 2, 4, 8, 10, 12].map((n) => ({
        key: null,
        value: { e: n === 1 ? 1 : n === 2 ? 2 : n === 4 ? 3 : n },
        headers: { 'lethe-source': `raw.files/0/${n}` },
      })),
    );
    const one = linesOf(run.files['clean.one.jsonl'] ?? '').map((line) => JSON.parse(line));
    expect(one.map(({ value }) => value)).toEqual([{ e: 1, name: '[redacted]' }, { e: 8 }, { e: 12 }]);
    expect(one.map(({ headers }) => headers['lethe-source'])).toEqual([
      'raw.files/0/1',
      'raw.files/0/8',
      'raw.files/0/12',
    ]);
    expect(new Set(one.map(({ key }) => key)).size).toBe(1);
  });

  it('writes dead letters as code, source, path and sealed value', () => {
    const letters = linesOf(run.files['dead-letters.jsonl'] ?? '').map((line) => JSON.parse(line));
    const sealed = expect.stringMatching(/^[A-Za-z0-9+/]+={0,2}$/);
    expect(letters).toEqual([
      { code: 'undecodable', source: 'raw.files/0/5', value: sealed },
      { code: 'subject_missing', source: 'raw.files/0/6', path: 'id', value: sealed },
      { code: 'action_failed', source: 'raw.files/0/9', path: 'e', value: sealed },
    ]);
    expect(new Set(letters.map(({ value }) => value)).size).toBe(3);
  });

  it('seals every time afresh', async () => {
    const again = await replayed({ config: CONFIG, lines: Buffer.from(INPUT), consents: CONSENTS });
    expect(again.files['clean.one.jsonl']).toBe(run.files['clean.one.jsonl']);
    expect(again.files['audit.jsonl']).toBe(run.files['audit.jsonl']);
    expect(again.files['dead-letters.jsonl']).not.toBe(run.files['dead-letters.jsonl']);
  });

  it('audits what became of every record', () => {
    expect(run.segments).toHaveLength(1);
    const [segment] = run.segments;
    expect(segment).toMatchObject({
      topic: 'raw.files',
      partition: 0,
      lastOffset: 12,
      outputs: ['clean.one', 'clean.two'],
    });
    expect(segment?.bundle).toMatch(/^[0-9a-f]{64}$/);
    for (const n of [1, 2, 4, 5, 6, 8, 9, 10, 12]) {
      const { dead, published, withheld } = run.fate(n);
      expect([n, dead === null ? Object.keys({ ...published, ...withheld }).sort() : []]).toEqual([
        n,
        dead === null ? ['clean.one', 'clean.two'] : [],
      ]);
    }
    expect(decisions(run)).toEqual([1, 2, 4, 5, 6, 8, 9, 10, 12]);
  });

  it('tells treatments by declared path and action', () => {
    const [segment] = run.segments;
    const treatments = segment?.treatments.map((fields) =>
      Object.fromEntries(fields.map(({ path, effect }) => [path, effect])),
    );
    expect(treatments).toContainEqual(expect.objectContaining({ e: 'keep', name: 'redact' }));
    expect(treatments).toContainEqual(expect.objectContaining({ e: 'keep', name: 'drop' }));
  });
});

/** Offsets that the audit holds a decision about. */
function decisions({ segments }: Replayed): number[] {
  return segments.flatMap(({ firstOffset, records }) => {
    let offset = firstOffset;
    return records.flatMap(({ skip, count }) => {
      const from = offset + skip;
      offset = from + count;
      return Array.from({ length: count }, (_, i) => from + i);
    });
  });
}

it('a replay of nothing but blank lines says so', async () => {
  const run = await replayed({ config: CONFIG, lines: ['', '  '] });
  expect(run.summary).toEqual({
    records: 0,
    outputs: { 'clean.one': { published: 0, withheld: {} }, 'clean.two': { published: 0, withheld: {} } },
    deadLetters: {},
  });
  expect(run.files['clean.one.jsonl']).toBe('');
});

describe('the audit of a long replay', () => {
  it('is a chain that can be recomputed, answers for each offset once, and is small', async () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => (i % 100 === 99 ? '' : `{"id":"canary-${i % 7}","e":${i}}`));
    const run = await replayed({ config: CONFIG, lines, consents: CONSENTS });
    expect(run.segments.length).toBeGreaterThan(1);
    let previous = '0'.repeat(64);
    let next = 0;
    for (const segment of run.segments) {
      expect(segment.previous).toBe(previous);
      expect(segment.firstOffset).toBe(next);
      const { hash, ...content } = segment;
      // No candidate is in shadow in a replay: the member is left out.
      expect(Object.keys(content)).toEqual(fieldsOfSchema().filter((name) => name !== 'hash' && name !== 'shadow'));
      expect(createHash('sha256').update(JSON.stringify(content)).digest('hex')).toBe(hash);
      previous = hash;
      next = segment.lastOffset + 1;
    }
    expect(decisions(run)).toEqual(lines.flatMap((line, i) => (line === '' ? [] : [i])));
    expect(run.summary.records).toBe(9_900);
  });

  it('of like records holds one shape', async () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `{"id":"canary-${i}","e":${i}}`);
    const run = await replayed({ config: CONFIG, lines });
    expect(run.files['audit.jsonl']?.length).toBeLessThan(10_000);
  });
});

function fieldsOfSchema(): string[] {
  const schema = JSON.parse(readFileSync(new URL('../../schemas/audit/segment.avsc', import.meta.url), 'utf8'));
  return schema.fields.map(({ name }: { name: string }) => name);
}

/** `lethe verify` over topics in memory: reading on from a checkpoint, signing, exporting, what is compared beside. */
import { describe, expect, it } from 'vitest';
import { makeSegmentCodec } from '../../../services/adapters/avro-single-object/audit-segments.ts';
import { generateKeys, parseKeys } from '../../../services/adapters/crypto/keys.ts';
import { makeSignatureCheck, makeSigner, publicKeysOf } from '../../../services/adapters/crypto/signer.ts';
import { makeMemoryTopicReader, type MemoryPartition } from '../../../services/adapters/memory/topic-reader.ts';
import { verifyAudit, type VerifyOptions, type VerifyReport } from '../../../services/cli/verify.ts';
import { verifyText } from '../../../services/cli/verify-report.ts';
import { type AuditSegment, GENESIS, segmentLine } from '../../../services/core/audit/segment.ts';
import type { RawRecord } from '../../../services/core/transport.ts';
import { chainOf, interleaved, sealed, sha256, short } from '../core/audit/audit-fixture.ts';

const { encode, decode } = makeSegmentCodec();
const keys = parseKeys(generateKeys(), 'keys.json');
const signer = makeSigner(keys);
const check = makeSignatureCheck(publicKeysOf(keys));

const recordOf = (one: AuditSegment, offset: number): RawRecord => ({
  ...{ offset, timestamp: 0, key: Buffer.from(`${one.topic}/${one.partition}`), value: encode(one), headers: null },
});
const partitionOf = (segments: readonly AuditSegment[], from = 0): MemoryPartition => ({
  records: segments.map((one, index) => recordOf(one, from + index)),
});

/** A file of checkpoints in memory, and verifications that read it and sign in it. */
function makeDesk() {
  const lines: string[] = [];
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(lines.map((line) => `${line}\n`).join(''));
  }
  const over = (audit: readonly MemoryPartition[], more: Partial<VerifyOptions> = {}): Promise<VerifyReport> =>
    verifyAudit({
      source: { kind: 'topic', topic: 'audit', reader: makeMemoryTopicReader({ audit }, 3), decode },
      ...{
        hash: sha256,
        full: false,
        raw: null,
        exported: null,
        now: () => 1_772_323_200_000,
        progress: () => undefined,
      },
      checkpoints: { file: 'checkpoints', open: bytes, check, anchor: null },
      sign: { signer, append: async (line) => void lines.push(line), accept: new Set() },
      ...more,
    });
  return { lines, over, bytes };
}

const told = ({ findings }: VerifyReport): string[] => findings.map(short);
const [A, B] = [chainOf('raw.a', 0, 6), chainOf('raw.a', 1, 6)];
const ALL = interleaved(A, B);

describe('from checkpoint to checkpoint', () => {
  it('reads only what is new, and signs for all', async () => {
    const desk = makeDesk();
    const first = await desk.over([partitionOf(ALL.slice(0, 8)), partitionOf([])]);
    expect(first).toMatchObject({ ok: true, segments: 8, checkpoint: null, signed: { number: 1, key: signer.key } });
    const second = await desk.over([partitionOf(ALL), partitionOf([])]);
    expect(second).toMatchObject({
      ok: true,
      segments: 4,
      checkpoint: { number: 1, resumed: true },
      signed: { number: 2 },
    });
    expect(second.chains.map(({ segments, lastOffset }) => [segments, lastOffset])).toEqual([
      [6, 59],
      [6, 59],
    ]);
    const third = await desk.over([partitionOf(ALL), partitionOf([])]);
    expect(third).toMatchObject({ ok: true, segments: 0, checkpoint: { number: 2, resumed: true } });
    const full = await desk.over([partitionOf(ALL), partitionOf([])], { full: true, sign: null });
    expect(full).toMatchObject({ ok: true, segments: 12, checkpoint: { number: 3, resumed: false }, signed: null });
    const { chains, resume, previous } = JSON.parse(desk.lines[2] ?? '');
    expect(chains[0]).toEqual({
      ...{ topic: 'raw.a', partition: 0, firstOffset: 0, lastOffset: 59, head: A[5]!.hash, segments: 6, records: 54 },
      at: { partition: 0, offset: 10 },
    });
    expect(resume).toEqual([
      { partition: 0, offset: 12 },
      { partition: 1, offset: 0 },
    ]);
    expect(previous).toBe(sha256(desk.lines[1] ?? ''));
  });

  it('of another audit topic says nothing about where to go on', async () => {
    const desk = makeDesk();
    await desk.over([partitionOf(ALL.slice(0, 8))]);
    const reader = makeMemoryTopicReader({ copy: [partitionOf(ALL)] });
    const copy = await desk.over([], { source: { kind: 'topic', topic: 'copy', reader, decode } });
    expect(copy).toMatchObject({ ok: true, segments: 12, checkpoint: { number: 1, resumed: false } });
    expect(JSON.parse(desk.lines[1] ?? '')).toMatchObject({ audit: 'copy', resume: [{ partition: 0, offset: 12 }] });
  });

  it('signs nothing where anything is found', async () => {
    const desk = makeDesk();
    const report = await desk.over([partitionOf([A[0]!, A[2]!])]);
    expect(report).toMatchObject({ ok: false, signed: null });
    expect(desk.lines).toEqual([]);
  });

  it('signs for a new beginning that somebody answers for, and goes on from there', async () => {
    const desk = makeDesk();
    const anew = chainOf('raw.a', 0, 3, 10);
    const append = async (line: string): Promise<void> => void desk.lines.push(line);
    const accepting = (kind: string) => ({ sign: { signer, append, accept: new Set([kind]) } });
    const both = partitionOf([...A, ...anew.slice(0, 2)]);
    expect(await desk.over([both], accepting('starts_late'))).toMatchObject({ ok: false, signed: null });
    const report = await desk.over([both], accepting('second_chain'));
    expect(report).toMatchObject({ ok: false, signed: { number: 1 } });
    expect(told(report)).toEqual(['second_chain raw.a/0 100-119 audit/0/6']);
    expect(JSON.parse(desk.lines[0] ?? '').accepted).toEqual(['second_chain raw.a/0 100-119']);
    const next = await desk.over([partitionOf([...A, ...anew])]);
    expect(next).toMatchObject({ ok: true, segments: 1, checkpoint: { resumed: true }, signed: { number: 2 } });
  });

  it.each<[string, MemoryPartition, string[]]>([
    ['cut off', partitionOf(ALL.slice(0, 7)), ['truncated raw.a/1 0-39 audit/0/7']],
    ['cut off at all', partitionOf([]), ['truncated raw.a/0 0-39 audit/0/6', 'truncated raw.a/1 0-39 audit/0/7']],
    [
      'written anew, of the same length',
      partitionOf([...ALL.slice(0, 7), sealed({ ...B[3]!, decidedAt: 7 })]),
      ['rewritten raw.a/1 0-39 audit/0/7'],
    ],
    [
      'altered at its head',
      partitionOf([...ALL.slice(0, 7), { ...B[3]!, decidedAt: 7 }]),
      ['rewritten raw.a/1 0-39 audit/0/7'],
    ],
    ['gone on elsewhere', partitionOf([...ALL.slice(0, 8), A[5]!]), ['dropped raw.a/0 40-49 audit/0/8']],
  ])('an audit that was %s since', async (_, partition, findings) => {
    const desk = makeDesk();
    await desk.over([partitionOf(ALL.slice(0, 8))]);
    expect(told(await desk.over([partition]))).toEqual(findings);
  });

  it('an older segment that was altered is found by reading all', async () => {
    const desk = makeDesk();
    await desk.over([partitionOf(ALL)]);
    const altered = partitionOf(ALL.map((one, index) => (index === 3 ? { ...one, decidedAt: 7 } : one)));
    expect(told(await desk.over([altered], { full: true }))).toEqual(['altered raw.a/1 10-19 audit/0/3']);
  });

  it('what retention deleted since is covered', async () => {
    const desk = makeDesk();
    await desk.over([partitionOf(ALL.slice(0, 8))]);
    for (const from of [3, 8]) {
      const report = await desk.over([partitionOf(ALL.slice(from), from)], { full: true, sign: null });
      expect(told(report)).toEqual([]);
      expect(report.chains).toMatchObject([
        { firstOffset: 0, segments: 6 },
        { firstOffset: 0, segments: 6 },
      ]);
      expect(verifyText(report)).toContain('not there any more');
    }
    expect(told(await desk.over([partitionOf(ALL.slice(8), 8)], { sign: null }))).toEqual([]);
    expect(told(await desk.over([partitionOf(ALL.slice(10), 10)], { sign: null }))).toEqual([
      'dropped raw.a/0 40-49 audit/0/10',
      'dropped raw.a/1 40-49 audit/0/11',
    ]);
    expect(told(await desk.over([partitionOf(ALL.slice(3), 3)], { checkpoints: null, sign: null }))).toEqual([
      'starts_late raw.a/1 10-10 audit/0/3',
      'starts_late raw.a/0 20-20 audit/0/4',
    ]);
  });

  it('a checkpoints file that was altered is told, and the audit read from its beginning', async () => {
    const desk = makeDesk();
    await desk.over([partitionOf(ALL.slice(0, 8))]);
    desk.lines[0] = desk.lines[0]!.replace('"lastOffset":39', '"lastOffset":29');
    const report = await desk.over([partitionOf(ALL)]);
    expect(told(report)).toEqual(['checkpoint_altered - - checkpoints:1']);
    expect(report).toMatchObject({ segments: 12, checkpoint: null, signed: null });
  });

  it('holds for an exported file too, from its beginning or its end', async () => {
    const desk = makeDesk();
    await desk.over([partitionOf(ALL.slice(0, 8))]);
    const file = (segments: readonly AuditSegment[]): Partial<VerifyOptions> => ({
      sign: null,
      source: {
        ...{ kind: 'file', file: 'audit.jsonl' },
        open: async function* () {
          for (const one of segments) yield Buffer.from(`${segmentLine(one)}\n`);
        },
      },
    });
    const exported: AuditSegment[] = [];
    await desk.over([partitionOf(ALL)], { full: true, sign: null, exported: (one) => void exported.push(one) });
    expect(exported).toEqual(ALL);
    expect(told(await desk.over([], file(exported)))).toEqual([]);
    expect(told(await desk.over([], file(exported.slice(8))))).toEqual([]);
    expect(told(await desk.over([], file(exported.slice(0, 7))))).toEqual(['truncated raw.a/1 30-39 audit.jsonl:6']);
    const anew: AuditSegment[] = [];
    for (const one of A) anew.push(sealed({ ...one, decidedAt: 7, previous: anew.at(-1)?.hash ?? GENESIS }));
    expect(told(await desk.over([], file(interleaved(anew, B))))).toEqual(['rewritten raw.a/0 0-39 -']);
  });
});

describe('against the raw topics', () => {
  const raw = (chain: string | null, offset: number): VerifyOptions['raw'] => ({
    ...{ group: 'lethe', exists: async () => true, settleMs: 0 },
    positions: async () => [{ topic: 'raw.a', partition: 0, offset, chain }],
  });
  const records = Array.from({ length: 65 }, (_, offset) => offset)
    .filter((offset) => offset % 10 !== 6)
    .map((offset) => ({ offset, timestamp: 0, key: null, value: Buffer.from('x'), headers: null }));
  const reader = (held: readonly RawRecord[]) =>
    makeMemoryTopicReader({ audit: [partitionOf(A)], 'raw.a': [{ records: held }] });
  const over = (held: readonly RawRecord[], position: VerifyOptions['raw']) =>
    makeDesk().over([], { source: { kind: 'topic', topic: 'audit', reader: reader(held), decode }, raw: position });

  it('all fits', async () => {
    const report = await over(records, raw(A[5]!.hash, 60));
    expect(report).toMatchObject({ ok: true, notes: [] });
    expect(verifyText(report)).toMatch(
      /compared offsets 0–59, 54 records; holds 0–64; not decided about yet: 5 offsets/,
    );
  });

  it('a record that nobody decided about, a tail put in by somebody, a head that is gone', async () => {
    const more = [...records, { ...records[0]!, offset: 16 }].sort((a, b) => a.offset - b.offset);
    expect(told(await over(more, raw(A[5]!.hash, 60)))).toEqual(['raw_unaccounted raw.a/0 16-16 -']);
    expect(told(await over(records, raw(A[4]!.hash, 50)))).toEqual(['position_differs raw.a/0 50-50 -']);
    expect(told(await over(records, raw('ab'.repeat(32), 70)))).toEqual(['position_differs raw.a/0 70-70 -']);
  });
});

it('a report steers no terminal', async () => {
  const [evil] = [sealed({ ...A[0]!, topic: 'raw.\u001b[2J' })];
  const report = await makeDesk().over([partitionOf([evil])], { sign: null });
  expect(verifyText(report)).toContain('raw.?[2J');
});

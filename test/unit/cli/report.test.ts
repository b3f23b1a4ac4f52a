/** `lethe report` over an audit in memory and in a file: what lies in the period, and what cannot be counted. */
import { describe, expect, it } from 'vitest';
import { makeSegmentCodec } from '../../../services/adapters/avro-single-object/audit-segments.ts';
import { makeMemoryTopicReader } from '../../../services/adapters/memory/topic-reader.ts';
import { countAudit, periodOf } from '../../../services/cli/report.ts';
import { type AuditSegment, GENESIS, segmentLine } from '../../../services/core/audit/segment.ts';
import { sealed, segment, sha256 } from '../core/audit/audit-fixture.ts';

const { encode, decode } = makeSegmentCodec();
const NOON = Date.parse('2026-03-01T12:00:00Z');
const HOUR = 3_600_000;

/** A chain of decisions, an hour after one another. */
const CHAIN = [0, 1, 2, 3].reduce<AuditSegment[]>((chain, index) => {
  const made = segment('raw.a', 0, index, chain.at(-1)?.hash ?? GENESIS);
  return [...chain, sealed({ ...made, decidedAt: NOON + index * HOUR })];
}, []);

const PERIOD = { from: NOON + HOUR, to: NOON + 3 * HOUR };

function overTopic(values: readonly (Uint8Array | null)[], period = PERIOD, timestamps = 0) {
  const records = values.map((value, offset) => ({
    ...{ offset, timestamp: NOON + offset * HOUR + timestamps, key: Buffer.from('raw.a/0'), value, headers: null },
  }));
  const reader = makeMemoryTopicReader({ audit: [{ records }, { records: [] }] });
  const source = { kind: 'topic', topic: 'audit', reader, decode } as const;
  return countAudit({ source, period, hash: sha256, progress: () => undefined });
}

function overFile(lines: readonly string[]) {
  async function* open(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(lines.join('\n'));
  }
  const source = { kind: 'file', file: 'audit.jsonl', open } as const;
  return countAudit({ source, period: PERIOD, hash: sha256, progress: () => undefined });
}

describe('the period', () => {
  it.each([
    [{ from: '2026-01-01', to: '2026-02-01' }, '2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'],
    [{ from: '2026-01-01T02:00:00+02:00', to: '2026-01-02' }, '2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'],
  ])('%j', (flags, from, to) => {
    expect(periodOf(flags)).toEqual({ from: Date.parse(from), to: Date.parse(to) });
  });

  it.each([
    [{ from: '2026-02-30', to: '2026-03-01' }, '--from is no day of the calendar'],
    [{ from: 'yesterday', to: '2026-03-01' }, '--from is no time'],
    [{ from: '2026-01-01', to: '1767225600000' }, '--to is no time'],
    [{ from: '2026-01-01', to: '2026-01-01' }, '--to does not lie after --from'],
    [{ from: '2026-02-01', to: '2026-01-01' }, '--to does not lie after --from'],
  ])('%j is refused', (flags, message) => {
    expect(() => periodOf(flags)).toThrow(message);
  });
});

describe('counting', () => {
  it.each([
    ['a topic', () => overTopic(CHAIN.map(encode))],
    ['a file', () => overFile(CHAIN.map(segmentLine))],
  ])('takes what was decided from the first moment on and before the last, of %s', async (_of, count) => {
    const { tally, unusable } = await count();
    expect(tally.chains).toMatchObject([{ firstOffset: 10, lastOffset: 29, records: 18, missing: 0 }]);
    expect(unusable).toEqual({ count: 0, first: [] });
  });

  it('misses nothing where the clock of a broker is behind that of the workers', async () => {
    const { tally } = await overTopic(CHAIN.map(encode), PERIOD, -HOUR + 1);
    expect(tally.records).toBe(18);
  });

  it('names what is altered, cut off or no segment, and does not count it', async () => {
    const [first, second, third, fourth] = CHAIN.map(encode) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const forged = encode({ ...CHAIN[1]!, records: [{ skip: 0, count: 1, shape: 0 }] });
    const inconsistent = encode(sealed({ ...CHAIN[2]!, records: [{ skip: 0, count: 100, shape: 0 }] }));
    const { tally, unusable } = await overTopic([
      first,
      forged,
      second.slice(0, -3),
      null,
      inconsistent,
      third,
      fourth,
    ]);
    expect(tally.records).toBe(9);
    expect(unusable).toEqual({ count: 4, first: ['audit/0/1', 'audit/0/2', 'audit/0/3', 'audit/0/4'] });
  });

  it('counts a segment that stands there twice once', async () => {
    const [, second, third] = CHAIN.map(segmentLine);
    const { tally, unusable } = await overFile([second!, second!, third!, '{"half"', '']);
    expect(tally.records).toBe(18);
    expect(unusable).toEqual({ count: 2, first: ['audit.jsonl:2', 'audit.jsonl:4'] });
  });
});

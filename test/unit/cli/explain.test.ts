import { describe, expect, it } from 'vitest';
import { AUDIT_TOPIC } from '../../../services/core/own-topics.ts';
import type { AuditSegment } from '../../../services/core/audit/segment.ts';
import { GENESIS } from '../../../services/core/audit/segment.ts';
import type { RawRecord } from '../../../services/core/transport.ts';
import { makeMemorySchemaRegistry } from '../../../services/adapters/memory/schema-registry.ts';
import { makeMemoryTopicReader } from '../../../services/adapters/memory/topic-reader.ts';
import { auditOfRecord } from '../../../services/cli/audit-of-record.ts';
import { makeCheckedOutputSchemas } from '../../../services/cli/checked-output-schemas.ts';
import { parseCoordinate } from '../../../services/cli/coordinate.ts';
import { inputRecords } from '../../../services/cli/explain.ts';
import { recordAt } from '../../../services/cli/record-at.ts';

const raw = (offset: number, value = `${offset}`, timestamp = 1_000): RawRecord => ({
  ...{ offset, timestamp, key: null, headers: null },
  value: Buffer.from(value),
});

describe('a coordinate', () => {
  it.each([
    ['raw.x/0/42', { topic: 'raw.x', partition: 0, offset: 42 }],
    ['a_b-C.9/12/0', { topic: 'a_b-C.9', partition: 12, offset: 0 }],
  ])('%s', (text, expected) => {
    expect(parseCoordinate(text, '--at')).toEqual(expected);
  });

  it.each([
    '',
    'raw.x',
    'raw.x/0',
    'raw.x/0/-1',
    'raw.x/00/1',
    'raw.x/0/1/2',
    'raw.x/a/1',
    'é/0/1',
    'x/0/1e3',
    'x/0/9007199254740993',
  ])('none: %s', (text) => {
    expect(() => parseCoordinate(text, '--at')).toThrow('--at is no coordinate of a record');
  });
});

describe('the record at a coordinate', () => {
  const reader = makeMemoryTopicReader({
    'raw.x': [
      { records: [raw(3), raw(4), raw(7)], end: 9 },
      { records: [], low: 5, end: 5 },
    ],
  });
  const found = async (at: string) => recordAt(reader, parseCoordinate(at, '--at'));

  it('is found', async () => {
    expect(await found('raw.x/0/4')).toMatchObject({ found: true, record: { offset: 4, value: Buffer.from('4') } });
  });

  it.each([
    ['nope/0/1', 'Kafka topic nope does not exist'],
    ['raw.x/2/0', 'raw.x has no partition 2: it has 2, counted from 0'],
    ['raw.x/0/9', 'raw.x/0 has no offset 9 yet: it holds 3 to 8'],
    ['raw.x/1/5', 'raw.x/1 has no offset 5 yet: it holds none (the next one is 5)'],
    ['raw.x/0/2', 'raw.x/0 no longer has offset 2, retention deleted it: it holds 3 to 8'],
    ['raw.x/0/5', "raw.x/0/5 holds no record: it was compacted away or aborted, or is a transaction's marker"],
    ['raw.x/0/8', "raw.x/0/8 holds no record: it was compacted away or aborted, or is a transaction's marker"],
  ])('or why not: %s', async (at, message) => {
    expect(await found(at)).toEqual({ found: false, message });
  });

  it('an outage is an outage', async () => {
    const broken = { ...reader, bounds: () => Promise.reject(new Error('no broker')) };
    await expect(recordAt(broken, parseCoordinate('raw.x/0/4', '--at'))).rejects.toThrow('no broker');
  });
});

describe('the audit of a record', () => {
  const segment = (firstOffset: number, lastOffset: number, over: Partial<AuditSegment> = {}): AuditSegment => ({
    ...{ topic: 'raw.x', partition: 1, firstOffset, lastOffset, bundle: 'b', watermark: null, decidedAt: 1 },
    ...{ outputs: [], treatments: [], shapes: [], records: [], previous: GENESIS, hash: GENESIS },
    ...over,
  });
  const DAY = 86_400_000;
  const audit = (partitions: readonly (readonly [number, AuditSegment | string][])[]) =>
    makeMemoryTopicReader({
      [AUDIT_TOPIC]: partitions.map((records) => ({
        records: records.map(([timestamp, value], offset) =>
          raw(offset, typeof value === 'string' ? value : JSON.stringify(value), timestamp),
        ),
      })),
    });
  const decode = (bytes: Uint8Array): AuditSegment | null => {
    try {
      return JSON.parse(Buffer.from(bytes).toString()) as AuditSegment;
    } catch {
      return null;
    }
  };
  const of = (reader: ReturnType<typeof audit>, offset = 5, timestamp = 10 * DAY) =>
    auditOfRecord({ topic: 'raw.x', partition: 1, offset }, { reader, decode, timestamp });

  it('is the segment that answers for its offset, of its own partition', async () => {
    const reader = audit([
      [[10 * DAY, segment(0, 9, { partition: 0, bundle: 'other' })]],
      [
        [10 * DAY, segment(0, 4)],
        [10 * DAY, 'not a segment'],
        [10 * DAY, segment(0, 9, { topic: 'raw.y' })],
        [10 * DAY, segment(5, 5, { bundle: 'mine' })],
        [10 * DAY, segment(6, 9)],
      ],
    ]);
    expect(await of(reader)).toMatchObject({ segment: { bundle: 'mine' }, decisions: 1 });
    expect(await of(reader, 10)).toEqual({ segment: null, decisions: 0 });
  });

  it('decided about twice: the latest counts, and that is told', async () => {
    const twice = audit([
      [],
      [
        [10 * DAY, segment(0, 9)],
        [11 * DAY, segment(0, 9, { bundle: 'later' })],
      ],
    ]);
    expect(await of(twice)).toMatchObject({ segment: { bundle: 'later' }, decisions: 2 });
  });

  it('is found where the clock of the producer was far ahead, and where the audit had fewer partitions', async () => {
    const early = audit([
      [],
      [
        [DAY, segment(0, 9)],
        [20 * DAY, segment(10, 19)],
      ],
    ]);
    expect(await of(early, 5, 15 * DAY)).toMatchObject({ segment: { lastOffset: 9 } });
    const elsewhere = audit([[[10 * DAY, segment(0, 9)]], []]);
    expect(await of(elsewhere)).toMatchObject({ segment: { lastOffset: 9 } });
  });

  it('no audit, or an empty one: nobody has decided', async () => {
    expect(await of(makeMemoryTopicReader({}))).toEqual({ segment: null, decisions: 0 });
    expect(await of(audit([[], []]))).toEqual({ segment: null, decisions: 0 });
  });
});

describe('records of an input', () => {
  async function* bytes(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
    for (const text of texts) yield Buffer.from(text);
  }
  const read = async (maxBytes: number, ...texts: string[]) => {
    const records: [number | null, string | null][] = [];
    for await (const { line, bytes: one } of inputRecords(bytes(...texts), maxBytes)) {
      records.push([line, one === null ? null : Buffer.from(one).toString()]);
    }
    return records;
  };

  it.each([
    ['nothing', [''], []],
    ['blank lines', [' \n\t\r\n'], []],
    ['a line', ['{"a":1}'], [[1, '{"a":1}']]],
    [
      'lines, blank ones counted',
      ['{"a":1}\n\n{"a"', ':2}\n'],
      [
        [1, '{"a":1}'],
        [3, '{"a":2}'],
      ],
    ],
    ['one that spans lines', ['{\n  "a": 1.50\n}\n'], [[null, '{\n  "a": 1.50\n}\n']]],
    [
      'a bad line among good ones',
      ['{"a":1}\n{"a"\n{"a":2}'],
      [
        [1, '{"a":1}'],
        [2, '{"a"'],
        [3, '{"a":2}'],
      ],
    ],
    [
      'a bad first line',
      ['{"a"\n{"a":2}'],
      [
        [1, '{"a"'],
        [2, '{"a":2}'],
      ],
    ],
    [
      'a line that is too long',
      [`${'x'.repeat(200)}\n{"a":2}`],
      [
        [1, null],
        [2, '{"a":2}'],
      ],
    ],
  ] as const)('%s', async (_name, texts, expected) => {
    expect(await read(100, ...texts)).toEqual(expected);
  });

  it('what together is too long is taken line by line', async () => {
    const lines = ['{', ...Array.from({ length: 60 }, (_, index) => `"k${index}":1,`), '"z":1}'];
    expect(await read(100, lines.join('\n'))).toHaveLength(lines.length);
  });
});

describe('output schemas that are only checked', () => {
  const v1 = '{"type":"record","name":"R","fields":[]}';
  const same = '{"name":"R","fields":[],"type":"record"}';

  it('nothing is registered; what would be refused is', async () => {
    const registry = makeMemorySchemaRegistry((schema) => (schema.includes('bad') ? 'no' : null));
    await registry.register('s-value', v1);
    const { idOf, textOf } = makeCheckedOutputSchemas(registry);
    const id = await idOf('s-value', same);
    expect(await idOf('s-value', same)).toBe(id);
    expect(await idOf('other-value', same)).not.toBe(id);
    expect([textOf(id), textOf(99)]).toEqual([same, null]);
    await expect(idOf('s-value', '{"type":"record","name":"bad","fields":[]}')).rejects.toThrow('would refuse');
    expect(await registry.versions('s-value')).toHaveLength(1);
  });

  it('what is registered already is found, whatever came after it', async () => {
    const registry = { versions: async () => [{ id: 1, schema: v1 }], incompatibility: async () => 'no' };
    expect(await makeCheckedOutputSchemas(registry).idOf('s-value', same)).toBe(0);
  });
});

/** `lethe tap` over topics in memory that grow while it looks. */
import { describe, expect, it } from 'vitest';
import { makeSegmentCodec } from '../../../services/adapters/avro-single-object/audit-segments.ts';
import { makeMemoryTopicReader } from '../../../services/adapters/memory/topic-reader.ts';
import { type TapRun, type Tapped, runTap } from '../../../services/cli/tap.ts';
import { makeOutputTails, shownValue } from '../../../services/cli/tap-values.ts';
import type { AuditSegment } from '../../../services/core/audit/segment.ts';
import { LetheError } from '../../../services/core/errors.ts';
import { textLine } from '../../../services/core/tap/lines.ts';
import type { TopicReader } from '../../../services/core/topic-reader.ts';
import type { RawRecord } from '../../../services/core/transport.ts';
import { sha256 } from '../core/audit/audit-fixture.ts';
import { MIXED, segmentOf } from '../core/tap/tap-fixture.ts';

const { encode, decode } = makeSegmentCodec();
const CANARY = 'canary@example.com';
const DECIDED_AT = 1_748_736_000_000;

type Topics = Record<string, { records: RawRecord[]; low?: number; end?: number }[]>;

/** Topics with one partition each; `raw.a` holds what nobody may see, also under the name of a published record. */
function makeTopics() {
  const topics: Topics = { 'lethe.audit': [{ records: [] }], 'raw.a': [{ records: [] }], 'clean.a': [{ records: [] }] };
  topics['clean.f'] = [{ records: [] }];
  const append = (topic: string, value: Uint8Array | null, source?: string): void => {
    const records = topics[topic]![0]!.records;
    const headers = source === undefined ? {} : { 'lethe-source': Buffer.from(source) };
    records.push({ offset: (records.at(-1)?.offset ?? -1) + 1, timestamp: DECIDED_AT, key: null, value, headers });
  };
  const audit = (segment: AuditSegment): void => append('lethe.audit', encode(segment));
  const publish = (topic: string, source: string, text: string): void => append(topic, Buffer.from(text), source);
  for (let offset = 0; offset < 10; offset++) publish('raw.a', `raw.a/0/${offset}`, CANARY);
  return { topics, append, audit, publish };
}

/** Steps happen one after each round; then it is stopped. */
async function tapped(
  topics: Topics,
  steps: readonly (() => void)[],
  more: Partial<TapRun> & { readonly withValues?: boolean; readonly reader?: TopicReader } = {},
) {
  const lines: string[] = [];
  const troubles: string[] = [];
  const reader = more.reader ?? makeMemoryTopicReader(topics);
  const read = new Set<string>();
  const watched: TopicReader = {
    ...reader,
    read: (range) => {
      read.add(range.topic);
      return reader.read(range);
    },
  };
  let round = 0;
  let now = 0;
  const tap: Tapped = await runTap({
    ...{ reader: watched, auditTopic: 'lethe.audit', decode, hash: sha256, sample: null, limit: null },
    selection: { topic: 'raw.a', output: null, outcome: null, reason: null },
    values: more.withValues === true ? makeOutputTails(watched, 'raw.a', null) : null,
    show: async (decision, published, leftOut) => {
      const value = published === null ? null : await shownValue(published, async () => null);
      lines.push(`${leftOut === 0 ? '' : `+${leftOut} `}${textLine(decision, value, (_, text) => text)}`);
      return true;
    },
    rounded: async () => undefined,
    troubled: ({ message }) => void troubles.push(message),
    wait: async (milliseconds) => {
      now += milliseconds;
      steps[round]?.();
      return round++ < steps.length;
    },
    stopped: () => false,
    now: () => now,
    ...more,
  });
  return { lines, tap, troubles, read };
}

const short = (line: string): string =>
  line
    .split('  ')
    .slice(1)
    .map((part) => part.trim())
    .filter(Boolean)
    .slice(0, 2)
    .join(' ');

describe('what is shown', () => {
  it('begins with what is decided from now on, of every segment, in order', async () => {
    const { topics, audit } = makeTopics();
    audit(segmentOf(MIXED));
    const { lines, tap } = await tapped(topics, [
      () => audit(segmentOf([{ skip: 0, count: 2, shape: 2 }], { firstOffset: 10 })),
      () => undefined,
      () => audit(segmentOf([{ skip: 0, count: 1, shape: 1 }], { firstOffset: 12 })),
    ]);
    expect(lines.map(short)).toEqual([
      'dead_lettered raw.a/0/10 → -',
      'dead_lettered raw.a/0/11 → -',
      'withheld raw.a/0/12 → clean.a',
      'published raw.a/0/12 → clean.f',
    ]);
    expect(tap).toEqual({ shown: 4, leftOut: 0, unusable: 0 });
  });

  it('ends after so many decisions', async () => {
    const { topics, audit } = makeTopics();
    const { tap } = await tapped(topics, [() => audit(segmentOf(MIXED)), () => audit(segmentOf(MIXED))], { limit: 5 });
    expect(tap.shown).toBe(5);
  });

  it('is a sample of records, each with all that is selected of it, and how many were left out', async () => {
    const { topics, audit } = makeTopics();
    const { lines, tap } = await tapped(topics, [() => audit(segmentOf([{ skip: 0, count: 100, shape: 0 }]))], {
      sample: 3,
    });
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatch(/^\+97 /);
    expect(new Set(lines.map((line) => /raw\.a\/0\/\d+/.exec(line)?.[0])).size).toBe(3);
    expect(tap.leftOut).toBe(97);
  });

  it('leaves out what is no segment, contradicts itself, was altered, or is of another topic', async () => {
    const { topics, audit, append } = makeTopics();
    const { lines, tap } = await tapped(topics, [
      () => {
        append('lethe.audit', null);
        append('lethe.audit', Buffer.from(CANARY));
        audit({ ...segmentOf(MIXED), hash: 'ff'.repeat(32) });
        audit(segmentOf([{ skip: 0, count: 1, shape: 9 }]));
        audit(segmentOf([{ skip: 0, count: 2e6, shape: 0 }]));
        audit(segmentOf(MIXED, { topic: 'raw.b' }));
        audit(segmentOf([{ skip: 0, count: 1, shape: 2 }]));
      },
    ]);
    expect(lines.map(short)).toEqual(['dead_lettered raw.a/0/0 → -']);
    expect(tap.unusable).toBe(5);
  });

  it('goes on with what is left where retention was quicker, and where the topic was made anew', async () => {
    const { topics, audit } = makeTopics();
    for (let n = 0; n < 5; n++) audit(segmentOf(MIXED));
    const one = (firstOffset: number) => () => audit(segmentOf([{ skip: 0, count: 1, shape: 2 }], { firstOffset }));
    const { lines } = await tapped(topics, [
      () => {
        one(20)();
        one(21)();
        topics['lethe.audit'] = [{ records: topics['lethe.audit']![0]!.records.slice(-1), low: 6 }];
      },
      () => {
        topics['lethe.audit'] = [{ records: [] }];
        one(30)();
      },
    ]);
    expect(lines.map(short)).toEqual(['dead_lettered raw.a/0/21 → -', 'dead_lettered raw.a/0/30 → -']);
  });

  it('outlives an outage, but not a topic that is missing from the start', async () => {
    const { topics, audit } = makeTopics();
    const memory = makeMemoryTopicReader(topics);
    let fails = false;
    const reader: TopicReader = {
      ...memory,
      bounds: async (topic) => {
        if (fails) throw new LetheError('unavailable', 'gone');
        return memory.bounds(topic);
      },
    };
    const { lines, troubles } = await tapped(
      topics,
      [
        () => {
          fails = true;
          audit(segmentOf([{ skip: 0, count: 1, shape: 2 }]));
        },
        () => void (fails = false),
      ],
      { reader },
    );
    expect(troubles).toEqual(['gone']);
    expect(lines).toHaveLength(1);
    await expect(tapped({}, [])).rejects.toThrow('does not exist');
  });
});

describe('values', () => {
  it('are those of the output topics, whichever is seen first; what was withheld or dead-lettered has none', async () => {
    const { topics, audit, publish, append } = makeTopics();
    const { lines, read } = await tapped(
      topics,
      [
        () => {
          // Old, and of the record itself: neither is to be taken for what was published.
          publish('clean.f', 'raw.a/0/99', '"other"');
          publish('clean.a', 'raw.a/0/0', '{"e":"u***@example.com"}');
          audit(
            segmentOf([
              { skip: 0, count: 1, shape: 0 },
              { skip: 0, count: 1, shape: 1 },
              { skip: 0, count: 1, shape: 2 },
              { skip: 0, count: 1, shape: 3 },
            ]),
          );
        },
        () => {
          publish('clean.f', 'raw.a/0/0', 'not json');
          publish('clean.f', 'raw.a/0/1', '{"n":1.0}');
          append('clean.a', null, 'raw.a/0/3');
        },
      ],
      { withValues: true },
    );
    expect(
      lines.map((line) =>
        line
          .split('  ')
          .filter(Boolean)
          .slice(1)
          .map((part) => part.trim()),
      ),
    ).toEqual([
      ['published', 'raw.a/0/0 → clean.a', '-', 'keep: id; mask: e', '{"e":"u***@example.com"}'],
      ['published', 'raw.a/0/0 → clean.f', '-', 'keep: id', '8 bytes'],
      ['withheld', 'raw.a/0/1 → clean.a', 'consent_missing'],
      ['published', 'raw.a/0/1 → clean.f', '-', 'keep: id', '{"n":1.0}'],
      ['dead_lettered', 'raw.a/0/2 → -', 'action_failed', 'at e'],
      ['published', 'raw.a/0/3 → clean.a', 'tombstone', 'tombstone'],
      ['withheld', 'raw.a/0/3 → clean.f', 'tombstone'],
    ]);
    expect([...read].sort()).toEqual(['clean.a', 'clean.f', 'lethe.audit']);
  });

  it('never come from a raw topic, nor from one of Lethe’s own, whatever the audit names as outputs', async () => {
    const { topics, audit, publish } = makeTopics();
    topics['lethe.dead-letters'] = [{ records: [] }];
    publish('lethe.dead-letters', 'raw.a/0/0', JSON.stringify(CANARY));
    const { lines, read } = await tapped(
      topics,
      [
        () => audit(segmentOf([{ skip: 0, count: 1, shape: 0 }], { outputs: ['raw.a', 'lethe.dead-letters'] })),
        ...Array.from({ length: 12 }, () => () => undefined),
      ],
      { withValues: true },
    );
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/value not seen$/);
    expect(lines.join('')).not.toContain('canary');
    expect([...read]).toEqual(['lethe.audit']);
  });

  it('of a bundle’s outputs alone, where it is known', async () => {
    const { topics, publish } = makeTopics();
    publish('clean.a', 'raw.a/0/0', CANARY);
    const tails = makeOutputTails(makeMemoryTopicReader(topics), 'raw.a', new Set(['clean.f']));
    tails.want('clean.a', DECIDED_AT);
    await tails.read();
    expect(tails.take('clean.a', 'raw.a/0/0')).toEqual({ found: false });
  });

  it('that do not turn up hold nobody up for long, nor does an output topic that is not there', async () => {
    const { topics, audit } = makeTopics();
    delete topics['clean.a'];
    const { lines, troubles } = await tapped(
      topics,
      [() => audit(segmentOf([{ skip: 0, count: 1, shape: 0 }])), ...Array.from({ length: 12 }, () => () => undefined)],
      { withValues: true },
    );
    expect(lines).toHaveLength(2);
    expect(troubles[0]).toBe('Kafka topic clean.a does not exist');
  });
});

it('a value is JSON, or Avro that the registry knows, or a size', async () => {
  const shown = (value: Uint8Array | null, avro: string | null = null) =>
    shownValue({ found: true, value }, async () => avro);
  expect(await shown(Buffer.from('{"a":1.0}'))).toEqual({ kind: 'json', json: '{"a":1.0}', bytes: 9 });
  expect(await shown(Buffer.from('{"a":'))).toEqual({ kind: 'bytes', bytes: 5 });
  expect(await shown(Buffer.from([0xff]))).toEqual({ kind: 'bytes', bytes: 1 });
  expect(await shown(new Uint8Array(0))).toEqual({ kind: 'bytes', bytes: 0 });
  expect(await shown(Buffer.from([0, 0, 0, 0, 1, 2]), '{"a":1}')).toMatchObject({ kind: 'json', json: '{"a":1}' });
  expect(await shown(Buffer.from([0, 0, 0, 0, 1, 2]))).toEqual({ kind: 'bytes', bytes: 6 });
  expect(await shown(null)).toEqual({ kind: 'tombstone' });
  expect(await shownValue({ found: false }, async () => null)).toEqual({ kind: 'missing' });
});

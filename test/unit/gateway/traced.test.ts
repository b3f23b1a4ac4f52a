import { describe, expect, it } from 'vitest';
import type { BatchSpan, BatchStart, Tracer } from '../../../services/core/batch-span.ts';
import { LetheError } from '../../../services/core/errors.ts';
import type { BatchResult, RawBatch } from '../../../services/core/transport.ts';
import { MAX_LINKS, startOf, traced } from '../../../services/gateway/traced.ts';
import { batchOf, bundleOf, context, MASKING, record, setUp } from './fixture.ts';

const OURS = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
const theirs = (n: number): string => `00-${'c'.repeat(32)}-${n.toString(16).padStart(16, '0')}-01`;

/** Writes down what it is told. */
function makeRecorder() {
  const starts: BatchStart[] = [];
  const told: unknown[] = [];
  const span: BatchSpan = {
    traceparent: OURS,
    judged: (route, digest) => told.push(['judged', route, digest]),
    stage: (stage) => told.push(stage),
    counted: (counted) => told.push(counted),
    end: (how, code) => told.push([how, code]),
  };
  const tracer: Tracer = {
    start: (batch) => {
      starts.push(batch);
      return span;
    },
    close: async () => undefined,
  };
  return { tracer, starts, told };
}

const carrying = (batch: RawBatch, headerOf: (index: number) => string | null): RawBatch => ({
  ...batch,
  records: batch.records.map((one, index) => {
    const header = headerOf(index);
    return { ...one, headers: header === null ? {} : { traceparent: Buffer.from(header) } };
  }),
});

describe('what a span begins with', () => {
  it('links each context once, with the first record that carries it', () => {
    const batch = carrying(
      batchOf(Array<string>(6).fill('{}')),
      (index) => [theirs(1), null, theirs(1), theirs(2), 'no context', theirs(2)][index] ?? null,
    );
    expect(startOf(batch)).toEqual({
      ...{ topic: 'raw.events', partition: 4, records: 6, offsets: { first: 10, last: 15 }, unlinked: 0 },
      links: [
        { context: { traceId: 'c'.repeat(32), spanId: '0000000000000001', sampled: true }, offset: 10 },
        { context: { traceId: 'c'.repeat(32), spanId: '0000000000000002', sampled: true }, offset: 13 },
      ],
    });
  });

  it('has no more links than a span holds, and says how many records have none', () => {
    const batch = carrying(batchOf(Array<string>(MAX_LINKS + 3).fill('{}')), (index) => theirs(index + 1));
    const { links, unlinked } = startOf(batch);
    expect([links.length, unlinked]).toEqual([MAX_LINKS, 3]);
  });

  it('may have no record', () => {
    expect(startOf(batchOf([]))).toMatchObject({ records: 0, offsets: null, links: [] });
  });
});

describe('a batch that is traced', () => {
  const started = async (change?: Parameters<typeof bundleOf>[1]) => {
    const fixture = await setUp();
    if (change !== undefined) await fixture.stores.bundles.activate(bundleOf('action: mask, mask: email', change));
    await fixture.stores.consents.add([fixture.consent('cust-1', 'granted', 1)]);
    const recorder = makeRecorder();
    return { ...fixture, ...recorder, handler: traced(fixture.handler, recorder.tracer), plain: fixture.handler };
  };
  const batch = carrying(batchOf([record('cust-1'), record('cust-2'), 'no JSON', null]), (index) => theirs(index + 1));
  const headersOf = ({ publications }: BatchResult) =>
    publications.map(({ topic, headers }) => [topic, headers['traceparent']]);

  it('tells its stages and, once committed, its counts', async () => {
    const { handler, told, starts } = await started();
    const result = await handler(batch, context());
    expect(starts).toHaveLength(1);
    const before = [['judged', 'events', MASKING.digest], 'decode', 'lookup', 'decide', 'apply', 'encode'];
    expect(told).toEqual(before);
    result.committed();
    expect(told).toEqual([...before, { published: 3, withheld: 3, deadLettered: 1 }]);
    expect(result.span).toBeDefined();
  });

  it('gives its own context to the outputs, not to dead letters and audit', async () => {
    const { handler } = await started();
    expect(headersOf(await handler(batch, context()))).toEqual([
      ['clean.keyed', OURS],
      ['clean.unkeyed', OURS],
      ['lethe.dead-letters', undefined],
      ['clean.keyed', OURS],
      ['lethe.audit', undefined],
    ]);
  });

  it('leaves it to a policy that says itself what becomes of it', async () => {
    const { handler } = await started((text, file) =>
      file === 'policies/events.yaml'
        ? text
            .replace('fields:', 'headers: { traceparent: system }\nfields:')
            // The second output keeps none of the system's.
            .replace(/(clean\.unkeyed[^]*)select: system, action: keep/, '$1select: at, action: keep')
        : text,
    );
    const one = carrying(batchOf([record('cust-1'), record('cust-1')]), (index) => (index === 0 ? theirs(7) : null));
    const raw = [Buffer.from(theirs(7))];
    expect(headersOf(await handler(one, context()))).toEqual([
      ['clean.keyed', raw],
      ['clean.unkeyed', undefined],
      ['clean.keyed', undefined],
      ['clean.unkeyed', undefined],
      ['lethe.audit', undefined],
    ]);
  });

  it('comes to the same as one that is not, but for the header', async () => {
    const { handler, plain, segments } = await started();
    const without = ({ publications, metadata }: BatchResult) => ({
      metadata,
      publications: publications.map(({ headers, ...rest }) => {
        const others = Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'traceparent'));
        return { ...rest, headers: others, value: rest.topic === 'lethe.dead-letters' ? null : rest.value };
      }),
    });
    const untraced = await plain(batch, context());
    expect(headersOf(untraced).every(([, header]) => header === undefined)).toBe(true);
    expect(without(await handler(batch, context()))).toEqual(without(untraced));
    expect(segments[1]).toEqual(segments[0]);
  });

  it.each([
    ['what is not there', new LetheError('unavailable', 'Redis: user1@example.com'), ['failed', 'unavailable']],
    ['a bug', new TypeError('user1@example.com'), ['failed', 'bug']],
  ])('ends with the code of %s, and the error goes on', async (_, error, end) => {
    const { tracer, told } = makeRecorder();
    const failing = traced(async () => Promise.reject(error), tracer);
    await expect(failing(batch, context())).rejects.toBe(error);
    expect(told).toEqual([end]);
  });

  it('ends as taken away where the group refuses a heartbeat', async () => {
    const { handler, told } = await started();
    const refusal = new Error('rebalancing');
    const leaving = { metadata: null, heartbeat: () => Promise.reject(refusal) };
    await expect(handler(batch, leaving)).rejects.toBe(refusal);
    expect(told.at(-1)).toEqual(['fenced', 'fenced']);
  });
});

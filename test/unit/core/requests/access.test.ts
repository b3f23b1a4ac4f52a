import { describe, expect, it } from 'vitest';
import type { AuditSegment } from '../../../../services/core/audit/segment.ts';
import type { ConsentEvent } from '../../../../services/core/consent-event.ts';
import { type AccessPorts, accessReport } from '../../../../services/core/requests/access.ts';
import { current, makeWorld, RECEIVED } from './world.ts';

const said = (decision: ConsentEvent['decision'], at: number, version: number): ConsentEvent => ({
  purpose: 'analytics',
  decision,
  at,
  version,
  region: null,
  recipients: [],
  method: 'explicit',
  notice: null,
  source: 'app',
  expires: null,
});

const segment = (topic: string, bundle: string): AuditSegment => ({
  topic,
  partition: 0,
  firstOffset: 3,
  lastOffset: 9,
  bundle,
  watermark: null,
  decidedAt: 0,
  outputs: ['clean.x', 'clean.a'],
  treatments: [[], [{ path: 'customer.email', effect: 'mask' }]],
  shapes: [
    {
      deadLetter: null,
      outputs: [
        { outcome: 'published', reason: null, treatment: 0 },
        { outcome: 'published', reason: null, treatment: 1 },
      ],
    },
  ],
  records: [{ skip: 2, count: 1, shape: 0 }],
  previous: '',
  hash: '',
});

const record = (key: string, offset: number, source: string | null, tombstone = false) => ({
  key,
  offset,
  source,
  tombstone,
  timestamp: offset,
  partition: 1,
});

const ports = (more: Partial<AccessPorts> = {}): AccessPorts => ({
  events: async () =>
    new Map([
      ['token-1', [said('withdrawn', 30, 1)]],
      ['token-2', [said('granted', 20, 7)]],
    ]),
  outputs: async () => RECEIVED.outputs,
  indexed: async () => [{ topic: 'clean.b', partition: 1, key: 'order-7' }],
  records: async function* (topic) {
    if (topic === 'clean.a') {
      yield record('key-1', 4, 'raw.a/0/5');
      yield record('key-of-another', 5, 'raw.a/0/5');
      yield record('key-2', 6, 'raw.a/0/8');
      yield record('key-2', 7, 'lethe.requests/0/0', true);
    }
    if (topic === 'clean.b') {
      yield record('order-7', 1, 'raw.a/0/5');
      yield record('order-8', 2, 'raw.a/0/5');
    }
  },
  segments: async function* () {
    yield segment('raw.a', 'first');
    yield segment('raw.other', 'other');
    yield segment('replay of raw.a', 'second');
  },
  rawTopicOf: ({ topic }) => topic.replace('replay of ', ''),
  now: () => 1_000,
  ...more,
});

describe('the report of an access request', () => {
  it('tells consents under every token, and what counts now', async () => {
    const report = await accessReport(current(makeWorld()), ports());
    expect(report.history.map(({ decision, at }) => [decision, at])).toEqual([
      ['granted', '1970-01-01T00:00:00.020Z'],
      ['withdrawn', '1970-01-01T00:00:00.030Z'],
    ]);
    expect({ ...report.consents }).toEqual({
      analytics: { decision: 'withdrawn', since: '1970-01-01T00:00:00.030Z' },
    });
    expect(report).toMatchObject({ erased: false, tokens: RECEIVED.tokens });
  });

  it("finds the subject's records, and nobody else's, with the form that the latest audit gives them", async () => {
    const { published, forms } = await accessReport(current(makeWorld()), ports());
    expect(published.map(({ topic, records }) => [topic, records.map(({ at }) => at)])).toEqual([
      ['clean.a', ['clean.a/1/4', 'clean.a/1/6', 'clean.a/1/7']],
      ['clean.b', ['clean.b/1/1']],
      ['clean.c', []],
    ]);
    const [known, unknown, gone] = published[0]!.records;
    expect(known).toMatchObject({ source: 'raw.a/0/5', bundle: 'second', deleted: false });
    expect(forms[known?.form ?? -1]).toEqual([{ path: 'customer.email', effect: 'mask' }]);
    expect(unknown).toMatchObject({ bundle: null, form: null });
    expect(gone).toMatchObject({ deleted: true, form: null });
  });

  it('reads no audit where nothing was published', async () => {
    const report = await accessReport(
      current(makeWorld()),
      ports({
        records: async function* () {
          // holds nothing
        },
        segments: () => {
          throw new Error('read the audit');
        },
      }),
    );
    expect(report.published.every(({ records }) => records.length === 0)).toBe(true);
  });
});

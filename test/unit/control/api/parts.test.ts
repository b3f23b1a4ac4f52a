import { describe, expect, it } from 'vitest';
import { makeMemoryConsentLog } from '../../../../services/adapters/memory/consent-log.ts';
import { makeMemoryTopicReader } from '../../../../services/adapters/memory/topic-reader.ts';
import { makeEffectiveWatch } from '../../../../services/control/api/effective-watch.ts';
import { makeFeedLookUp } from '../../../../services/control/api/feed-look-up.ts';
import { makeGroupedLog } from '../../../../services/control/api/grouped-log.ts';
import { makeKnownPurposes } from '../../../../services/control/api/known-purposes.ts';
import { consentReceipt } from '../../../../services/control/api/receipt.ts';
import { CONSENT_DECISIONS } from '../../../../services/core/consent-event.ts';
import type { ConsentLogEntry } from '../../../../services/core/ports.ts';
import type { CompiledBundle } from '../../../../services/core/policy/plan.ts';

const entry = (token: string): ConsentLogEntry => ({
  token,
  event: {
    purpose: 'analytics',
    decision: 'granted',
    at: 0,
    region: null,
    recipients: [],
    method: null,
    notice: null,
    source: null,
    expires: null,
  },
});

describe('the grouped log', () => {
  it('sends together what comes while an append is on its way, and gives each its own versions', async () => {
    const log = makeMemoryConsentLog();
    const sizes: number[] = [];
    const grouped = makeGroupedLog({
      append: async (entries) => {
        sizes.push(entries.length);
        await Promise.resolve();
        return log.append(entries);
      },
    });
    const asked = ['a', 'b', 'c', 'd'].map((token) => grouped.append([entry(token), entry(token)]));
    expect(await Promise.all(asked)).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ]);
    expect(sizes).toEqual([2, 6]);
    expect(log.entries.map(({ token }) => token).join('')).toBe('aabbccdd');
  });

  it('cuts groups that are too large, and sends a large one alone', async () => {
    const sizes: number[] = [];
    const grouped = makeGroupedLog({
      append: async (entries) => {
        sizes.push(entries.length);
        return entries.map((_, at) => at);
      },
    });
    const many = (count: number): ConsentLogEntry[] => Array.from({ length: count }, () => entry('a'));
    await Promise.all([1, 1_500, 600, 3_000, 1].map((count) => grouped.append(many(count))));
    expect(sizes).toEqual([1, 1_500, 600, 3_000, 1]);
  });

  it('fails a group together, and goes on with the next', async () => {
    let fails = true;
    const grouped = makeGroupedLog({
      append: async (entries) => {
        await Promise.resolve();
        if (fails) throw new Error('away');
        return entries.map((_, at) => at);
      },
    });
    await expect(grouped.append([entry('a')])).rejects.toThrow('away');
    const both = Promise.allSettled([grouped.append([entry('b')]), grouped.append([entry('c')])]);
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect(await grouped.append([entry('d')])).toEqual([0]);
  });
});

describe('the wait until an event is effective', () => {
  const watch = (marks: readonly (Readonly<Record<string, string>> | null | Error)[], timeoutMs = 100) => {
    let asked = 0;
    const effective = makeEffectiveWatch({
      view: {
        watermark: async () => {
          const mark = marks[Math.min(asked++, marks.length - 1)] ?? null;
          if (mark instanceof Error) throw mark;
          return mark === null ? null : { at: 1, offsets: mark };
        },
      },
      sleep: async () => {},
      timeoutMs,
    });
    return { effective, asked: () => asked };
  };

  it('ends once the view has passed every place', async () => {
    const { effective, asked } = watch([{ 0: '5' }, { 0: '6' }, { 0: '6', 1: '1' }]);
    const places = [
      { partition: 0, offset: 5 },
      { partition: 1, offset: 0 },
      { partition: 0, offset: 3 },
    ];
    expect(await effective(places)).toBe(true);
    expect(asked()).toBe(3);
  });

  it.each([
    ['stands at the event', [{ 0: '5' }]],
    ['was never written', [null]],
    ['is away', [new Error('away')]],
  ])('is given up after a while where the view %s', async (_, marks) => {
    expect(await watch(marks).effective([{ partition: 0, offset: 5 }])).toBe(false);
  });

  it('survives an outage', async () => {
    expect(await watch([new Error('away'), { 0: '6' }]).effective([{ partition: 0, offset: 5 }])).toBe(true);
  });

  it('asks once for all who wait at the moment', async () => {
    const { effective, asked } = watch([{ 0: '9' }]);
    await Promise.all([1, 2, 3].map((offset) => effective([{ partition: 0, offset }])));
    expect(asked()).toBe(1);
  });
});

describe('known purposes', () => {
  const setup = () => {
    const state = { now: 0, digest: 'd1' as string | null, away: false, compiled: 0, broken: false };
    const purposes = makeKnownPurposes({
      bundles: {
        activeDigest: async () => {
          if (state.away) throw new Error('away');
          return state.digest;
        },
        read: async (digest) => ({ digest, files: {} }),
      },
      compile: ({ digest }) => {
        if (state.broken) throw new Error('broken');
        state.compiled++;
        return { purposes: [`of-${digest}`] } as unknown as CompiledBundle;
      },
      now: () => state.now,
    });
    return { state, purposes };
  };

  it('follow the active bundle within a second, each bundle compiled once', async () => {
    const { state, purposes } = setup();
    expect(await purposes()).toEqual(new Set(['of-d1']));
    state.digest = 'd2';
    expect(await purposes()).toEqual(new Set(['of-d1']));
    state.now = 1_000;
    expect(await purposes()).toEqual(new Set(['of-d2']));
    state.now = 2_000;
    await purposes();
    expect(state.compiled).toBe(2);
    state.digest = null;
    state.now = 3_000;
    expect(await purposes()).toBeNull();
  });

  it('stay as they were while the bundle cannot be had', async () => {
    const { state, purposes } = setup();
    state.away = true;
    expect(await purposes()).toBeNull();
    state.away = false;
    state.now = 1_000;
    expect(await purposes()).toEqual(new Set(['of-d1']));
    state.away = true;
    state.now = 2_000;
    expect(await purposes()).toEqual(new Set(['of-d1']));
    Object.assign(state, { away: false, broken: true, digest: 'd2', now: 3_000 });
    expect(await purposes()).toEqual(new Set(['of-d1']));
  });
});

describe('the look-up of a place in the feed', () => {
  const record = (offset: number, value: string | null) => ({
    offset,
    timestamp: 77,
    key: null,
    value: value === null ? null : Buffer.from(value),
    headers: {},
  });
  const reader = makeMemoryTopicReader({
    'lethe.consent-events': [{ records: [record(3, 'three'), record(5, 'five'), record(6, null)], low: 2, end: 8 }],
  });
  const lookUp = makeFeedLookUp({
    reader,
    decode: (value) => (value.length === 5 ? entry(Buffer.from(value).toString()) : null),
  });

  it('finds the event there, and when it was appended', async () => {
    expect(await lookUp({ partition: 0, offset: 3 })).toMatchObject({ token: 'three', appendedAt: 77 });
  });

  it.each([0, 2, 4, 6, 7, 8, 999])('finds none at %d', async (offset) => {
    expect(await lookUp({ partition: 0, offset })).toBeNull();
  });

  it('finds none in a partition that is not', async () => {
    expect(await lookUp({ partition: 1, offset: 3 })).toBeNull();
  });

  it('does not make a receipt of what it cannot read', async () => {
    await expect(lookUp({ partition: 0, offset: 5 })).rejects.toMatchObject({ code: 'bug' });
  });
});

describe('a receipt', () => {
  it.each(CONSENT_DECISIONS)('says %s as it was, and a consent status where there is one', (decision) => {
    const { token, event } = entry('T');
    const receipt = consentReceipt('t/0/1', { token, event: { ...event, decision }, appendedAt: 5 }) as Record<
      string,
      unknown
    >;
    expect(receipt['lethe:decision']).toBe(decision);
    expect('dpv:hasLegalBasis' in receipt).toBe(decision === 'granted');
    expect('dpv:hasConsentStatus' in receipt).toBe(!['objected', 'reinstated'].includes(decision));
  });

  it('holds every field of the event', () => {
    const event = {
      purpose: 'marketing',
      decision: 'granted',
      at: 1_000,
      region: 'US-CA',
      recipients: ['acme'],
      method: 'implicit',
      notice: 'n-7',
      source: 'shop',
      expires: 2_000,
    } as const;
    const text = JSON.stringify(consentReceipt('t/0/1', { token: 'T', event, appendedAt: 5 }));
    for (const part of [
      'marketing',
      '"loc:US-CA"',
      'acme',
      'ImpliedConsent',
      'n-7',
      'shop',
      '00:00:01.000Z',
      '00:00:02.000Z',
      '00:00:00.005Z',
    ]) {
      expect(text).toContain(part);
    }
  });
});

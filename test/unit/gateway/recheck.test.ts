import { describe, expect, it } from 'vitest';
import { LetheError } from '../../../services/core/errors.ts';
import type { BatchResult } from '../../../services/core/transport.ts';
import { batchOf, context, NOW, record, setUp } from './fixture.ts';

const published = ({ publications }: BatchResult): string[] =>
  publications
    .filter(({ topic }) => topic.startsWith('clean.'))
    .map(({ topic, headers }) => `${topic} ${String(headers['lethe-source'])}`);

/** A pipeline whose first batch published what cust-1 and cust-2 granted, not yet committed. */
async function published1And2(options: Parameters<typeof setUp>[0] = {}) {
  const asked: (readonly string[])[] = [];
  const set = await setUp({
    ...options,
    asked: (tokens) => {
      asked.push(tokens);
      options.asked?.(tokens);
    },
  });
  const { stores, consent, handler } = set;
  await stores.consents.add([consent('cust-1', 'granted', 1), consent('cust-2', 'granted', 2)]);
  const batch = batchOf([record('cust-1'), record('cust-2'), record('cust-3')]);
  const result = await handler(batch, context());
  expect(published(result)).toHaveLength(4);
  asked.length = 0;
  return { ...set, asked, batch, result, add: stores.consents.add };
}

describe('before the commit', () => {
  it('one question that names nobody suffices where nothing was said', async () => {
    const { result, asked } = await published1And2();
    expect(await result.stillGood?.()).toBe(true);
    expect(asked).toEqual([[]]);
  });

  it('a batch of which nothing is published that rests on a consent asks nothing', async () => {
    const { handler } = await setUp();
    const withheld = await handler(batchOf([record('cust-1'), '{"id":', null]), context());
    expect(withheld.stillGood).toBeUndefined();
  });

  it.each(['withdrawn', 'denied', 'objected', 'erased'] as const)(
    'a batch is no good once a consent of it is %s, and none of it comes out when it is decided again',
    async (decision) => {
      const { result, add, consent, handler, batch } = await published1And2();
      await add([consent('cust-2', decision, 3)]);
      expect(await result.stillGood?.()).toBe(false);
      const again = await handler(batch, context());
      expect(published(again)).toEqual(['clean.keyed raw.events/4/10', 'clean.unkeyed raw.events/4/10']);
      expect(await again.stillGood?.()).toBe(true);
    },
  );

  it('a projector that moved the view is noticed like an import', async () => {
    const { result, consent, stores } = await published1And2();
    await stores.projection.project({
      partition: 0,
      low: 0,
      start: 0,
      end: 9,
      entries: [consent('cust-1', 'withdrawn', 8)],
    });
    stores.setWatermark({ at: NOW, offsets: { '0': '9' } });
    expect(await result.stillGood?.()).toBe(false);
  });

  it('what changes no publication of the batch holds nobody up', async () => {
    const { result, add, consent, asked, keyring } = await published1And2();
    const other = consent('cust-1', 'withdrawn', 4);
    await add([
      consent('cust-3', 'granted', 3),
      consent('somebody-else', 'withdrawn', 3),
      consent('cust-2', 'granted', 5),
      { ...other, event: { ...other.event, purpose: 'marketing' } },
    ]);
    expect(await result.stillGood?.()).toBe(true);
    const tokens = ['cust-1', 'cust-2'].flatMap((subject) => keyring.subjectTokens(subject));
    expect(asked).toEqual([[], tokens]);
    // What was read then is known now.
    expect(await result.stillGood?.()).toBe(true);
    expect(asked).toHaveLength(3);
    await add([consent('cust-1', 'withdrawn', 6)]);
    expect(await result.stillGood?.()).toBe(false);
  });

  it('a withdrawal is judged at the moment of the check: it took effect after the batch was decided', async () => {
    const { result, add, consent, setNow } = await published1And2();
    const withdrawn = consent('cust-1', 'withdrawn', 3);
    setNow(NOW + 40);
    await add([{ ...withdrawn, event: { ...withdrawn.event, at: NOW + 30 } }]);
    expect(await result.stillGood?.()).toBe(false);
  });

  it.each([
    ['a withdrawal that was said before takes effect', { decision: 'withdrawn', at: NOW + 30, expires: null }],
    ['the consent runs out', { decision: 'granted', at: NOW - 10, expires: NOW + 30 }],
  ] as const)('%s in between', async (_name, change) => {
    const set = await setUp();
    const grant = set.consent('cust-1', 'granted', 1);
    await set.stores.consents.add([grant, { ...grant, event: { ...grant.event, version: 2, ...change } }]);
    const result = await set.handler(batchOf([record('cust-1')]), context());
    expect(published(result)).toHaveLength(2);
    set.setNow(NOW + 29);
    expect(await result.stillGood?.()).toBe(true);
    set.setNow(NOW + 30);
    expect(await result.stillGood?.()).toBe(false);
  });

  it('an outage of the view is no permission', async () => {
    let away = false;
    const { result } = await published1And2({
      asked: () => {
        if (away) throw new LetheError('unavailable', 'away', { dependency: 'redis' });
      },
    });
    away = true;
    await expect(result.stillGood?.()).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });

  it('a view that grew old, went back or lost its watermark is no permission either', async () => {
    const { stores, handler, consent, setNow } = await setUp();
    await stores.consents.add([consent('cust-1', 'granted', 1)]);
    stores.setWatermark({ at: NOW, offsets: { '0': '9' } });
    const result = await handler(batchOf([record('cust-1')]), context());
    setNow(NOW + 60_001);
    await expect(result.stillGood?.()).rejects.toThrow(/60 s old/);
    setNow(NOW);
    stores.setWatermark({ at: NOW, offsets: { '0': '8' } });
    await expect(result.stillGood?.()).rejects.toThrow(/backwards/);
    stores.setWatermark(null);
    await expect(result.stillGood?.()).rejects.toThrow(/lost its watermark/);
    stores.setWatermark({ at: NOW, offsets: { '0': '9' } });
    expect(await result.stillGood?.()).toBe(true);
  });

  it('a view that cannot tell whether it changed is read again each time', async () => {
    const { result, asked, add, consent, keyring } = await published1And2({ stamped: false });
    expect(await result.stillGood?.()).toBe(true);
    expect(asked).toEqual([['cust-1', 'cust-2'].flatMap((subject) => keyring.subjectTokens(subject))]);
    await add([consent('cust-2', 'withdrawn', 3)]);
    expect(await result.stillGood?.()).toBe(false);
  });
});

describe('how long a withdrawal may have gone unheeded', () => {
  it('is told of each commit: since the view was whole, or since it was asked where no projector says so', async () => {
    const { handler, stores, consent, setNow, propagations } = await setUp();
    await stores.consents.add([consent('cust-1', 'granted', 1)]);
    const first = await handler(batchOf([record('cust-1')]), context());
    setNow(NOW + 100);
    await first.stillGood?.();
    setNow(NOW + 350);
    first.committed();
    stores.setWatermark({ at: NOW + 200, offsets: {} });
    const second = await handler(batchOf([record('cust-1')], 11), context());
    stores.setWatermark({ at: NOW + 300, offsets: {} });
    await second.stillGood?.();
    setNow(NOW + 1_050);
    second.committed();
    (await handler(batchOf([record('nobody')], 12), context())).committed();
    expect(propagations).toEqual([0.25, 0.75]);
  });
});

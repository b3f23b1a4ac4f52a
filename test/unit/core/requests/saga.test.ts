import { describe, expect, it } from 'vitest';
import { checkReceipt, receiptDocument } from '../../../../services/core/requests/receipt.ts';
import type { RequestEventKind } from '../../../../services/core/requests/request.ts';
import { current, Killed, makeWorld, RECEIVED, run, type World } from './world.ts';

/** The last record of each key of the subject, by place. */
function lastRecords(world: World): Map<string, boolean> {
  const last = new Map<string, boolean>();
  for (const [topic, partitions] of world.topics) {
    for (const [partition, records] of partitions.entries()) {
      for (const { key, tombstone } of records) last.set(`${topic}/${partition}/${key}`, tombstone);
    }
  }
  return last;
}

function expectErased(world: World): void {
  const request = current(world);
  expect(request.status).toBe('completed');
  expect(request.done.map(({ step }) => step)).toEqual(['mark', 'settle', 'tombstone', 'shred', 'check', 'receipt']);
  expect(world.shredded).toEqual(new Set(RECEIVED.tokens));
  const last = lastRecords(world);
  for (const place of ['clean.a/0/key-1', 'clean.a/0/key-2', 'clean.a/1/key-1', 'clean.a/1/key-2']) {
    expect(last.get(place)).toBe(true);
  }
  expect(last.get('clean.b/1/path-key')).toBe(true);
  expect([...last.keys()].some((place) => place.startsWith('clean.c'))).toBe(false);
}

const record = (key: string, tombstone = false) => ({ key, tombstone, source: 'raw.a/0/0' });

describe('erasure', () => {
  it('marks under every token, settles, buries, shreds, checks and signs, in this order', async () => {
    const world = makeWorld();
    await run(world);
    expectErased(world);
    expect(
      world.feed.map(({ token, event }) => [token, event.decision, event.purpose, event.at, event.source]),
    ).toEqual(['token-2', 'token-1'].map((token) => [token, 'erased', '*', 1000, 'request:r-1']));
    expect(world.calls.filter((name) => !name.startsWith('log:step'))).toEqual([
      'mark',
      'fence-replays',
      'bury',
      'shred',
      'forget',
      'log:completed:receipt',
    ]);
  });

  it('survives being killed before and after every effect, and after any two of them', async () => {
    const dry = makeWorld();
    let moments = 0;
    dry.hook = () => void moments++;
    await run(dry);
    expect(moments).toBeGreaterThan(16);
    for (let first = 0; first < moments; first++) {
      for (let second = 0; second < moments; second += 3) {
        const world = makeWorld();
        for (const at of [first, second]) {
          let left = at;
          world.hook = () => {
            if (left-- === 0) throw new Killed();
          };
          await run(world).catch((error: unknown) => {
            if (!(error instanceof Killed)) throw error;
          });
        }
        world.hook = () => undefined;
        await run(world);
        expectErased(world);
        const order = world.calls.filter((name) => ['mark', 'bury', 'shred'].includes(name));
        expect(order.join().replace(/(\w+)(,\1)+/g, '$1')).toBe('mark,bury,shred');
        expect(world.events.filter(({ event }) => event.kind === 'completed')).toHaveLength(1);
      }
    }
  });

  it('does nothing the second time', async () => {
    const world = makeWorld();
    const { receipt } = await run(world);
    const calls = world.calls.length;
    expect((await run(world)).receipt).toEqual(receipt);
    expect(world.calls).toHaveLength(calls);
  });

  it('is driven by two at once to one end', async () => {
    const world = makeWorld();
    await Promise.all([run(world), run(world)]);
    expectErased(world);
  });

  it('buries again what was published behind its tombstone', async () => {
    const world = makeWorld();
    let late = 2;
    world.hook = (name, when) => {
      if (name === 'shred' && when === 'after' && late-- > 0) world.topics.get('clean.a')![1]!.push(record('key-1'));
    };
    await run(world);
    expectErased(world);
    expect(world.calls.filter((name) => name === 'bury').length).toBeGreaterThan(1);
    expect(world.events.map(({ event }) => event.code)).toContain('not_buried');
  });

  it('takes the tombstones of others for none of its own', async () => {
    const world = makeWorld();
    let once = true;
    world.hook = (name, when) => {
      if (name !== 'shred' || when !== 'after' || !once) return;
      once = false;
      // Compaction took ours away, and somebody else's lies there.
      const records = world.topics.get('clean.a')![0]!;
      records[0] = { ...records[0]!, source: 'raw.a/0/1' };
    };
    await run(world);
    expectErased(world);
    expect(world.calls.filter((name) => name === 'bury')).toHaveLength(2);
  });

  it('shreds again what came back, and marks again what was lost', async () => {
    const world = makeWorld();
    let lost = false;
    world.hook = (name, when) => {
      if (name !== 'log:step_done:shred' || when !== 'after' || lost) return;
      lost = true;
      world.shredded.clear();
      world.feed.length = 0;
    };
    await run(world);
    expectErased(world);
    expect(world.feed).toHaveLength(2);
  });

  it('gives up what never holds, says why, and goes on when it is driven again', async () => {
    const world = makeWorld();
    world.hook = (name, when) => {
      if (name === 'shred' && when === 'after') world.topics.get('clean.a')![0]!.push(record('key-2'));
    };
    expect(await run(world)).toMatchObject({ status: 'open', waiting: { step: 'tombstone', code: 'not_buried' } });
    world.hook = () => undefined;
    await run(world);
    expectErased(world);
  });

  it('buries in outputs that came into the configuration later, and waits where their purpose is not known', async () => {
    const world = makeWorld();
    world.cleanups.set('clean.new', { partitions: 1, compacted: true, retentionMs: null });
    world.topics.set('clean.new', [[]]);
    world.active = { sources: [], outputs: [{ topic: 'clean.new', purpose: 'newer', keyedBy: 'subject' }] };
    expect(await run(world)).toMatchObject({ status: 'open', waiting: { code: 'purpose_unknown:newer' } });
    expect(world.calls).not.toContain('bury');
    world.active = { sources: [], outputs: [{ topic: 'clean.new', purpose: 'analytics', keyedBy: 'subject' }] };
    await run(world);
    expect(lastRecords(world).get('clean.new/0/key-1')).toBe(true);
  });

  it('names in the receipt what each output comes to, and signs all of it', async () => {
    const world = makeWorld();
    const { receipt } = await run(world);
    const document = receiptDocument(receipt!) as { receipt: Record<string, unknown> };
    expect(document.receipt).toMatchObject({
      kind: 'lethe.receipt',
      tokens: RECEIVED.tokens,
      bundle: 'digest',
      record: 'lethe.requests/0/0',
      outputs: [
        { topic: 'clean.a', fate: 'tombstoned', retention_ms: null },
        { topic: 'clean.b', fate: 'tombstoned', retention_ms: null },
        { topic: 'clean.c', fate: 'ages_out', retention_ms: 1000 },
      ],
    });
    const check = (_key: string, text: string, signature: string) => (signature === `signed ${text}` ? 'good' : 'bad');
    expect(checkReceipt(JSON.parse(JSON.stringify(document)), check)).toBe('good');
    expect(checkReceipt({ ...document, receipt: { ...document.receipt, request: 'r-2' } }, check)).toBe('bad');
    expect(checkReceipt({ receipt: null }, check)).toBe('no_receipt');
  });
});

describe('between the mark and the tombstones', () => {
  it.each([
    ['the view has not heard of it', { viewAt: 0 }, 'view_behind'],
    ['records from before are not decided about', { raw: { offset: 3 } }, 'workers_behind'],
    ['nothing was ever committed', { raw: { offset: null } }, 'workers_behind'],
    ['the last batch was decided before', { raw: { offset: 3, feed: { 0: '1' } } }, 'workers_behind'],
  ])('waits where %s', async (_, { viewAt, raw }: { viewAt?: number; raw?: object }, code) => {
    const world = makeWorld();
    if (viewAt !== undefined) world.viewAt = viewAt;
    Object.assign(world.raw, raw);
    expect(await run(world)).toMatchObject({ status: 'open', waiting: { step: 'settle', code } });
    await run(world);
    const kinds: RequestEventKind[] = world.events.map(({ event }) => event.kind);
    expect(kinds.filter((kind) => kind === 'blocked')).toHaveLength(1);
    expect(world.calls).not.toContain('bury');
    world.viewAt = Number.POSITIVE_INFINITY;
    world.raw.offset = 10;
    await run(world);
    expectErased(world);
  });

  it.each([
    ['a batch was decided under a view that knows', { offset: 3, feed: { 0: '2' } }],
    ['only markers are left', { offset: 3, gap: true }],
    ['retention took what was left', { offset: 3, low: 10 }],
  ])('goes on where %s', async (_, raw) => {
    const world = makeWorld();
    Object.assign(world.raw, raw);
    await run(world);
    expectErased(world);
    expect(world.fenced).toEqual([]);
  });

  it('fences partitions that nobody works on, before anything is buried', async () => {
    const world = makeWorld();
    world.raw.offset = 3;
    world.absent = true;
    await run(world);
    expectErased(world);
    expect(world.fenced).toEqual(['raw.a/0']);
    expect(world.calls.indexOf('fence')).toBeLessThan(world.calls.indexOf('bury'));
  });
});

describe('other requests', () => {
  it('append their consent events and are completed once no worker goes by the old ones', async () => {
    const world = makeWorld({
      ...RECEIVED,
      type: 'objection',
      consents: [{ ...RECEIVED.consents[0]!, purpose: 'analytics', decision: 'objected' }],
    });
    world.raw.offset = 3;
    expect((await run(world)).status).toBe('open');
    world.raw.offset = 10;
    expect((await run(world)).status).toBe('completed');
    expect(world.feed.map(({ event }) => event.decision)).toEqual(['objected', 'objected']);
    expect(world.calls).not.toContain('bury');
  });

  it('of access leave consents alone', async () => {
    const world = makeWorld({ ...RECEIVED, type: 'access', consents: [] });
    expect((await run(world)).done.map(({ step }) => step)).toEqual(['gather', 'receipt']);
    expect(world.feed).toEqual([]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestFiles } from '../../../services/adapters/config/digest.ts';
import { makeMemoryStores } from '../../../services/adapters/memory/stores.ts';
import { makeMemoryTopicReader } from '../../../services/adapters/memory/topic-reader.ts';
import { makeProjector, type ProjectorOptions } from '../../../services/control/projector.ts';
import type { ConsentProjection } from '../../../services/core/consent-projection.ts';
import { LetheError } from '../../../services/core/errors.ts';
import type { Log } from '../../../services/core/log.ts';
import type { RawRecord } from '../../../services/core/transport.ts';
import { event } from '../../contract/consent-store.ts';

const TOPIC = 'lethe.consent-events';
const NO_LOG: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A feed of two partitions whose events can be appended to; `t0` is a subject of partition 0, and so on. */
function feed() {
  const partitions: RawRecord[][] = [[], []];
  return {
    partitions,
    append: (partition: number) => {
      const records = partitions[partition]!;
      const token = `t${partition}-${records.length % 3}`;
      records.push({
        offset: records.length,
        timestamp: 1000 * records.length,
        key: Buffer.from(token),
        value: Buffer.from(token),
        headers: {},
      });
    },
    reader: {
      bounds: (topic: string) => at().bounds(topic),
      read: (range: Parameters<ReturnType<typeof at>['read']>[0]) => at().read(range),
    },
    held: () => partitions.map((records) => records.length),
  };
  function at() {
    return makeMemoryTopicReader({ [TOPIC]: partitions.map((records) => ({ records: [...records], low: 0 })) });
  }
}

const decode: ProjectorOptions['decode'] = (value) => {
  const token = Buffer.from(value).toString();
  const { version: _, ...unplaced } = event(0);
  return token.startsWith('bad') ? null : { token, event: unplaced };
};

const make = (reader: ProjectorOptions['reader'], view: ConsentProjection, more: Partial<ProjectorOptions> = {}) =>
  makeProjector({ reader, view, decode, now: () => 50_000, sleep: async () => {}, log: NO_LOG, ...more });

const versions = async (stores: ReturnType<typeof makeMemoryStores>): Promise<string[]> => {
  const tokens = [0, 1].flatMap((partition) => [0, 1, 2].map((place) => `t${partition}-${place}`));
  const { events } = await stores.consents.load(tokens);
  return [...events].flatMap(([token, held]) => held.map(({ version }) => `${token}:${version}`)).sort();
};

const expected = (held: readonly number[]): string[] =>
  held
    .flatMap((count, partition) =>
      Array.from({ length: count }, (_, offset) => `t${partition}-${offset % 3}:${offset}`),
    )
    .sort();

describe('the projector', () => {
  it('brings the view to where the feed is, and dates it', async () => {
    const { append, reader, held } = feed();
    const stores = makeMemoryStores(digestFiles);
    for (const partition of [0, 0, 1, 0, 0, 0]) append(partition);
    const appended: number[] = [];
    const projector = make(reader, stores.projection, {
      observe: { projected: (times) => appended.push(...times) },
    });
    expect(await projector.catchUp()).toBe(true);
    expect(await versions(stores)).toEqual(expected(held()));
    expect(await stores.projection.watermark()).toEqual({ at: 50_000, offsets: { '0': '5', '1': '1' } });
    expect(appended.sort((a, b) => a - b)).toEqual([0, 0, 1000, 2000, 3000, 4000]);
  });

  it('tells how far it is', async () => {
    const { append, reader } = feed();
    for (let i = 0; i < 9; i++) append(0);
    const told: [number, number][] = [];
    await make(reader, makeMemoryStores(digestFiles).projection).catchUp((done, total) => told.push([done, total]));
    expect(told.at(-1)).toEqual([9, 9]);
    expect(told.length).toBeGreaterThan(2);
  });

  it('never calls a view whole that is not: two projectors, views emptied and restored, deaths at every step', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), partition: fc.nat(1) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('project' as const), steps: fc.nat(6) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('empty' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('save' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { append, reader, held } = feed();
        const view = { stores: makeMemoryStores(digestFiles) };
        let saved: { events: string[]; offsets: Record<string, string>; at: number } | null = null;
        /** Dies after so many steps of the view: a projector killed there. */
        const dying = (left: number): ConsentProjection => {
          const count = async <T>(work: () => Promise<T>): Promise<T> => {
            if (left-- <= 0) throw new LetheError('unavailable', 'killed');
            return work();
          };
          return {
            watermark: () => count(() => view.stores.projection.watermark()),
            begin: (how) => count(() => view.stores.projection.begin(how)),
            project: (batch) => count(() => view.stores.projection.project(batch)),
            beat: (ends, at) => count(() => view.stores.projection.beat(ends, at)),
          };
        };
        const check = async (): Promise<void> => {
          const mark = await view.stores.projection.watermark();
          const stands = [0, 1].map((partition) => Number(mark?.offsets[partition] ?? 0));
          const there = new Set(await versions(view.stores));
          for (const one of expected(stands)) expect(there).toContain(one);
        };
        for (const one of steps) {
          if (one.do === 'append') append(one.partition);
          else if (one.do === 'empty') view.stores = makeMemoryStores(digestFiles);
          else if (one.do === 'save') {
            const mark = await view.stores.projection.watermark();
            saved = { events: await versions(view.stores), offsets: { ...mark?.offsets }, at: mark?.at ?? 0 };
          } else if (one.do === 'restore' && saved !== null) {
            view.stores = makeMemoryStores(digestFiles);
            await view.stores.consents.add(
              saved.events.map((text) => {
                const [token = '', version] = text.split(':');
                return { token, event: event(Number(version)) };
              }),
            );
            view.stores.setWatermark({ at: saved.at, offsets: saved.offsets });
          } else if (one.do === 'project') {
            const whole = await make(reader, dying(one.steps))
              .catchUp()
              .catch(() => false);
            if (whole) expect(await versions(view.stores)).toEqual(expected(held()));
          }
          await check();
        }
        expect(await make(reader, view.stores.projection).catchUp()).toBe(true);
        expect(await versions(view.stores)).toEqual(expected(held()));
      }),
      { numRuns: 200 },
    );
  });

  it('projects again from where a view stands that went back under its hands', async () => {
    const { append, reader, held } = feed();
    for (let i = 0; i < 6; i++) append(0);
    const stores = makeMemoryStores(digestFiles);
    let calls = 0;
    const view: ConsentProjection = {
      ...stores.projection,
      project: async (batch) => {
        if (++calls === 3) stores.setWatermark({ at: 0, offsets: { '0': '1' } });
        return stores.projection.project(batch);
      },
    };
    let told = 0;
    const observe = { wentBack: () => void told++ };
    expect(await make(reader, view, { observe }).catchUp()).toBe(true);
    expect(await versions(stores)).toEqual(expected(held()));
    expect(told).toBe(1);
  });

  it.each([
    ['a value that nobody can read', { value: Buffer.from('bad') }],
    ['no value', { value: null }],
    ['the key of another subject', { key: Buffer.from('t9-9') }],
    ['no key', { key: null }],
  ])('stops at %s, which may be a withdrawal', async (_, change) => {
    const { append, reader, partitions } = feed();
    for (let i = 0; i < 4; i++) append(0);
    partitions[0]![2] = { ...partitions[0]![2]!, ...change };
    const stores = makeMemoryStores(digestFiles);
    const running = make(reader, stores.projection).run(new AbortController().signal);
    await expect(running).rejects.toThrow(`${TOPIC}/0/2 is no consent event`);
    expect((await stores.projection.watermark())?.at).toBe(0);
  });

  it('says so where the feed lost events that the view lacks, or is shorter than the view', async () => {
    const { append, reader } = feed();
    append(0);
    const stores = makeMemoryStores(digestFiles);
    stores.setWatermark({ at: 5, offsets: { '0': '3' } });
    await expect(make(reader, stores.projection).catchUp()).rejects.toThrow(
      /ends at offset 1, and the view stands at 3/,
    );
    const trimmed = { ...reader, bounds: async () => [{ partition: 0, low: 7, end: 9 }] };
    stores.setWatermark({ at: 5, offsets: { '0': '3' } });
    await expect(make(trimmed, stores.projection).catchUp()).rejects.toThrow(
      /begins at offset 7, and the view stands at 3/,
    );
  });

  it('waits outages out, says so once, and goes on', async () => {
    const { append, reader } = feed();
    append(0);
    const stores = makeMemoryStores(digestFiles);
    const stop = new AbortController();
    let failures = 3;
    const warned: string[] = [];
    const view: ConsentProjection = {
      ...stores.projection,
      watermark: async () => {
        if (failures-- > 0) throw new LetheError('unavailable', 'Redis is away');
        return stores.projection.watermark();
      },
    };
    const projector = make(reader, view, {
      log: { ...NO_LOG, warn: (_fields, message) => void warned.push(message) },
      observe: { whole: () => stop.abort() },
    });
    await projector.run(stop.signal);
    expect(warned).toEqual(['Redis is away']);
    expect((await stores.projection.watermark())?.at).toBe(50_000);
  });
});

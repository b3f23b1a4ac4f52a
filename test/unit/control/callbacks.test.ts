import { describe, expect, it } from 'vitest';
import { tellCallbacks } from '../../../services/control/callbacks.ts';
import { LetheError } from '../../../services/core/errors.ts';
import {
  foldRequests,
  type RequestEvent,
  requestEvent,
  type SubjectRequest,
} from '../../../services/core/requests/request.ts';
import { callbackStates } from '../../../services/core/requests/callbacks.ts';
import { makeWorld, RECEIVED, run } from '../core/requests/world.ts';

const A = 'https://a.example/told?token=secret';
const B = 'https://b.example/';
const HOUR = 3_600_000;

type Sent = { readonly url: string; readonly id: string; readonly status: string; readonly at: number };

/** A log, receivers and a clock; each round of the process takes a second. */
async function makeBench(urls: readonly string[], ended = true) {
  const world = makeWorld({ ...RECEIVED, callbacks: urls });
  if (ended) await run(world);
  const sent: Sent[] = [];
  const logged: string[] = [];
  const counted: string[] = [];
  const bench = {
    ...world,
    sent,
    logged,
    counted,
    held: true,
    released: 0,
    /** What a receiver says; throws where the process dies. */
    answer: (() => null) as (one: Sent) => string | null | Promise<string | null>,
    appending: (() => undefined) as (event: RequestEvent) => void,
    now: 3_000,
    request: (): SubjectRequest => foldRequests(world.events).get('r-1')!,
    states: (): string[] =>
      callbackStates(bench.request()).map(({ change, place, state }) => `${change.status} ${place} ${state}`),
    /** A process that lives for so many rounds. */
    live: async (rounds: number, step = 1_000): Promise<void> => {
      const stop = new AbortController();
      const note = (fields: object, message: string): void => void logged.push(JSON.stringify({ ...fields, message }));
      await tellCallbacks(
        {
          log: { debug: note, info: note, warn: note, error: note },
          requests: {
            read: async () => [...world.events],
            append: async (event) => {
              bench.appending(event);
              return world.ports.log.append(event);
            },
          },
          lease: {
            hold: async () => bench.held,
            release: async () => {
              bench.released++;
            },
          },
          send: async (url, headers, body) => {
            const one = {
              url,
              id: headers['webhook-id'] ?? '',
              status: JSON.parse(body).request_status as string,
              at: bench.now,
            };
            sent.push(one);
            return bench.answer(one);
          },
          sign: () => 'signed',
          count: (result) => void counted.push(result),
          now: () => bench.now,
          random: () => 1,
          sleep: async () => {
            await new Promise((resolve) => setImmediate(resolve));
            bench.now += step;
            if (--rounds <= 0) stop.abort();
          },
        },
        stop.signal,
      );
    },
  };
  return bench;
}

const outage = (): never => {
  throw new LetheError('unavailable', 'Kafka does not answer', { dependency: 'kafka' });
};

describe('callbacks', () => {
  it('are told each change, in order, and each once', async () => {
    const bench = await makeBench([A, B]);
    await bench.live(3);
    await bench.live(3);
    for (const url of [A, B]) {
      expect(bench.sent.filter((one) => one.url === url).map(({ status }) => status)).toEqual([
        'pending',
        'in_progress',
        'completed',
      ]);
    }
    expect(bench.states().every((state) => state.endsWith('delivered'))).toBe(true);
    expect(bench.counted).toEqual(Array(6).fill('delivered'));
    expect(bench.released).toBe(2);
  });

  it('leave time for other work where a receiver is away and many wait', async () => {
    const bench = await makeBench([A], false);
    const [first] = bench.events;
    for (let id = 2; id <= 20_000; id++) {
      bench.events.push({ ...first!, event: { ...first!.event, id: `r-${id}` } });
    }
    // All are looked at, none is told: a moment, or many seconds where all of before are copied for each.
    bench.held = false;
    const began = process.cpuUsage();
    await bench.live(1);
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1e6).toBeLessThan(2);
  }, 60_000);

  it('hear of what happens later, without a look at what was told', async () => {
    const bench = await makeBench([A], false);
    await bench.live(2);
    expect(bench.sent.map(({ status }) => status)).toEqual(['pending']);
    await bench.ports.log.append(requestEvent({ id: 'r-1', kind: 'cancelled', at: 4_000 }));
    await bench.live(2);
    expect(bench.sent.map(({ status }) => status)).toEqual(['pending', 'cancelled']);
  });

  it('are told again under the same id where the process dies before it is recorded', async () => {
    const bench = await makeBench([A], false);
    bench.appending = () => {
      throw new Error('killed');
    };
    await expect(bench.live(2)).rejects.toThrow('killed');
    bench.appending = () => undefined;
    await bench.live(2);
    expect(bench.sent.map(({ id }) => id)).toEqual(['r-1_0', 'r-1_0']);
    expect(bench.states()).toEqual(['pending 0 delivered']);
  });

  it('are not told again where an outage keeps it from being recorded; that is made up for', async () => {
    const bench = await makeBench([A], false);
    let outages = 3;
    bench.appending = () => (outages-- > 0 ? outage() : undefined);
    await bench.live(6);
    expect(bench.sent).toHaveLength(1);
    expect(bench.states()).toEqual(['pending 0 delivered']);
  });

  it('are told by nobody else than who holds the lease', async () => {
    const bench = await makeBench([A]);
    bench.held = false;
    await bench.live(3);
    expect(bench.sent).toEqual([]);
    bench.held = true;
    await bench.live(2);
    expect(bench.sent).toHaveLength(3);
  });

  it('are not told on by who lost the lease meanwhile', async () => {
    const bench = await makeBench([A]);
    bench.answer = async () => {
      bench.held = false;
      for (let rounds = 0; rounds < 5; rounds++) await new Promise((resolve) => setImmediate(resolve));
      return null;
    };
    await bench.live(10);
    expect(bench.sent.map(({ status }) => status)).toEqual(['pending']);
    expect(bench.states()).toContain('pending 0 delivered');
  });

  it('are recorded one by one, so that a crash repeats one of a host at the most', async () => {
    const bench = await makeBench([A]);
    const recorded: number[] = [];
    bench.answer = () => {
      recorded.push(bench.request().calledBack.length);
      return null;
    };
    await bench.live(2);
    expect(recorded).toEqual([0, 1, 2]);
  });

  it('are tried again later and later, and given up after 24 hours, which the request shows', async () => {
    const bench = await makeBench([A], false);
    bench.answer = () => 'status_500';
    await bench.live(10);
    await bench.live(60 * 26, 60_000);
    const times = bench.sent.map(({ at }) => at);
    expect(new Set(bench.sent.map(({ id }) => id))).toEqual(new Set(['r-1_0']));
    expect(times.slice(0, 4).map((at) => at - times[0]!)).toEqual([0, 1_000, 3_000, 7_000]);
    expect(times.at(-1)! - times.at(-2)!).toBeGreaterThanOrEqual(HOUR);
    expect(times.at(-1)).toBeGreaterThanOrEqual(1_000 + 24 * HOUR);
    expect(times.length).toBeLessThan(45);
    expect(bench.states()).toEqual(['pending 0 given_up']);
    expect(bench.counted.filter((one) => one === 'given_up')).toHaveLength(1);
    const sent = times.length;
    await bench.live(3, HOUR);
    expect(bench.sent).toHaveLength(sent);
    expect(bench.logged.join()).not.toContain('secret');
    expect(bench.logged.join()).toContain('"host":"a.example"');
  });

  it('are given up at once where the receiver says that it wants no more', async () => {
    const bench = await makeBench([A], false);
    bench.answer = () => 'status_410';
    await bench.live(3);
    expect(bench.sent).toHaveLength(1);
    expect(bench.states()).toEqual(['pending 0 given_up']);
  });

  it('of one host do not wait for those of another', async () => {
    const bench = await makeBench([A, B]);
    let free = (): void => undefined;
    const stuck = new Promise<string>((resolve) => {
      free = () => {
        resolve('timeout');
      };
    });
    bench.answer = ({ url }) => (url === A ? stuck : null);
    const living = bench.live(5);
    await expect.poll(() => bench.sent.filter(({ url }) => url === B).length).toBe(3);
    expect(bench.sent.filter(({ url }) => url === A)).toHaveLength(1);
    free();
    await living;
  });
});

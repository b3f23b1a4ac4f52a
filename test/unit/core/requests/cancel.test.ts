import { describe, expect, it } from 'vitest';
import { cancelRequest } from '../../../../services/core/requests/cancel.ts';
import { drive } from '../../../../services/core/requests/saga.ts';
import { current, makeWorld, run } from './world.ts';

describe('cancelling', () => {
  it('ends a request for which nothing was done, also for who drives it and has not heard', async () => {
    const world = makeWorld();
    const before = current(world);
    expect(await cancelRequest('r-1', world.ports.log, 2500)).toMatchObject({ status: 'cancelled', endedAt: 2500 });
    expect(await drive(before, world.ports)).toMatchObject({ status: 'cancelled' });
    expect(world.feed).toEqual([]);
    await cancelRequest('r-1', world.ports.log, 2600);
    expect(world.events).toHaveLength(2);
    expect(await cancelRequest('unheard', world.ports.log, 2500)).toBeNull();
  });

  it('is too late once a step is done, whoever comes second', async () => {
    const world = makeWorld();
    world.raw = { ...world.raw, offset: 0 };
    expect((await run(world)).done.map(({ step }) => step)).toEqual(['mark']);
    const events = world.events.length;
    expect(await cancelRequest('r-1', world.ports.log, 2500)).toMatchObject({ status: 'open' });
    expect(world.events).toHaveLength(events);
    await world.ports.log.append({ ...world.events[0]!.event, kind: 'cancelled', received: null });
    expect(current(world).status).toBe('open');
    world.raw = { ...world.raw, offset: 10 };
    expect((await run(world)).status).toBe('completed');
  });
});

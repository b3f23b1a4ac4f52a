import { describe, expect, it } from 'vitest';
import { listLetters, type LettersListOptions } from '../../../services/cli/dead-letters-list.ts';
import { makeOutput } from '../../../services/cli/output.ts';
import { EventEmitter } from 'node:events';
import { readMarks } from '../../../services/core/dead-letter-marks.ts';
import { makeSelection } from '../../../services/core/dead-letter-selection.ts';
import { makeWorld, type World } from './dead-letters-fixture.ts';

async function listed(world: World, options: Partial<LettersListOptions> = {}) {
  const reader = world.reader();
  const bounds = await reader.bounds('lethe.dead-letters');
  let text = '';
  const unreadable = await listLetters({
    reader,
    bounds,
    marks: await readMarks(reader, bounds),
    selection: makeSelection({ code: null, topic: null, since: null, until: null, coordinates: [] }),
    routeOf: (topic) => (topic === 'raw.x' ? 'events' : null),
    keyVersionOf: () => 1,
    format: 'json',
    limit: Number.POSITIVE_INFINITY,
    write: async (part) => {
      text += part;
      return true;
    },
    ...options,
  });
  return { text, unreadable };
}

describe('a list of dead letters', () => {
  it('tells where each lies and whether it was replayed, and counts by route and code', async () => {
    const world = makeWorld(2);
    world.add(0, 'raw.x/0/5', 'good secret');
    world.add(0, 'raw.x/0/6', 'bad');
    world.add(1, 'raw.y/1/2', null, 'too_large');
    await world.run();
    const { text, unreadable } = await listed(world);
    const { letters, counts } = JSON.parse(text);
    expect(letters).toEqual([
      {
        letter: 'lethe.dead-letters/0/1',
        source: 'raw.x/0/5',
        route: 'events',
        code: 'time_invalid',
        path: null,
        time: '2026-03-01T00:00:00.000Z',
        status: 'replayed',
        bytes: expect.any(Number),
        key: 1,
      },
      expect.objectContaining({ letter: 'lethe.dead-letters/0/3', status: 'open' }),
      expect.objectContaining({ source: 'raw.y/1/2', route: null, code: 'too_large', bytes: null, key: null }),
    ]);
    expect(counts).toEqual([
      { route: 'events', topic: 'raw.x', code: 'time_invalid', open: 1, replayed: 1 },
      { route: null, topic: 'raw.y', code: 'too_large', open: 1, replayed: 0 },
    ]);
    expect([text.includes('secret'), unreadable.count]).toEqual([false, 0]);
  });

  it('prints no more than it may, and counts all', async () => {
    const world = makeWorld(1);
    for (let offset = 0; offset < 5; offset++) world.add(0, `raw.x/0/${offset}`, 'good');
    const { text } = await listed(world, { limit: 2 });
    expect(JSON.parse(text)).toMatchObject({ letters: [{}, {}], counts: [{ open: 5 }] });
    const shown = (await listed(world, { limit: 2, format: 'text' })).text;
    expect(shown.match(/raw\.x\/0\/\d/g)).toEqual(['raw.x/0/0', 'raw.x/0/1']);
    expect(shown).toContain(
      '(3 more are not shown: --limit)\n5 dead letter(s), 5 open:\n  events (raw.x)  time_invalid: 5 open',
    );
  });

  it('is valid where there is nothing', async () => {
    expect(JSON.parse((await listed(makeWorld())).text)).toEqual({ letters: [], counts: [] });
    expect((await listed(makeWorld(), { format: 'text' })).text).toBe('No dead letters.\n');
  });

  it('names what is no letter', async () => {
    const world = makeWorld(1);
    world.write(0, '{"code":');
    world.write(0, 'x', { 'lethe-mark': Buffer.from('replayed') });
    const { unreadable } = await listed(world);
    expect([unreadable.count, [...unreadable.first].sort()]).toEqual([
      2,
      ['lethe.dead-letters/0/1', 'lethe.dead-letters/0/3'],
    ]);
  });

  it('stops when nobody reads any longer', async () => {
    const world = makeWorld(1);
    for (let offset = 0; offset < 50; offset++) world.add(0, `raw.x/0/${offset}`, 'good');
    let writes = 0;
    await listed(world, { write: async () => ++writes < 3 });
    expect(writes).toBe(3);
  });
});

describe('stdout', () => {
  it('waits for room, and notices that its reader has gone', async () => {
    const room: boolean[] = [true, false, false];
    const stream = Object.assign(new EventEmitter(), { write: () => room.shift() ?? true });
    const { write } = makeOutput(stream as never);
    expect(await write('a')).toBe(true);
    const waiting = write('b');
    let done = false;
    void waiting.then(() => {
      done = true;
    });
    await Promise.resolve();
    expect(done).toBe(false);
    stream.emit('drain');
    expect(await waiting).toBe(true);
    const broken = write('c');
    stream.emit('error', new Error('EPIPE'));
    expect(await broken).toBe(false);
    expect(await write('d')).toBe(false);
  });
});

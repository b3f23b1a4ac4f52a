import { describe, expect, it } from 'vitest';
import { findLetter, letterReport } from '../../../services/cli/dead-letters-show.ts';
import { parseCoordinate } from '../../../services/core/coordinate.ts';
import { makeWorld, NOW, type World } from './dead-letters-fixture.ts';

const find = (world: World, text: string) => findLetter(world.reader(), parseCoordinate(text)!);

describe('finding a dead letter', () => {
  it('by its own coordinate or by its raw record, wherever it lies', async () => {
    const world = makeWorld(2);
    world.add(0, 'raw.x/1/50', 'good');
    world.add(1, 'raw.x/1/5', 'good');
    for (const text of ['raw.x/1/5', 'lethe.dead-letters/1/1']) {
      expect(await find(world, text), text).toMatchObject({
        partition: 1,
        replayed: false,
        others: [],
        letter: { source: 'raw.x/1/5', offset: 1 },
      });
    }
    await world.run();
    expect(await find(world, 'raw.x/1/5')).toMatchObject({ replayed: true });
  });

  it('takes the newest of several of one record, and names the others', async () => {
    const world = makeWorld(2);
    world.add(0, 'raw.x/0/5', 'old', 'time_invalid', NOW - 5);
    world.add(1, 'raw.x/0/5', 'new', 'time_invalid', NOW);
    world.add(1, 'raw.x/0/5', 'older', 'time_invalid', NOW - 9);
    expect(await find(world, 'raw.x/0/5')).toMatchObject({
      partition: 1,
      letter: { offset: 1 },
      others: ['lethe.dead-letters/0/1', 'lethe.dead-letters/1/3'],
    });
  });

  it.each([
    ['raw.x/0/9', 'there is no such dead letter'],
    ['lethe.dead-letters/0/0', 'there is no such dead letter'],
    ['lethe.dead-letters/0/900', 'there is no such dead letter'],
    ['lethe.dead-letters/7/0', 'there is no such dead letter'],
    ['lethe.dead-letters/0/3', 'is a mark of a replay'],
    ['lethe.dead-letters/0/5', 'is no dead letter of Lethe'],
  ])('says what is at %s', async (text, message) => {
    const world = makeWorld(1);
    world.add(0, 'raw.x/0/5', 'good');
    await world.run();
    world.write(0, '{"code":"undecodable","sour');
    await expect(find(world, text)).rejects.toThrow(message);
  });
});

describe('what is shown of one', () => {
  it('is all there is: key, headers, timestamp, value', () => {
    const letter = {
      offset: 17,
      timestamp: NOW,
      code: 'action_failed',
      source: 'raw.x/0/5',
      raw: { topic: 'raw.x', partition: 0, offset: 5 },
      path: 'customer.email',
      sealed: 'AAAA',
    } as const;
    const record = {
      offset: 5,
      timestamp: NOW,
      key: Buffer.from('cust-1'),
      value: Buffer.from('{}'),
      headers: { trace: [Buffer.from('a'), Buffer.of(0xff)] },
    };
    const report = letterReport({ letter, partition: 0, replayed: false, others: [] }, record, 2, {
      kind: 'JSON',
      text: '{}',
    });
    expect(report).toBe(`letter        lethe.dead-letters/0/17
source        raw.x/0/5
code          action_failed
path          customer.email
dead since    2026-03-01T00:00:00.000Z
status        open
sealed under  dead_letter@2
timestamp     ${NOW} (2026-03-01T00:00:00.000Z)
key           "cust-1"
header        "trace": "a"
header        "trace": hex:ff
value         JSON, 2 bytes

{}
`);
  });
});

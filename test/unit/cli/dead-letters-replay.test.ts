import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  makeReplayTally,
  replayFindings,
  replaySummary,
  replayText,
} from '../../../services/cli/dead-letters-tally.ts';
import { GENESIS } from '../../../services/core/audit/segment.ts';
import { makeWorld, NOW } from './dead-letters-fixture.ts';

describe('a replay of dead letters', () => {
  it('publishes each once and marks it; what fails again stays open', async () => {
    const world = makeWorld();
    world.add(0, 'raw.x/0/5', 'good');
    world.add(0, 'raw.x/0/6', 'bad');
    world.add(1, 'raw.x/1/2', 'good');
    world.add(0, 'raw.x/0/9', 'good');
    const first = await world.run();
    expect(replaySummary(first, false)).toEqual({
      dryRun: false,
      letters: 4,
      replayed: 3,
      alreadyReplayed: 0,
      outputs: { clean: { published: 3, withheld: {} }, other: { published: 0, withheld: { erased: 3 } } },
      failedAgain: { time_invalid: 1 },
      left: {},
    });
    expect(world.published).toEqual(['raw.x/0/5', 'raw.x/0/9', 'raw.x/1/2']);
    const second = await world.run();
    expect([second.selected, second.replayed, second.alreadyReplayed]).toEqual([4, 0, 3]);
    expect(world.published).toHaveLength(3);
  });

  it('writes nothing where all fail again', async () => {
    const world = makeWorld();
    world.add(0, 'raw.x/0/5', 'bad');
    await world.run();
    expect(world.letters[0]).toHaveLength(1);
  });

  it('loses and doubles nothing, whatever commits fail or are lost, and its chains hold', async () => {
    const letter = fc.record({
      partition: fc.nat(1),
      bad: fc.boolean(),
      raw: fc.constantFrom('raw.x/0', 'raw.x/1', 'raw.y/0'),
    });
    const run = fc.record({
      commit: fc.constantFrom('works' as const, 'fails' as const, 'is lost' as const),
      at: fc.integer({ min: 1, max: 3 }),
      code: fc.constantFrom(null, 'time_invalid' as const),
      more: fc.array(letter, { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 6 }), async (runs) => {
        const world = makeWorld();
        const good: string[] = [];
        let offset = 0;
        for (const { commit, at, code, more } of runs) {
          for (const { partition, bad, raw } of more) {
            const source = `${raw}/${++offset}`;
            if (!bad) good.push(source);
            world.add(partition, source, bad ? 'bad' : 'good', offset % 2 === 0 ? 'time_invalid' : 'action_failed');
          }
          await world.run({ select: { code } }, commit, at).catch(() => undefined);
        }
        await world.run();
        expect([...world.published].sort()).toEqual(good.sort());
        for (const chain of world.links.values()) {
          chain.forEach(({ previous }, index) => expect(previous).toBe(chain[index - 1]?.hash ?? GENESIS));
        }
      }),
    );
  });

  it('goes on with a chain that marks no longer tell', async () => {
    const world = makeWorld();
    world.add(0, 'raw.x/0/5', 'good');
    const asked: string[] = [];
    const head = 'cd'.repeat(32);
    await world.run({
      headOf: async (topic, partition) => {
        asked.push(`${topic}/${partition}`);
        return head;
      },
    });
    expect(asked).toEqual(['raw.x/0']);
    expect(world.links.get('raw.x/0')?.[0]?.previous).toBe(head);
    world.add(0, 'raw.x/0/6', 'good');
    await world.run({ headOf: () => Promise.reject(new Error('marks tell it')) });
    expect(world.links.get('raw.x/0')).toHaveLength(2);
  });

  it('writes nothing on a dry run, and says what would come of it', async () => {
    const world = makeWorld();
    world.add(0, 'raw.x/0/5', 'good');
    const tally = await world.run({ commit: null });
    expect([tally.replayed, world.published]).toEqual([1, []]);
    expect(replayText(tally, true)).toContain('1 would be replayed');
  });

  it('takes what was asked for alone, and says what is not there', async () => {
    const world = makeWorld();
    world.add(0, 'raw.x/0/5', 'good', 'time_invalid', NOW - 10);
    world.add(0, 'raw.x/0/6', 'good');
    const tally = await world.run({ only: ['raw.x/0/6', 'raw.x/0/7'], select: { since: NOW } });
    expect(world.published).toEqual(['raw.x/0/6']);
    expect(replayFindings(tally, 'keys.json')).toEqual([
      'raw.x/0/7: there is no such dead letter, or retention has deleted it',
    ]);
  });

  it('leaves what it may not or cannot replay, and says why', async () => {
    const world = makeWorld();
    world.add(0, 'raw.gone/0/1', 'good');
    world.add(0, 'raw.kept/0/1', 'good');
    world.add(0, 'raw.x/0/1', null, 'too_large');
    world.write(
      0,
      JSON.stringify({ code: 'undecodable', source: 'raw.x/0/2', value: Buffer.from('forged').toString('base64') }),
    );
    world.write(1, '{"code":"undec');
    const refusals: Record<string, 'no_route' | 'compacted_output'> = {
      'raw.gone': 'no_route',
      'raw.kept': 'compacted_output',
    };
    const tally = await world.run({ refusalOf: async (topic) => refusals[topic] ?? null });
    expect(world.published).toEqual([]);
    expect(replaySummary(tally, false)).toMatchObject({
      left: { no_route: 1, compacted_output: 1, not_sealed: 1, altered: 1 },
    });
    expect(tally.unreadable.text).toBe('lethe.dead-letters/1/1');
    const findings = replayFindings(tally, 'keys.json').join('\n');
    expect(findings).toMatch(
      /no route for raw\.gone[^]*raw\.kept is compacted[^]*--force[^]*hold no record[^]*dead-letters\/0\/5[^]*altered/,
    );
  });

  it('replays nothing where a mark cannot be read', async () => {
    const world = makeWorld();
    world.add(0, 'raw.x/0/5', 'good');
    world.write(1, '{"replayed":', { 'lethe-mark': Buffer.from('replayed') });
    await expect(world.run()).rejects.toThrow('lethe.dead-letters/1/1 calls itself a mark of a replay');
    expect(world.published).toEqual([]);
  });

  it('plays records of one raw partition in ascending batches, however they lie', async () => {
    const world = makeWorld(1);
    for (const offset of [7, 8, 3, 4]) world.add(0, `raw.x/0/${offset}`, 'good');
    await world.run();
    expect(world.published).toEqual([7, 8, 3, 4].map((offset) => `raw.x/0/${offset}`));
    expect(world.links.get('raw.x/0')).toHaveLength(2);
  });

  it('ends after the batch in hand when it is told to', async () => {
    const world = makeWorld(1);
    for (let offset = 0; offset < 2_500; offset++) world.add(0, `raw.x/0/${offset}`, 'good');
    const stop = new AbortController();
    let seen = 0;
    const tally = await world.run({
      signal: stop.signal,
      watermarkOf: async () => {
        seen++;
        stop.abort();
        return null;
      },
    });
    expect(seen).toBe(1);
    expect(tally.replayed).toBe(1_000);
    expect(world.published).toHaveLength(1_000);
  });

  it('names few of many', () => {
    const tally = makeReplayTally();
    for (let at = 0; at < 9; at++) tally.leave('altered', `lethe.dead-letters/0/${at}`);
    expect(tally.left.get('altered')?.text).toMatch(/0\/0, .*0\/4, …$/);
  });
});

import { describe, expect, it } from 'vitest';
import { chooseRoutes, readOptions } from '../../../services/cli/diff-options.ts';
import { policy, side } from '../core/diff/sides.ts';

const BARE = { format: 'text', examples: '3' } as const;

describe('flags', () => {
  it.each([
    [{ in: 'a', fromTopic: 'b' }, '--in and --from-topic exclude each other'],
    [{ since: '24h' }, '--since is of use only with --from-topic'],
    [{ since: '24h', in: 'a' }, '--since is of use only with --from-topic'],
    [{ route: 'r', fromTopic: 'a' }, '--route is of use only with --in'],
    [{ consents: 'c' }, '--consents is of use only with --in or --from-topic'],
    [{ now: '2026-01-01T00:00:00Z' }, '--now is of use only with --in or --from-topic'],
    [{ keys: 'k' }, '--keys is of use only with --in or --from-topic'],
    [{ in: 'a', now: 'today' }, '--now is no time'],
    [{ fromTopic: 'a', since: 'today' }, '--since is no time'],
    [{ examples: 'many' }, '--examples is no number from 0 to 1000'],
    [{ examples: '1001' }, '--examples is no number from 0 to 1000'],
  ])('%j: %s', (given, message) => {
    const read = () => readOptions({ ...BARE, ...given }, 0);
    expect(read).toThrow(expect.objectContaining({ code: 'usage', message }));
  });

  it('measure only where there is something to measure on', () => {
    expect(readOptions(BARE, 5)).toMatchObject({ measures: false, now: null, since: null, examples: 3 });
    expect(readOptions({ ...BARE, fromTopic: 't', since: '1d' }, 90_000_000)).toMatchObject({
      measures: true,
      since: 3_600_000,
      source: 't',
    });
  });
});

describe('the routes to measure', () => {
  const route = (name: string, topic: string) =>
    policy({}, [], { route: name, from: { topic, format: 'json' }, output: { topic: `clean.${topic}` } });
  const { bundle: old } = side({ policies: [route('one', 'raw.1'), route('two', 'raw.2')] });
  const { bundle: fresh } = side({ policies: [route('uno', 'raw.1'), route('three', 'raw.3')] });
  const both = { before: old, after: fresh };
  const names = (pair: ReturnType<typeof chooseRoutes>) => [pair.before?.name, pair.after?.name];

  it('are those that read one topic, whatever they are called', () => {
    expect(names(chooseRoutes(both, { route: 'one' }))).toEqual(['one', 'uno']);
    expect(names(chooseRoutes(both, { route: 'uno' }))).toEqual(['one', 'uno']);
    expect(names(chooseRoutes(both, { fromTopic: 'raw.2' }))).toEqual(['two', undefined]);
    expect(names(chooseRoutes(both, { fromTopic: 'raw.3' }))).toEqual([undefined, 'three']);
  });

  it.each([
    [{}, 'several routes: which one is to be measured?', 'Give --route with one of: uno, three, one, two.'],
    [{ route: 'four' }, 'there is no route four', 'Give --route with one of: uno, three, one, two.'],
    [{ fromTopic: 'raw.4' }, 'no route reads raw.4', 'Give one of: raw.1, raw.3, raw.2.'],
  ])('%j: %s', (given, message, fix) => {
    expect(() => chooseRoutes(both, given)).toThrow(expect.objectContaining({ code: 'usage', message, fix }));
  });

  it('need no name where there is one', () => {
    const single = { before: { ...old, routes: old.routes.slice(0, 1) }, after: { ...fresh, routes: [] } };
    expect(names(chooseRoutes(single, {}))).toEqual(['one', undefined]);
  });
});

import { describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../../services/core/dead-letter-record.ts';
import { makeSelection, readCoordinates, type SelectionOptions } from '../../../services/core/dead-letter-selection.ts';

const ALL: SelectionOptions = { code: null, topic: null, since: null, until: null, coordinates: [] };
const letter: DeadLetter = {
  offset: 7,
  timestamp: 100,
  code: 'action_failed',
  source: 'raw.x/2/40',
  raw: { topic: 'raw.x', partition: 2, offset: 40 },
  path: null,
  sealed: null,
};
const has = (options: Partial<SelectionOptions>): boolean => makeSelection({ ...ALL, ...options }).has(1, letter);
const at = (text: string) => readCoordinates([text]).coordinates;

describe('which dead letters', () => {
  it.each<[boolean, Partial<SelectionOptions>]>([
    [true, {}],
    [true, { code: 'action_failed', topic: 'raw.x', since: 100, until: 101 }],
    [false, { code: 'undecodable' }],
    [false, { topic: 'raw.y' }],
    [false, { since: 101 }],
    [false, { until: 100 }],
    [true, { coordinates: at('raw.x/2/40') }],
    [true, { coordinates: at('lethe.dead-letters/1/7') }],
    [false, { coordinates: at('lethe.dead-letters/2/7') }],
    [false, { coordinates: at('raw.x/2/41') }],
    [false, { coordinates: at('raw.x/2/40'), code: 'undecodable' }],
  ])('%j %j', (expected, options) => {
    expect(has(options)).toBe(expected);
  });

  it('knows what was asked for and never came', () => {
    const { coordinates, wrong } = readCoordinates(['raw.x/2/40', 'raw.x/2/41', 'raw.x', 'lethe.dead-letters/0/7']);
    expect(wrong).toEqual(['raw.x']);
    const selection = makeSelection({ ...ALL, coordinates });
    selection.has(1, letter);
    expect(selection.missed()).toEqual(['raw.x/2/41', 'lethe.dead-letters/0/7']);
  });
});

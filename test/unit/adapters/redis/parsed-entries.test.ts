import { describe, expect, it } from 'vitest';
import { makeParsedEntries } from '../../../../services/adapters/redis/parsed-entries.ts';

describe('remembered entries', () => {
  it('are given for the same text alone', () => {
    const entries = makeParsedEntries(10);
    entries.set('t', 'before', []);
    expect(entries.get('t', 'before')).toEqual([]);
    expect(entries.get('t', 'after')).toBeNull();
    expect(entries.get('u', 'before')).toBeNull();
  });

  it('last while they are asked for, and are forgotten two generations after', () => {
    const entries = makeParsedEntries(10);
    entries.set('used', 'x', []);
    entries.set('unused', 'x', []);
    for (let n = 0; n < 30; n++) {
      entries.set(`other-${n}`, 'x', []);
      expect(entries.get('used', 'x')).toEqual([]);
    }
    expect(entries.get('unused', 'x')).toBeNull();
    expect(entries.get('other-0', 'x')).toBeNull();
  });
});

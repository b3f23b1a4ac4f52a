import { describe, expect, it } from 'vitest';
import type { TapDecision } from '../../../../services/core/tap/decision.ts';
import { hasValue, makeValueBuffer, makeValueQueue } from '../../../../services/core/tap/values.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const decided = (offset: number, outcome: TapDecision['outcome'] = 'published'): TapDecision => ({
  ...{
    decidedAt: 0,
    source: `raw/0/${offset}`,
    by: 'worker',
    bundle: 'b',
    reason: null,
    path: null,
    forms: [],
    outcome,
  },
  output: outcome === 'dead_lettered' ? null : 'clean',
});

describe('the buffer', () => {
  it('gives a value once, by output and raw record', () => {
    const buffer = makeValueBuffer(1e6);
    buffer.put('clean', 'raw/0/1', bytes('x'));
    buffer.put('clean', 'raw/0/2', null);
    expect(buffer.take('other', 'raw/0/1')).toEqual({ found: false });
    expect(buffer.take('clean', 'raw/0/1')).toEqual({ found: true, value: bytes('x') });
    expect(buffer.take('clean', 'raw/0/1')).toEqual({ found: false });
    expect(buffer.take('clean', 'raw/0/2')).toEqual({ found: true, value: null });
  });

  it('holds no more than it may: the oldest go', () => {
    const buffer = makeValueBuffer(10_000);
    for (let offset = 0; offset < 1000; offset++) buffer.put('clean', `raw/0/${offset}`, new Uint8Array(800));
    const held = Array.from({ length: 1000 }, (_, offset) => buffer.take('clean', `raw/0/${offset}`).found);
    expect(held.lastIndexOf(false)).toBe(990);
    expect(held.filter(Boolean)).toHaveLength(9);
  });
});

describe('the queue', () => {
  it('keeps the order: what waits for its value holds up what is behind it, and no longer than it may', () => {
    const buffer = makeValueBuffer(1e6);
    const queue = makeValueQueue(buffer);
    for (const offset of [1, 2, 3]) queue.push({ decision: decided(offset), leftOut: 0, until: 100 });
    buffer.put('clean', 'raw/0/1', bytes('one'));
    buffer.put('clean', 'raw/0/3', bytes('three'));
    const offsets = (now: number, keep = 10) =>
      [...queue.release(now, keep)].map(({ decision, value }) => [decision.source, value]);
    expect(offsets(50)).toEqual([['raw/0/1', { found: true, value: bytes('one') }]]);
    expect(offsets(60)).toEqual([]);
    expect(queue.size()).toBe(2);
    expect(offsets(100)).toEqual([
      ['raw/0/2', { found: false }],
      ['raw/0/3', { found: true, value: bytes('three') }],
    ]);
    expect(queue.size()).toBe(0);
  });

  it('gives up on the oldest where too many wait', () => {
    const queue = makeValueQueue(makeValueBuffer(1e6));
    for (let offset = 0; offset < 10; offset++) queue.push({ decision: decided(offset), leftOut: 0, until: 100 });
    expect([...queue.release(0, 4)]).toHaveLength(6);
    expect(queue.size()).toBe(4);
  });

  it('never asks for a value of what was withheld or dead-lettered, were it there', () => {
    const queue = makeValueQueue({
      take: () => {
        throw new Error('asked');
      },
    });
    for (const outcome of ['withheld', 'dead_lettered'] as const) {
      queue.push({ decision: decided(1, outcome), leftOut: 0, until: 100 });
    }
    expect([...queue.release(0, 10)].map(({ value }) => value)).toEqual([null, null]);
    expect(hasValue({ ...decided(1), by: 'correction' })).toBe(false);
  });
});

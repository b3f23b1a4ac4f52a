import { describe, expect, it } from 'vitest';
import { type BrokerTimes, expiryAgeMs, PUBLISHING_MS, stayOf } from '../../../../services/core/retention/stay.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BROKERS: BrokerTimes = { checkIntervalMs: 300_000, cleanerBackoffMs: 15_000, assumed: false };
const UNLIMITED = '9223372036854775807';

describe('the stay in a topic deleted by time', () => {
  const settings = {
    'retention.ms': String(20 * DAY),
    'segment.ms': String(3 * DAY),
    'message.timestamp.type': 'LogAppendTime',
  };

  it('is retention, the time a segment takes records, and the time between two looks', () => {
    const { worstMs, parts } = stayOf(settings, 'delete', 30 * DAY, BROKERS, HOUR);
    expect(worstMs).toBe(23 * DAY + 300_000 + PUBLISHING_MS);
    expect(parts.map(({ what }) => what)).toEqual([
      'publishing',
      'retention.ms',
      'segment.ms',
      'log.retention.check.interval.ms',
    ]);
  });

  it.each([
    ['nothing is deleted', { 'retention.ms': '-1' }],
    ['a segment is never full', { 'segment.ms': UNLIMITED }],
    ['workers stamp records and their clocks may be ahead without limit', { 'message.timestamp.type': 'CreateTime' }],
    [
      'the limit of their clocks is Kafka’s largest number',
      { 'message.timestamp.type': 'CreateTime', 'message.timestamp.after.max.ms': UNLIMITED },
    ],
  ])('has no end where %s', (_why, over) => {
    expect(stayOf({ ...settings, ...over }, 'delete', 30 * DAY, BROKERS, HOUR).worstMs).toBe(Infinity);
  });

  it('grows by as much as a worker’s clock may be ahead', () => {
    const stamped = { 'message.timestamp.type': 'CreateTime', 'message.timestamp.after.max.ms': String(HOUR) };
    expect(stayOf({ ...settings, ...stamped }, 'delete', 30 * DAY, BROKERS, HOUR).worstMs).toBe(
      23 * DAY + 300_000 + HOUR,
    );
  });
});

describe.each(['compact', 'compact,delete'] as const)('the stay in a topic with cleanup.policy=%s', (cleanup) => {
  const settings = { 'max.compaction.lag.ms': String(DAY), 'message.timestamp.type': 'LogAppendTime' };

  it('ends in time: the tombstone is written so early that compaction can follow', () => {
    const age = expiryAgeMs(settings, 30 * DAY, BROKERS, HOUR);
    expect(age).toBe(29 * DAY - HOUR - 15_000 - PUBLISHING_MS);
    expect(stayOf(settings, cleanup, 30 * DAY, BROKERS, HOUR).worstMs).toBe(30 * DAY);
  });

  it('is longer than it may be where compaction alone takes that long', () => {
    expect(expiryAgeMs(settings, DAY, BROKERS, HOUR)).toBeLessThan(0);
    expect(stayOf(settings, cleanup, DAY, BROKERS, HOUR).worstMs).toBeGreaterThan(DAY);
  });

  it('has no end where compaction may wait for ever, whatever retention.ms says: merged segments grow young', () => {
    const waiting = { ...settings, 'max.compaction.lag.ms': UNLIMITED, 'retention.ms': String(DAY) };
    expect(stayOf(waiting, cleanup, 30 * DAY, BROKERS, HOUR).worstMs).toBe(Infinity);
  });
});

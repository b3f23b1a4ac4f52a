import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cleanup, OutputPlan } from '../../../../services/core/policy/plan.ts';
import type { BrokerTimes, TopicSettings } from '../../../../services/core/retention/stay.ts';
import { planOutput, planOwn, type TopicPlan } from '../../../../services/core/retention/topic-plan.ts';
import { planOf, purpose } from '../engine-fixture.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BROKERS: BrokerTimes = { checkIntervalMs: 5 * MINUTE, cleanerBackoffMs: 15_000, assumed: false };
/** What Kafka 4 makes of a topic for which nothing was asked. */
const DEFAULTS: TopicSettings = {
  'cleanup.policy': 'delete',
  'retention.ms': String(7 * DAY),
  'segment.ms': String(7 * DAY),
  'message.timestamp.type': 'CreateTime',
  'message.timestamp.after.max.ms': String(HOUR),
  'max.compaction.lag.ms': '9223372036854775807',
  'min.compaction.lag.ms': '0',
  'delete.retention.ms': String(DAY),
};

const outputOf = (publishedMs: number | undefined, cleanup: Cleanup = 'delete'): OutputPlan => ({
  ...planOf({}).outputs[0]!,
  purpose: purpose({ retentionMs: 60 * DAY, ...(publishedMs === undefined ? {} : { publishedMs }) }),
  cleanup,
});
const plan = (
  publishedMs: number | undefined,
  settings: TopicSettings | null,
  cleanup: Cleanup = 'delete',
  brokers = BROKERS,
): TopicPlan =>
  planOutput(
    outputOf(publishedMs, cleanup),
    settings === null ? null : { partitions: 3, replication: 1, settings: { ...DEFAULTS, ...settings } },
    3,
    brokers,
    HOUR,
  );
const changes = ({ changes: all }: TopicPlan): TopicSettings =>
  Object.fromEntries(all.map(({ setting, wanted }) => [setting, wanted]));

describe('the plan of an output topic', () => {
  it('fails for a purpose that does not say how long a value may lie in a topic', () => {
    const { verdict, findings, changes: none } = plan(undefined, {});
    expect(verdict).toBe('fails');
    expect(none).toEqual([]);
    expect(findings[0]).toContain('add `published`');
  });

  it('leaves a topic alone that keeps the promise, with defaults as they are', () => {
    expect(plan(15 * DAY, {})).toMatchObject({ verdict: 'holds', changes: [], findings: [] });
  });

  it('tells the ages: when published, at worst, promised', () => {
    const { ages, stay } = plan(15 * DAY, {});
    expect(ages).toEqual({ atPublicationMs: 60 * DAY, promisedMs: 75 * DAY });
    expect(stay?.worstMs).toBe(14 * DAY + 5 * MINUTE + HOUR);
  });

  it('counts the time that a segment takes records: retention alone would do', () => {
    const over = { 'retention.ms': String(13 * DAY) };
    const planned = plan(14 * DAY, over);
    expect(planned.verdict).toBe('change');
    expect(planned.stayAfter?.worstMs).toBe(14 * DAY);
    expect(changes(planned)).toEqual({
      'segment.ms': '120960000',
      'retention.ms': String(14 * DAY - 120_960_000 - 5 * MINUTE - HOUR),
    });
  });

  it('wants the broker’s clock where those of workers may be ahead without limit', () => {
    const planned = plan(15 * DAY, { 'message.timestamp.after.max.ms': '9223372036854775807' });
    expect(changes(planned)).toMatchObject({ 'message.timestamp.type': 'LogAppendTime' });
    expect(planned.stay?.worstMs).toBe(Infinity);
    expect(planned.stayAfter?.worstMs).toBeLessThanOrEqual(15 * DAY);
  });

  it.each([
    ['retention.ms', { 'retention.ms': '-1' }, 'delete', true],
    ['cleanup.policy', { 'cleanup.policy': 'compact' }, 'delete', true],
    ['cleanup.policy', { 'cleanup.policy': 'compact,delete' }, 'delete', false],
    ['cleanup.policy', {}, 'compact', true],
    ['segment.ms', { 'retention.ms': '-1', 'segment.ms': '-1' }, 'delete', false],
  ] as const)('says of %s %o → %s whether Kafka deletes by it: %s', (setting, over, cleanup, deletes) => {
    expect(plan(15 * DAY, over, cleanup).changes.find((one) => one.setting === setting)?.deletes).toBe(deletes);
  });

  it('reads cleanup.policy as a set', () => {
    const set = { 'cleanup.policy': 'delete,compact', 'max.compaction.lag.ms': String(DAY) };
    expect(plan(15 * DAY, set, 'compact,delete')).toMatchObject({ verdict: 'holds' });
  });

  it('fails where brokers look too seldom', () => {
    const seldom = plan(HOUR, {}, 'delete', { ...BROKERS, checkIntervalMs: HOUR });
    expect(seldom).toMatchObject({ verdict: 'fails', changes: [] });
    expect(seldom.findings[0]).toContain('log.retention.check.interval.ms');
  });

  it('fails where expiry comes too seldom', () => {
    const seldom = plan(HOUR, {}, 'compact');
    expect(seldom).toMatchObject({ verdict: 'fails', changes: [] });
    expect(seldom.findings[0]).toContain('lethe topics expire');
  });

  it('keeps tombstones for those who were away', () => {
    expect(changes(plan(15 * DAY, { 'delete.retention.ms': '1000' }, 'compact'))).toMatchObject({
      'delete.retention.ms': String(DAY),
    });
  });

  it('keeps brokers from refusing: the smallest lag must not be above the largest', () => {
    const over = { 'cleanup.policy': 'compact', 'min.compaction.lag.ms': String(10 * DAY) };
    expect(changes(plan(15 * DAY, over, 'compact'))).toMatchObject({ 'min.compaction.lag.ms': '0' });
  });

  it('notes another number of partitions, and asks for no change of it', () => {
    const planned = planOutput(
      outputOf(15 * DAY),
      { partitions: 2, replication: 1, settings: DEFAULTS },
      3,
      BROKERS,
      HOUR,
    );
    expect(planned).toMatchObject({ verdict: 'holds', notes: [expect.stringContaining('2 partitions')] });
  });

  const setting = fc.oneof(
    fc.constantFrom('-1', '0', '9223372036854775807', ''),
    fc.integer({ min: 1, max: 40 * DAY }).map(String),
  );
  const settings = fc.option(
    fc.record({
      'cleanup.policy': fc.constantFrom('delete', 'compact', 'compact,delete'),
      'retention.ms': setting,
      'segment.ms': setting,
      'max.compaction.lag.ms': setting,
      'min.compaction.lag.ms': setting,
      'message.timestamp.type': fc.constantFrom('CreateTime', 'LogAppendTime'),
      'message.timestamp.after.max.ms': setting,
    }),
  );
  const cleanups = fc.constantFrom<Cleanup>('delete', 'compact', 'compact,delete');

  it('keeps the promise once applied, or says that it cannot; applied again it changes nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), settings, cleanups, (hours, now, cleanup) => {
        const first = plan(hours * HOUR, now, cleanup);
        if (first.verdict === 'fails') {
          expect(hours).toBeLessThan(4);
          return;
        }
        expect(first.stayAfter!.worstMs).toBeLessThanOrEqual(hours * HOUR);
        const after = plan(hours * HOUR, { ...now, ...changes(first) }, cleanup);
        expect(after).toMatchObject({ verdict: 'holds', changes: [] });
      }),
    );
  });
});

describe('the plan of one of Lethe’s own topics', () => {
  const audit = { name: 'lethe.audit', partitions: -1, config: { 'cleanup.policy': 'delete', 'retention.ms': '-1' } };
  const state = (settings: TopicSettings) => ({ partitions: 1, replication: 1, settings });

  it.each([
    ['kept for ever', { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' }, 'holds', []],
    [
      'deleted by time',
      { 'cleanup.policy': 'delete', 'retention.ms': '604800000', 'retention.bytes': '-1' },
      'change',
      ['retention.ms'],
    ],
    [
      'deleted by size',
      { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '1000' },
      'change',
      ['retention.bytes'],
    ],
    [
      'compacted',
      { 'cleanup.policy': 'compact', 'retention.ms': '-1', 'retention.bytes': '-1' },
      'change',
      ['cleanup.policy'],
    ],
  ])('%s', (_what, settings, verdict, changed) => {
    const planned = planOwn(audit, state(settings));
    expect(planned.verdict).toBe(verdict);
    expect(planned.changes.map(({ setting }) => setting)).toEqual(changed);
    expect(planned.changes.filter(({ setting, deletes }) => deletes && setting !== 'cleanup.policy')).toEqual([]);
  });

  it('is made where it is missing', () => {
    expect(planOwn(audit, null)).toMatchObject({ verdict: 'missing', findings: [] });
  });
});

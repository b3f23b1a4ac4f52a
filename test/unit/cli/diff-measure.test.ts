import { describe, expect, it } from 'vitest';
import { consentsOfFile, type ConsentSource } from '../../../services/cli/consent-source.ts';
import { type Arrived, measure, type MeasureOptions } from '../../../services/cli/diff-measure.ts';
import { makeJsonCodec } from '../../../services/core/apply/json/json-codec.ts';
import { consentStateOf } from '../../../services/core/decide/consent-state.ts';
import { makeJudge } from '../../../services/core/diff/judge.ts';
import { type Measured, MeasuredTally } from '../../../services/core/diff/measured-tally.ts';
import { makeRecordDiff } from '../../../services/core/diff/record-diff.ts';
import type { CompiledRoute } from '../../../services/core/policy/plan.ts';
import { GRANTED, policy, side } from '../core/diff/sides.ts';
import { fakeKeyring } from '../core/engine-fixture.ts';
import { PURPOSES } from '../core/policy/documents.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);

/** Records are kept for so many days. */
function routeOf(days: number, time: boolean): CompiledRoute {
  const kept = { basis: { default: 'consent' as const }, retention: { default: `P${days}D` } };
  const document = policy({ id: 'system' }, [{ select: 'system', action: 'keep' }], time ? { time: 'at' } : {});
  return side({
    policies: [document],
    purposes: { purposes: { ...PURPOSES.purposes, analytics: kept } },
  }).bundle.routes[0]!;
}

type Run = Partial<Pick<MeasureOptions, 'now' | 'consents'>> & {
  readonly days: readonly [number, number];
  readonly time?: boolean;
};

async function run(records: readonly Arrived[], { days, time = true, now = null, consents }: Run): Promise<Measured> {
  const [before, after] = days.map((each) => {
    const { plan } = routeOf(each, time);
    return makeJudge(makeJsonCodec(plan, fakeKeyring), fakeKeyring, plan);
  }) as [ReturnType<typeof makeJudge>, ReturnType<typeof makeJudge>];
  const tally = new MeasuredTally(3);
  await measure({
    batches: (async function* () {
      yield await Promise.resolve({ records, done: records.length });
    })(),
    before,
    after,
    diff: makeRecordDiff({ tally, plans: { before: before.plan, after: after.plan }, comparable: () => true }),
    consents: consents ?? consentsOfFile(() => consentStateOf([{ ...GRANTED, at: 0 }])),
    now,
    present: NOW,
    progress: () => undefined,
  });
  return tally.result();
}

const record = (at: number | string, arrivedAt: number | null, id = 'c'): Arrived => ({
  value: Buffer.from(JSON.stringify({ id, at })),
  unreadable: null,
  key: null,
  headers: null,
  arrivedAt,
  at: () => 'here',
});

const published = ({ outputs }: Measured) => outputs[0]?.published;

describe('the moment a record is judged at', () => {
  const old = NOW - 100 * DAY;

  it('is when it arrived', async () => {
    expect(published(await run([record(old, old + 20 * DAY)], { days: [30, 10] }))).toEqual({ before: 1, after: 0 });
  });

  it('is its own event time where nobody noted when it arrived', async () => {
    expect(published(await run([record(old, null)], { days: [30, 10] }))).toEqual({ before: 1, after: 1 });
  });

  it('is --now where that is given', async () => {
    const now = old + 20 * DAY;
    expect(published(await run([record(old, null), record(old, old)], { days: [30, 10], now }))).toEqual({
      before: 2,
      after: 0,
    });
  });

  it('is the present where a record has no time of its own either', async () => {
    expect(published(await run([record(old, null)], { days: [30, 10], time: false }))).toEqual({ before: 1, after: 1 });
  });

  it('decides which event times come from the future', async () => {
    const ahead = await run([record(NOW + 2 * DAY, NOW)], { days: [30, 10] });
    expect(ahead.deadLetters.both).toBe(1);
    const alone = await run([record(NOW + 2 * DAY, null)], { days: [30, 10] });
    expect(alone.deadLetters.both).toBe(0);
  });

  it('is what consents stood as of', async () => {
    const withdrawn = consentStateOf([
      { ...GRANTED, at: 0 },
      { ...GRANTED, decision: 'withdrawn', at: old + DAY, version: 2 },
    ]);
    const records = [record(old, old), record(old + 2 * DAY, old + 2 * DAY)];
    const result = await run(records, { days: [30, 30], consents: consentsOfFile(() => withdrawn) });
    expect(published(result)).toEqual({ before: 1, after: 1 });
  });
});

it('asks for the consents of a batch once, each subject once', async () => {
  const asked: (readonly string[])[] = [];
  const consents: ConsentSource = {
    load: async (subjects) => {
      asked.push(subjects);
      return () => consentStateOf([]);
    },
    close: async () => {},
  };
  await run([record(NOW, NOW, 'a'), record(NOW, NOW, 'b'), record(NOW, NOW, 'a')], { days: [1, 1], consents });
  expect(asked).toEqual([['a', 'b']]);
});

it('takes what cannot be read for a dead letter in both', async () => {
  const unreadable: Arrived = { ...record(NOW, NOW), value: null, unreadable: { code: 'too_large', path: null } };
  const result = await run([unreadable, { ...record(NOW, NOW), value: Buffer.from('{"id":"c","at"') }], {
    days: [1, 1],
  });
  expect(result).toMatchObject({ records: 2, deadLetters: { both: 2, new: { records: 0 }, gone: { records: 0 } } });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONSENT_DECISIONS, type ConsentEvent } from '../../../../services/core/consent-event.ts';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { decide } from '../../../../services/core/decide/decide.ts';
import { makeVariants } from '../../../../services/core/decide/variants.ts';
import type { Basis, ConsentAt } from '../../../../services/core/policy/plan.ts';
import { CATEGORY, DAY, event, NOW, planOf, purpose } from '../engine-fixture.ts';

const BASES: readonly Basis[] = ['consent', 'opt_out', 'legitimate_interest', 'contract', 'legal_obligation'];
const basis = fc.constantFrom(...BASES);
const unconsented = fc.constantFrom('withhold' as const, 'strip' as const);
const recipient = fc.constantFrom(null, 'acme');
/** Days around now on a coarse grid, so that ties and the present moment itself come up. */
const time = fc.integer({ min: -20, max: 4 }).map((n) => NOW + n * DAY);

const said: fc.Arbitrary<ConsentEvent> = fc.record({
  purpose: fc.constantFrom('p', '*', 'q', 'p.sub'),
  decision: fc.constantFrom(...CONSENT_DECISIONS),
  at: time,
  version: fc.integer({ min: 0, max: 50 }),
  region: fc.constantFrom(null, 'US-CA', 'DE'),
  recipients: fc.constantFrom([], ['acme'], ['other']),
  method: fc.constantFrom(null, 'explicit', 'implicit'),
  notice: fc.constant(null),
  source: fc.constant(null),
  expires: fc.option(time),
});
const history = fc.uniqueArray(said, { maxLength: 8, selector: ({ version }) => version });

type World = {
  readonly basis: Basis;
  readonly unconsented: 'withhold' | 'strip';
  readonly recipient: string | null;
  readonly eventTime: number;
};
const world: fc.Arbitrary<World> = fc.record({ basis, unconsented, recipient, eventTime: time });

const FIELDS = {
  id: { category: CATEGORY.system },
  contact: { category: CATEGORY.contact },
  health: { category: CATEGORY.health },
  recent: { category: CATEGORY.contact, maxAgeMs: 5 * DAY },
};

/** The paths that are released; none where withheld. */
function released(
  events: readonly ConsentEvent[],
  { eventTime, ...spec }: World,
  consentAt: ConsentAt = 'decision',
  now = NOW,
): readonly string[] {
  const plan = planOf(FIELDS, [
    {
      consentAt,
      unconsented: spec.unconsented,
      purpose: purpose({ recipient: spec.recipient, defaultBasis: spec.basis, retentionMs: 15 * DAY }),
    },
  ]);
  const output = plan.outputs[0];
  if (output === undefined) throw new Error('no output');
  const verdict = decide({ eventTime, region: null }, consentStateOf(events), output, now, makeVariants(plan, output));
  if (verdict.kind === 'withhold') return [];
  return plan.leaves.filter(({ id }) => verdict.variant.released[id] === 1).map(({ path }) => path);
}

const RUNS = { numRuns: 500 };

describe('decide', () => {
  it('never publishes anything personal on unknown consent under the basis consent', () => {
    const unrelated = history.map((events) =>
      events.filter(({ decision, purpose: of }) => decision !== 'granted' || of.startsWith('q') || of === 'p.sub'),
    );
    fc.assert(
      fc.property(unrelated, world, (events, at) => {
        const left = released(events, { ...at, basis: 'consent' });
        expect(left.filter((path) => path !== 'id')).toEqual([]);
        if (at.unconsented === 'withhold') expect(left).toEqual([]);
      }),
      RUNS,
    );
  });

  it.each(['denied', 'withdrawn', 'objected', 'erased'] as const)('%s never releases more', (decision) => {
    fc.assert(
      fc.property(history, world, said, (events, at, refusal) => {
        const before = released(events, at);
        // Everything but the decision is as arbitrary as a refusal can be; the region stays, as another law may ask for less.
        const after = released([...events, { ...refusal, decision, version: 51 }], at);
        for (const path of after) expect(before).toContain(path);
      }),
      RUNS,
    );
  });

  it('does not depend on the order in which events arrive, nor on how often', () => {
    const shuffled = history.chain((events) =>
      fc.tuple(
        fc.constant(events),
        fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2, maxLength: events.length * 2 }),
      ),
    );
    fc.assert(
      fc.property(shuffled, world, ([events, others], at) => {
        expect(released(others, at)).toEqual(released(events, at));
      }),
      RUNS,
    );
  });

  it('no grant, however late or often it is sent, revives an erased subject', () => {
    const grants = fc.array(
      said.map((grant): ConsentEvent => ({ ...grant, decision: 'granted' })),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(history, grants, world, time, (events, more, at, erasedAt) => {
        fc.pre(erasedAt <= NOW && at.basis !== 'legal_obligation');
        const past = events.filter(({ decision }) => decision !== 'reinstated');
        const erased = event({ decision: 'erased', at: erasedAt, version: 60 });
        const later = more.map((grant, i) => ({ ...grant, version: 61 + i }));
        expect(released([...past, erased, ...later], at)).toEqual([]);
      }),
      RUNS,
    );
  });

  it('what happened before an erasure stays withheld whatever is said afterwards', () => {
    fc.assert(
      fc.property(history, world, time, (events, at, erasedAt) => {
        fc.pre(erasedAt <= NOW && at.basis !== 'legal_obligation' && at.eventTime < erasedAt);
        expect(released([...events, event({ decision: 'erased', at: erasedAt, version: 60 })], at)).toEqual([]);
      }),
      RUNS,
    );
  });

  it('consent at event time releases what both moments release, and no more', () => {
    fc.assert(
      fc.property(history, world, (events, at) => {
        const both = released(events, at, 'event_and_decision');
        const now = released(events, at);
        const then = released(events, at, 'decision', Math.min(at.eventTime, NOW));
        expect(both).toEqual(at.basis === 'legal_obligation' ? now : now.filter((path) => then.includes(path)));
      }),
      RUNS,
    );
  });

  it('an event of the future changes nothing', () => {
    fc.assert(
      fc.property(history, said, world, (events, future, at) => {
        const unborn = { ...future, at: NOW + 1 + Math.abs(future.at - NOW), version: 70 };
        for (const when of ['decision', 'event_and_decision'] as const) {
          expect(released([...events, unborn], at, when)).toEqual(released(events, at, when));
        }
      }),
      RUNS,
    );
  });

  it('releases sensitive fields on explicit consent or a legal obligation alone', () => {
    const implicit = history.map((events) => events.filter(({ method }) => method !== 'explicit'));
    fc.assert(
      fc.property(implicit, world, (events, at) => {
        fc.pre(at.basis !== 'legal_obligation');
        expect(released(events, at)).not.toContain('health');
      }),
      RUNS,
    );
  });

  it('never releases what outlived its retention', () => {
    fc.assert(
      fc.property(history, world, (events, at) => {
        const left = released(events, at);
        if (NOW - at.eventTime > 15 * DAY) expect(left).toEqual([]);
        if (NOW - at.eventTime > 5 * DAY) expect(left).not.toContain('recent');
      }),
      RUNS,
    );
  });
});

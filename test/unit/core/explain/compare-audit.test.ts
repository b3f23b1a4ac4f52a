import { describe, expect, it } from 'vitest';
import { GENESIS, type SegmentContent } from '../../../../services/core/audit/segment.ts';
import { makeSegmentBuilder } from '../../../../services/core/audit/segment-builder.ts';
import type { ConsentEvent } from '../../../../services/core/consent-event.ts';
import { deadLettered, type RecordDecision } from '../../../../services/core/engine.ts';
import { compareWithAudit } from '../../../../services/core/explain/compare-audit.ts';
import { event } from '../engine-fixture.ts';
import { configurationOf, explained } from './explained.ts';

const { plans, authored } = await configurationOf(new URL('../golden/config', import.meta.url).pathname);
const plan = plans.get('orders')!;
const NOW = Date.parse('2026-06-01T00:00:00Z');
const granted = event({ purpose: '*', at: NOW - 10, method: 'explicit', recipients: ['acme'] });

const decide = async (events: readonly ConsentEvent[], value: string | null = RECORD): Promise<RecordDecision> =>
  (await explained({ plan, authored, value, now: NOW, events, key: 'cust-1' })).decision;
const RECORD =
  '{"order":"o-1","occurred_at":"2026-05-20T00:00:00Z","customer":{"id":"cust-1","blood":"0-"},"place":"48.2,16.3"}';

/** Offsets 4, 5 and 7: three decisions, and at 6 no record. */
function segmentOf(decisions: readonly RecordDecision[]): SegmentContent {
  const outputs = plan.outputs.map(({ topic }) => topic);
  const builder = makeSegmentBuilder({
    ...{ topic: 'raw.orders', partition: 0, bundle: 'b', watermark: null, decidedAt: NOW, outputs, previous: GENESIS },
  });
  decisions.forEach((decision, index) => builder.add([4, 5, 7][index] ?? 0, decision));
  return builder.finish(() => GENESIS);
}

describe('what is found now against the audit', () => {
  it('is the same for every kind of decision', async () => {
    const decisions = [await decide([granted]), await decide([], null), await decide([], '{"order":1')];
    const segment = segmentOf(decisions);
    for (const [index, offset] of [4, 5, 7].entries()) {
      expect(compareWithAudit(decisions[index]!, segment, offset)).toEqual({ same: true, differences: [] });
    }
  });

  it('differs in outcomes, in fields, in dead letters; each is told in a line', async () => {
    const explicit = await decide([granted]);
    const segment = segmentOf([explicit, deadLettered({ code: 'action_failed', path: 'place' }), explicit]);
    const implicit = await decide([{ ...granted, method: null, recipients: [] }]);
    expect(compareWithAudit(implicit, segment, 4)).toEqual({
      same: false,
      differences: [
        'clean.analytics: customer.blood: the audit says keep; now it is drop_not_explicit',
        'clean.fraud: customer.blood: the audit says keep; now it is drop_not_explicit',
        'clean.partner: the audit says published; now it is withheld (recipient_not_named)',
      ],
    });
    expect(compareWithAudit(explicit, segment, 5).differences).toEqual([
      'the audit says dead-lettered: action_failed at place; now it is decided',
    ]);
    expect(compareWithAudit(await decide([], 'x'), segment, 7).differences).toEqual([
      'the audit says decided; now it is dead-lettered: undecodable',
    ]);
    expect(compareWithAudit(explicit, segment, 6)).toMatchObject({ same: false });
  });

  it('outputs that one of the two does not know are told', async () => {
    const decision = await decide([granted]);
    const segment = { ...segmentOf([decision]), outputs: ['clean.old', 'clean.fraud', 'clean.partner', 'clean.tax'] };
    expect(compareWithAudit(decision, segment, 4).differences).toEqual([
      'clean.old: the audit says published; the bundle has no such output',
      'clean.analytics: the audit knows no such output',
    ]);
  });
});

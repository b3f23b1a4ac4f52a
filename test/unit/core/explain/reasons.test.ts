/** What is said, and why: the words a person reads. */
import { describe, expect, it } from 'vitest';
import type { ConsentEvent } from '../../../../services/core/consent-event.ts';
import type {
  FieldExplanation,
  OutputExplanation,
  RecordExplanation,
} from '../../../../services/core/explain/explanation.ts';
import { event } from '../engine-fixture.ts';
import { configurationOf, explained } from './explained.ts';

const { plans, authored } = await configurationOf(new URL('../golden/config', import.meta.url).pathname);
const plan = plans.get('orders')!;
const NOW = Date.parse('2026-06-01T00:00:00Z');
const at = (text: string): number => Date.parse(text);
const granted = event({ purpose: '*', at: at('2026-01-05T10:00:00Z'), version: 1, method: 'implicit' });
const RECORD = {
  order: 'o-1',
  occurred_at: '2026-05-20T00:00:00Z',
  customer: { id: 'cust-1', country: 'DE', email: 'user1@example.com', blood: '0-' },
  place: '48.2,16.3',
};

async function told(events: readonly ConsentEvent[], over: object = {}, text?: string): Promise<RecordExplanation> {
  const value = text ?? JSON.stringify({ ...RECORD, ...over });
  return (await explained({ plan, authored, value, now: NOW, events })).explanation;
}

const outputOf = ({ outputs }: RecordExplanation, topic: string): OutputExplanation =>
  outputs.find((output) => output.topic === `clean.${topic}`)!;
const fieldOf = (output: OutputExplanation, path: string): FieldExplanation =>
  output.fields.find((field) => field.path === path)!;

describe('the legal basis', () => {
  it.each([
    ['the record', [], {}, 'region DE of the record → gdpr → consent'],
    [
      'the record, not listed',
      [],
      { country: 'XX' },
      'region XX of the record → not listed, so the default regime gdpr → consent',
    ],
    [
      'the latest consent event',
      [event({ purpose: 'q', region: 'US-CA', at: at('2026-01-01T00:00:00Z') })],
      { country: null },
      'region US-CA of the latest consent event (2026-01-01T00:00:00.000Z) → ccpa → opt_out',
    ],
    ['nobody', [event({ purpose: 'q' })], { country: null }, 'no region known → the default regime gdpr → consent'],
  ] as const)('by the region of %s', async (_name, events, customer, why) => {
    const explanation = await told(events, { customer: { ...RECORD.customer, ...customer } });
    expect(outputOf(explanation, 'analytics').basis?.why).toBe(why);
  });
});

describe('an output', () => {
  const later = (decision: ConsentEvent['decision'], over: Partial<ConsentEvent> = {}): ConsentEvent =>
    event({ purpose: '*', decision, at: at('2026-02-01T00:00:00Z'), version: 2, ...over });
  it.each([
    ['fraud', [], null, 'nobody objected', null],
    ['tax', [], null, 'legal_obligation asks for no consent', null],
    ['partner', [], 'consent_missing', 'nobody granted partner.acme, and without a grant there is no consent', null],
    [
      'partner',
      [granted],
      'recipient_not_named',
      'the grant of 2026-01-05T10:00:00.000Z (for all purposes) does not name the recipient acme',
      'granted',
    ],
    [
      'partner',
      [event({ purpose: 'partner.acme', at: granted.at, expires: at('2026-03-01T00:00:00Z') })],
      'consent_expired',
      'the grant of 2026-01-05T10:00:00.000Z ran out on 2026-03-01T00:00:00.000Z',
      'granted',
    ],
    [
      'fraud',
      [later('objected')],
      'objected',
      'the objection of 2026-02-01T00:00:00.000Z (for all purposes) is the last word',
      'objected',
    ],
    [
      'fraud',
      [later('objected'), { ...granted, at: at('2026-03-01T00:00:00Z') }],
      null,
      'the grant of 2026-03-01T00:00:00.000Z (for all purposes) lifts an objection',
      'granted',
    ],
    [
      'partner',
      [later('withdrawn')],
      'consent_withdrawn',
      'the withdrawal of 2026-02-01T00:00:00.000Z (for all purposes) is the last word',
      'withdrawn',
    ],
    [
      'fraud',
      [later('erased', { purpose: 'q' })],
      'erased',
      'the erasure of 2026-02-01T00:00:00.000Z covers this record',
      'erased',
    ],
    [
      'partner',
      [
        granted,
        later('erased', { purpose: 'q' }),
        event({ decision: 'reinstated', at: at('2026-02-02T00:00:00Z'), version: 3 }),
      ],
      'consent_missing',
      'the erasure of 2026-02-01T00:00:00.000Z voided what was granted before; nothing was granted since',
      'erased',
    ],
    ['analytics', [granted], null, 'the grant of 2026-01-05T10:00:00.000Z (for all purposes) is in force', 'granted'],
  ] as const)('%s %#: %s', async (topic, events, reason, why, decision) => {
    const output = outputOf(await told(events), topic);
    expect([output.reason, output.why, output.consent?.decision ?? null]).toEqual([reason, why, decision]);
    expect(output.change === null).toBe(reason === null);
  });

  it('says what would have to change, and that some things cannot', async () => {
    const change = async (topic: string, events: readonly ConsentEvent[], over: object = {}) =>
      outputOf(await told(events, over), topic).change;
    expect(await change('partner', [])).toBe(
      'It takes a granted event for partner.acme (or *) that names the recipient acme, in force when the record is decided about.',
    );
    expect(await change('fraud', [later('objected')])).toContain('later than that event');
    expect(await change('fraud', [later('erased')])).toContain('stay withheld for ever');
    const lifted = [
      later('erased', { at: at('2026-05-21T00:00:00Z') }),
      event({ decision: 'reinstated', at: at('2026-05-22T00:00:00Z'), version: 3 }),
    ];
    expect(await change('fraud', lifted)).toBe('Nothing: records from before an erasure stay withheld for ever.');
    const old = { occurred_at: '2025-01-01T00:00:00Z' };
    expect(await change('fraud', [], old)).toContain('longer retention');
    expect(outputOf(await told([], old), 'fraud').why).toBe('the record is 516 days old; fraud_prevention keeps P90D');
    const blood = '{"occurred_at":"2026-05-20T00:00:00Z","customer":{"id":"cust-1","blood":"0-"}}';
    const sensitive = outputOf(await told([granted], {}, blood), 'fraud');
    expect([sensitive.reason, sensitive.consent?.method]).toEqual(['consent_not_explicit', 'implicit']);
    expect(sensitive.change).toContain('with the method explicit');
  });

  it('a tombstone', async () => {
    const { explanation } = await explained({ plan, authored, value: null, key: 'cust-1', now: NOW });
    expect(explanation).toMatchObject({ tombstone: true, rawKey: '"cust-1"' });
    expect(outputOf(explanation, 'analytics')).toMatchObject({
      outcome: 'published',
      key: { value: 'analytics/cust-1' },
    });
    expect(outputOf(explanation, 'partner')).toMatchObject({ outcome: 'withheld', reason: 'tombstone' });
  });
});

describe('a field', () => {
  it('is named with the rule that decides, and why', async () => {
    const output = outputOf(await told([granted]), 'analytics');
    expect(fieldOf(output, 'customer.email')).toMatchObject({
      category: { name: 'user.contact.email' },
      rule: { select: 'user.contact.email', file: 'policies/orders.yaml' },
      ...{ effect: 'mask', why: 'masked as email' },
      values: { count: 1, shown: [{ before: '"user1@example.com"', after: '"u***@example.com"' }] },
    });
    expect(fieldOf(output, 'customer.email').rule?.line).toBeGreaterThan(1);
    expect(fieldOf(output, 'customer.blood')).toMatchObject({
      effect: 'drop_not_explicit',
      why: 'sensitive: needs explicit consent for analytics; the grant of 2026-01-05T10:00:00.000Z (for all purposes) is implicit',
    });
    expect(fieldOf(output, 'customer.country')).toMatchObject({
      ...{ category: null, rule: null, action: null, effect: 'drop' },
      why: 'read as the region, and not declared under fields: it never leaves',
    });
  });

  it.each([
    [[], 'none was given'],
    [[event({ purpose: 'q' })], 'none was given'],
    [[{ ...granted, method: null }], 'is of no stated method'],
    [[{ ...granted, method: 'explicit', expires: at('2026-02-01T00:00:00Z') }], 'ran out'],
    [
      [event({ purpose: '*', decision: 'denied', at: granted.at })],
      'the denial of 2026-01-05T10:00:00.000Z (for all purposes) is the last word',
    ],
  ] as const)('is not explicit for a reason %#', async (events, why) => {
    const output = outputOf(await told(events), 'fraud');
    expect(fieldOf(output, 'customer.blood').why).toContain(why);
  });

  it('may be too old, stripped, or released under a legal obligation', async () => {
    const old = outputOf(await told([granted], { occurred_at: '2026-04-01T00:00:00Z' }), 'analytics');
    expect(fieldOf(old, 'place').why).toBe('61 days old, older than P30D allowed for user.location by analytics');
    const stripped = outputOf(await told([]), 'analytics');
    expect([stripped.outcome, stripped.why]).toEqual([
      'published',
      'only what is not personal: nobody granted analytics, and without a grant there is no consent',
    ]);
    expect(fieldOf(stripped, 'place')).toMatchObject({
      ...{ effect: 'drop_stripped', why: 'personal, and only what is not personal is published: consent_missing' },
    });
    expect(fieldOf(outputOf(await told([]), 'tax'), 'customer.blood').why).toBe(
      'kept as it is; sensitive, and legal_obligation asks for no consent',
    );
    const withheld = outputOf(await told([]), 'partner');
    expect(fieldOf(withheld, 'place')).toMatchObject({
      effect: 'withheld',
      why: 'the whole output is withheld: consent_missing',
    });
    expect(fieldOf(withheld, 'order')).toMatchObject({
      effect: 'drop',
      why: 'no rule of this output selects it: dropped',
    });
  });

  it('what nobody declared is listed, and where it stands', async () => {
    const { undeclared } = await told([], { note: 'x', more: { deep: 1 }, list: [1, 2] });
    expect(undeclared).toEqual({
      count: 3,
      shown: [
        { path: 'note', kind: 'text' },
        { path: 'more', kind: 'object' },
        { path: 'list', kind: 'array' },
      ],
    });
  });
});

describe('a dead letter', () => {
  it('shows what stands at the path, and which rules would have met it', async () => {
    const { deadLetter } = await told([granted], { customer: { id: 'cust-1', email: 'no address' } });
    expect(deadLetter).toMatchObject({
      ...{ code: 'action_failed', path: 'customer.email' },
      values: { count: 1, shown: [{ path: 'customer.email', before: '"no address"', kind: 'text' }] },
      outputs: [{ topic: 'clean.analytics', rule: { select: 'user.contact.email' }, action: { kind: 'mask' } }],
    });
  });

  it.each([
    ['{"order":1', 'undecodable', null, 0],
    ['{"customer":{}}', 'subject_missing', 'customer.id', 0],
    ['{"customer":{"id":"cust-1"},"occurred_at":"yesterday"}', 'time_invalid', 'occurred_at', 1],
    [
      '{"customer":{"id":"cust-1","blood":{}},"occurred_at":"2026-05-20T00:00:00Z"}',
      'action_failed',
      'customer.blood',
      1,
    ],
  ])('%s', async (text, code, path, count) => {
    const { deadLetter, outcome } = await told([], {}, text);
    expect([outcome, deadLetter?.code, deadLetter?.path, deadLetter?.values.count]).toEqual([
      'dead_lettered',
      code,
      path,
      count,
    ]);
    expect(deadLetter?.fix).not.toBe('');
  });

  it('a batch that could not be unpacked', async () => {
    const { explanation } = await explained({ plan, authored, value: null, now: NOW });
    expect(explanation.deadLetter).toMatchObject({ code: 'subject_missing' });
  });
});

import { describe, expect, it } from 'vitest';
import type { RecordExplanation } from '../../../services/core/explain/explanation.ts';
import { explanationLine } from '../../../services/cli/explain-json.ts';
import { explanationText } from '../../../services/cli/explain-text.ts';
import type { Paint } from '../../../services/cli/painter.ts';
import type { ShownExplanation } from '../../../services/cli/explain.ts';
import { GENESIS } from '../../../services/core/audit/segment.ts';
import { event } from '../core/engine-fixture.ts';
import { configurationOf, explained } from '../core/explain/explained.ts';

const { plans, authored } = await configurationOf(new URL('../core/golden/config', import.meta.url).pathname);
const plan = plans.get('orders')!;
const NOW = Date.parse('2026-06-01T00:00:00Z');
const plain: Paint = (_look, text) => text;
const events = [event({ purpose: '*', at: Date.parse('2026-01-05T10:00:00Z'), notice: '2026-01' })];

async function shown(value: string | null, over: Partial<ShownExplanation> = {}, of = plan): Promise<ShownExplanation> {
  const given = {
    plan: of,
    authored,
    value,
    now: NOW,
    events,
    key: 'cust-1',
    headers: { traceparent: '00-1', odd: 'x' },
  };
  const { explanation } = await explained(given);
  return {
    ...{ source: null, line: 3, bundle: { digest: 'd1', from: 'folder' }, consentsFrom: 'file', nowFrom: 'option' },
    ...{ explanation, audited: null },
    ...over,
  };
}

const RECORD =
  '{"order":9007199254740993,"occurred_at":"2026-05-20T00:00:00Z","customer":{"id":"cust-1","email":"user1@example.com"},"place":1.50,"extra":true}';

describe('text', () => {
  it("does not call a timestamp the record's own time", async () => {
    const timeless = { ...plan, read: { ...plan.read, time: -1 } };
    const file = explanationText(await shown(RECORD, {}, timeless), plain);
    expect(file).toMatch(/^  time      \S+, as of that moment: no time is read from it$/m);
    const kafka = explanationText(await shown(RECORD, { source: 'raw.orders/0/1' }, timeless), plain);
    expect(kafka).toMatch(/^  time      \S+, Kafka's timestamp: no time is read from it$/m);
  });

  it('says of each output what, why and by what', async () => {
    const text = explanationText(await shown(RECORD), plain);
    expect(text.slice(0, text.indexOf('clean.fraud'))).toBe(`line 3
  route     orders, from raw.orders
  as of     2026-06-01T00:00:00.000Z (--now)
  bundle    d1 (the folder given)
  consents  those of the file
  time      2026-05-20T00:00:00.000Z, the record's own

clean.analytics  PUBLISHED  for analytics
  why       the grant of 2026-01-05T10:00:00.000Z (for all purposes) is in force
  basis     no region known → the default regime gdpr → consent
  consent   granted for * at 2026-01-05T10:00:00.000Z, notice 2026-01, version 1
  key       analytics/cust-1  the subject's pseudonym for analytics
    order  system  keep  policies/orders.yaml:18 (system)
      9007199254740993 → 9007199254740993  (kept as it is)
    customer.id  user.unique_id  pseudonymize  policies/orders.yaml:20 (user.unique_id)
      "cust-1" → "analytics/cust-1"  (pseudonymized in the domain analytics)
    customer.email  user.contact.email  mask  policies/orders.yaml:21 (user.contact.email)
      "user1@example.com" → "u***@example.com"  (masked as email)
    place  user.location  keep  policies/orders.yaml:19 (user)
      1.50 → 1.50  (kept as it is)
    occurred_at  drop
      "2026-05-20T00:00:00Z" → nothing  (read as the time, and not declared under fields: it never leaves)
    headers.traceparent  system  keep  policies/orders.yaml:18 (system)
      "00-1" → "00-1"  (kept as it is)

`);
    expect(text.slice(text.indexOf('Not declared'))).toBe(`Not declared in the policy, so it never leaves
    extra boolean

Not part of the value, and never passed on
    the record's key "cust-1"
    the header odd, which is not declared
`);
  });

  it('nothing of a record moves the cursor or turns text around', async () => {
    const evil =
      '{"order":"\u009b31m\u202e\u007f","customer":{"id":"cust-1"},"occurred_at":"2026-05-20T00:00:00Z","\\u001b[2J":1}';
    const text = explanationText(await shown(evil), plain);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(text).toContain(String.raw`"\u009b31m\u202e\u007f"`);
    expect(text).toContain(String.raw`\u001b\[2J`);
  });

  it('long values are cut, and how long they are is told', async () => {
    const long = RECORD.replace('9007199254740993', JSON.stringify('x'.repeat(500)));
    const text = explanationText(await shown(long), plain);
    expect(text).toContain('… (502 characters)');
    expect(text).not.toContain('x'.repeat(200));
  });

  it('dead letters, and what the audit says', async () => {
    const dead = explanationText(await shown('{"order":1'), plain);
    expect(dead).toContain('DEAD LETTER undecodable\n  it is no JSON object');
    const segment = {
      ...{ topic: 'raw.orders', partition: 0, firstOffset: 0, lastOffset: 9, bundle: 'b1', watermark: null },
      ...{ decidedAt: NOW, outputs: [], treatments: [], shapes: [], records: [], previous: GENESIS, hash: 'h1' },
    };
    const audited = { segment, decisions: 2, comparison: { same: false, differences: ['clean.a: the audit says so'] } };
    const at = await shown(RECORD, { source: 'raw.orders/0/4', line: null, audited });
    expect(explanationText(at, plain)).toContain(
      '  audit     decided 2026-06-01T00:00:00.000Z under b1; it was decided about 2 times, this is the latest; NOT the same as here:\n    clean.a: the audit says so\n',
    );
    const undecided = { segment: null, decisions: 0, comparison: null };
    expect(explanationText({ ...at, audited: undecided }, plain)).toContain(
      'no worker has decided about this record yet',
    );
    const { audited: told } = JSON.parse(explanationLine(at)) as { audited: object };
    expect(told).toEqual({
      ...{ decisions: 2, comparison: audited.comparison },
      segment: {
        ...{ topic: 'raw.orders', partition: 0, firstOffset: 0, lastOffset: 9, bundle: 'b1', hash: 'h1' },
        decidedAt: '2026-06-01T00:00:00.000Z',
      },
    });
  });
});

describe('JSON', () => {
  it('is one line in which numbers keep their digits, and what is absent is left out', async () => {
    const line = explanationLine(await shown(RECORD.replace('true', 'null')));
    expect(line).not.toContain('\n');
    expect(line).toContain('"before":9007199254740993,"after":9007199254740993');
    expect(line).toContain('"before":1.50,"after":1.50');
    const { outputs, rawKey } = JSON.parse(line) as RecordExplanation;
    expect(rawKey).toBe('cust-1');
    expect(outputs[0]?.fields.find(({ path }) => path === 'occurred_at')?.values.shown).toEqual([
      { path: 'occurred_at', before: '2026-05-20T00:00:00Z' },
    ]);
  });

  it('a null that was kept is not a value that is absent', async () => {
    const { outputs } = JSON.parse(explanationLine(await shown(RECORD.replace('1.50', 'null')))) as RecordExplanation;
    expect(outputs[0]?.fields.find(({ path }) => path === 'place')?.values.shown).toEqual([
      { path: 'place', before: null, after: null },
    ]);
  });
});

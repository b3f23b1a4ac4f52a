/** Explanations of the golden cases and of the examples: what they say is what the engine decides. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type ConsentLine, parseConsentEvents, parseConsentLine } from '../../../../services/core/consent-file.ts';
import type { ConsentEvent } from '../../../../services/core/consent-event.ts';
import { configurationOf, expectFaithful, explained } from './explained.ts';

const root = new URL('../../../../', import.meta.url).pathname;
const golden = `${root}test/unit/core/golden`;
const orders = await configurationOf(`${golden}/config`);
const shop = await configurationOf(`${root}config`);

type Case = {
  readonly now: string;
  readonly consent: unknown;
  readonly input: string | null;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expect: {
    readonly dead_letter?: object;
    readonly outputs?: Readonly<Record<string, { value?: string | null; withheld?: string; reason?: string }>>;
  };
};

describe('golden cases', () => {
  it.each(readdirSync(`${golden}/cases`))('%s', async (name) => {
    const given = parse(readFileSync(`${golden}/cases/${name}`, 'utf8')) as Case;
    const consents = parseConsentEvents(given.consent);
    if (!consents.ok) throw new Error(JSON.stringify(consents.problems));
    const { explanation, decision } = await explained({
      plan: orders.plans.get('orders')!,
      authored: orders.authored,
      value: given.input,
      now: Date.parse(given.now),
      events: consents.events,
      ...(given.key === undefined ? {} : { key: given.key }),
      ...(given.headers === undefined ? {} : { headers: given.headers }),
    });
    expectFaithful(explanation, decision);
    if (given.expect.dead_letter !== undefined) expect(explanation.deadLetter).toMatchObject(given.expect.dead_letter);
    for (const [topic, wanted] of Object.entries(given.expect.outputs ?? {})) {
      const told = explanation.outputs.find((output) => output.topic === topic);
      expect([topic, told?.reason ?? null]).toEqual([topic, wanted.withheld ?? wanted.reason ?? told?.reason ?? null]);
      expect(told?.outcome).toBe(wanted.withheld === undefined ? 'published' : 'withheld');
    }
  });
});

describe('the examples', () => {
  const lines = (file: string): string[] =>
    readFileSync(`${root}schemas/examples/${file}`, 'utf8').split('\n').filter(Boolean);
  const said = new Map<string, ConsentEvent[]>();
  for (const [version, line] of lines('consents.jsonl').entries()) {
    const read: ConsentLine = parseConsentLine(line);
    if (!read.ok) throw new Error(read.message);
    said.set(read.subject, [...(said.get(read.subject) ?? []), { ...read.event, version }]);
  }

  it.each(lines('customer-events.jsonl'))('record %#', async (value) => {
    const id = /"customer":\{"id":"(cust-\d+)"/.exec(value)?.[1] ?? '';
    for (const now of [
      '2026-03-02T00:00:00Z',
      '2026-04-15T00:00:00Z',
      '2026-12-01T00:00:00Z',
      '2030-01-01T00:00:00Z',
    ]) {
      const { explanation, decision } = await explained({
        plan: shop.plans.get('customer-events')!,
        authored: shop.authored,
        value,
        now: Date.parse(now),
        events: said.get(id) ?? [],
        headers: { traceparent: '00-1', other: 'x' },
      });
      expectFaithful(explanation, decision);
      expect(explanation.undeclaredHeaders).toEqual(['other']);
    }
  });
});

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeSegmentCodec } from '../../../../services/adapters/avro-single-object/audit-segments.ts';
import { type AuditSegment, GENESIS, recomputeHash, segmentLine } from '../../../../services/core/audit/segment.ts';
import { makeSegmentBuilder } from '../../../../services/core/audit/segment-builder.ts';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { releases } from '../../../../services/core/decide/variants.ts';
import { deadLettered, makeEngine } from '../../../../services/core/engine.ts';
import { DEAD_LETTER_CODES, WITHHELD_REASONS } from '../../../../services/core/outcome.ts';
import { CATEGORY, event, fakeCodec, fakeKeyring, NOW, planOf, purpose, record } from '../../core/engine-fixture.ts';

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
const schemaText = readFileSync(new URL('../../../../schemas/audit/segment.avsc', import.meta.url), 'utf8');
const codec = makeSegmentCodec();

/** Three outputs, thirty fields with names as long as people's. */
const paths = Array.from({ length: 30 }, (_, i) => `purchase.items[].attributes.field_number_${i}`);
const plan = planOf(Object.fromEntries(paths.map((path) => [path, { category: CATEGORY.contact }])), [
  { topic: 'clean.analytics.customer-events', purpose: purpose({ name: 'analytics' }) },
  { topic: 'clean.fraud.customer-events', purpose: purpose({ defaultBasis: 'contract' }) },
  { topic: 'clean.partner.customer-events', purpose: purpose({ recipient: 'acme' }) },
]);
const batch = makeEngine({ keyring: fakeKeyring }).begin({ codec: fakeCodec(), now: NOW });
const granted = batch.evaluate(
  record(plan),
  undefined,
  consentStateOf([event({ purpose: '*', recipients: ['acme'] })]),
);
const refused = batch.evaluate(
  record(plan),
  undefined,
  consentStateOf([event({ decision: 'objected', purpose: '*' })]),
);
const bad = deadLettered({ code: 'too_large', path: null });

function build(count: number, decisionAt: (i: number) => typeof granted, firstOffset = 0): AuditSegment {
  const builder = makeSegmentBuilder({
    ...{
      topic: 'raw.customer-events',
      partition: 3,
      bundle: 'ab'.repeat(32),
      watermark: '{"at":1,"offsets":{"0":"7"}}',
    },
    ...{ decidedAt: NOW, outputs: plan.outputs.map(({ topic }) => topic), previous: GENESIS },
  });
  for (let i = 0; i < count; i++) builder.add(firstOffset + i, decisionAt(i));
  return builder.finish(sha256);
}

describe('segments in Avro', () => {
  it('come back as they were, and verify alike from Avro and from JSON', () => {
    const segment = build(100, (i) => (i % 7 === 0 ? bad : i % 3 === 0 ? refused : granted), 2 ** 40);
    const read = codec.decode(codec.encode(segment));
    expect(read).toEqual({ ok: true, value: segment });
    if (!read.ok) return;
    expect(recomputeHash(read.value, sha256)).toBe(segment.hash);
    expect(segmentLine(read.value)).toBe(segmentLine(segment));
    expect(recomputeHash(JSON.parse(segmentLine(segment)) as AuditSegment, sha256)).toBe(segment.hash);
  });

  it.each([2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER - 1])('keep offset %d exact', (offset) => {
    const read = codec.decode(codec.encode(build(1, () => granted, offset)));
    expect(read.ok && read.value.firstOffset).toBe(offset);
  });

  it('10,000 like records take less than 2 KB', () => {
    const bytes = codec.encode(build(10_000, () => granted));
    expect(bytes.length).toBeLessThan(2_048);
  });

  it('10,000 records of ever changing shapes take three bytes each, and no path twice', () => {
    const bytes = codec.encode(build(10_000, (i) => [granted, refused, bad][i % 3] as typeof granted));
    expect(bytes.length).toBeLessThan(33_000);
  });

  it('are damaged visibly', () => {
    const bytes = codec.encode(build(5, () => granted));
    for (let i = 10; i < bytes.length; i++) {
      const damaged = Uint8Array.from(bytes);
      damaged[i] = (damaged[i] ?? 0) ^ 1;
      const read = codec.decode(damaged);
      expect(read.ok && recomputeHash(read.value, sha256) === read.value.hash).toBe(false);
    }
  });
});

describe('schemas/audit/segment.avsc', () => {
  const symbols = (name: string): unknown =>
    new RegExp(`"name": "${name}",\\s+"symbols": \\[([^\\]]+)\\]`).exec(schemaText)?.[1]?.match(/\w+/g);

  it('knows every word that the core may say', () => {
    expect(symbols('Reason')).toEqual([...WITHHELD_REASONS]);
    expect(symbols('DeadLetterCode')).toEqual([...DEAD_LETTER_CODES]);
    for (const effect of symbols('Effect') as never[]) expect(releases(effect)).toBeTypeOf('boolean');
    expect(symbols('Effect')).toHaveLength(11);
  });
});

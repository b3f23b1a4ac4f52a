import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeSegmentCodec } from '../../../../services/adapters/avro-single-object/audit-segments.ts';
import { makeSingleObjectCodec } from '../../../../services/adapters/avro-single-object/codec.ts';
import { type AuditSegment, GENESIS, recomputeHash, segmentLine } from '../../../../services/core/audit/segment.ts';
import { makeSegmentBuilder } from '../../../../services/core/audit/segment-builder.ts';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { releases } from '../../../../services/core/decide/variants.ts';
import { deadLettered, makeEngine } from '../../../../services/core/engine.ts';
import { DEAD_LETTER_CODES, WITHHELD_REASONS } from '../../../../services/core/outcome.ts';
import { DIVERGENCE_KINDS } from '../../../../services/core/shadow/divergence.ts';
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

const SHADOW = {
  bundle: 'cd'.repeat(32),
  divergence: DIVERGENCE_KINDS.map((kind, i) => ({ output: 'clean.fraud.customer-events', kind, count: i + 1 })),
};

function build(
  count: number,
  decisionAt: (i: number) => typeof granted,
  firstOffset = 0,
  shadow: typeof SHADOW | null = null,
): AuditSegment {
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
  return builder.finish(sha256, undefined, shadow);
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

  it('come back with what a candidate would have come to', () => {
    const segment = build(3, () => granted, 0, SHADOW);
    const read = codec.decode(codec.encode(segment));
    expect(read).toEqual({ ok: true, value: segment });
    expect(read.ok && recomputeHash(read.value, sha256)).toBe(segment.hash);
    const quiet = build(3, () => granted, 0, { ...SHADOW, divergence: [] });
    expect(codec.decode(codec.encode(quiet))).toEqual({ ok: true, value: quiet });
    expect(new Set([segment.hash, quiet.hash, build(3, () => granted).hash]).size).toBe(3);
  });

  it('written before there was a shadow are read, and verify', () => {
    const hash = '312540321d88d359fa5e39780221d7d2c2be59d86c91986efef959d91d359d15';
    const bytes = Buffer.from(
      `c30110289a1bd6e3e7ac147261772e6576656e7473020e0e0c6469676573740002020e636c65616e2e61000002020802086d61696c00000200020000${GENESIS}${hash}`,
      'hex',
    );
    const read = codec.decode(bytes);
    expect(read).toMatchObject({ ok: true, value: { topic: 'raw.events', firstOffset: 7, hash } });
    if (!read.ok) return;
    expect('shadow' in read.value).toBe(false);
    expect(recomputeHash(read.value, sha256)).toBe(hash);
  });

  it('written before values were encrypted are read too', () => {
    const older = JSON.parse(schemaText.replace('"encrypt",', '').replace(/,\s*"drop_shredded"/, '')) as unknown;
    const file = new URL('../../../../schemas/audit/segment-2.avsc', import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(older);
    const segment = build(3, (i) => (i === 1 ? refused : granted), 5, SHADOW);
    const bytes = makeSingleObjectCodec<unknown>(older).encode({
      ...segment,
      previous: Buffer.from(segment.previous, 'hex'),
      hash: Buffer.from(segment.hash, 'hex'),
    });
    expect(bytes.subarray(0, 10)).not.toEqual(codec.encode(segment).subarray(0, 10));
    expect(codec.decode(bytes)).toEqual({ ok: true, value: segment });
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
    const bytes = codec.encode(build(5, () => granted, 0, SHADOW));
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
    expect(symbols('Effect')).toHaveLength(13);
    expect(symbols('DivergenceKind')).toEqual([...DIVERGENCE_KINDS]);
  });
});

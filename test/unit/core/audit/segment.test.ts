import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalText,
  GENESIS,
  recomputeHash,
  segmentLine,
  shapeAt,
} from '../../../../services/core/audit/segment.ts';
import { makeSegmentBuilder, type SegmentHead } from '../../../../services/core/audit/segment-builder.ts';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { makeVariants } from '../../../../services/core/decide/variants.ts';
import {
  deadLettered,
  makeEngine,
  type OutputDecision,
  type RecordDecision,
} from '../../../../services/core/engine.ts';
import { WITHHELD_REASONS } from '../../../../services/core/outcome.ts';
import type { OutputPlan } from '../../../../services/core/policy/plan.ts';
import { CATEGORY, DAY, event, fakeCodec, fakeKeyring, NOW, planOf, purpose, record } from '../engine-fixture.ts';

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
const HEAD: SegmentHead = {
  ...{ topic: 'raw.events', partition: 3, bundle: 'b'.repeat(64), watermark: '{"at":1}', decidedAt: NOW },
  ...{ outputs: ['clean.0', 'clean.1'], previous: GENESIS },
};

const plan = planOf(
  { id: { category: CATEGORY.system }, mail: { category: CATEGORY.contact }, subject: { category: null } },
  [{ purpose: purpose({ name: 'analytics' }) }, { purpose: purpose({ name: 'ads' }), unconsented: 'strip' }],
  { trace: { category: CATEGORY.system } },
);
const batch = makeEngine({ keyring: fakeKeyring }).begin({ codec: fakeCodec(), now: NOW });
const all = batch.evaluate(record(plan), undefined, consentStateOf([event({ purpose: '*' })]));
const none = batch.evaluate(record(plan), undefined, consentStateOf([]));
const tombstone = batch.tombstone(plan, Buffer.from('cust-1'));
const bad = deadLettered({ code: 'action_failed', path: 'mail' });
const worse = deadLettered({ code: 'undecodable', path: null });

describe('a segment', () => {
  it('says what became of each record, and stores each way once', () => {
    const builder = makeSegmentBuilder(HEAD);
    const decisions: [number, RecordDecision][] = [
      [10, all],
      [11, all],
      [12, none],
      [15, none],
      [16, bad],
      [17, all],
      [18, worse],
      [19, tombstone],
    ];
    for (const [offset, decision] of decisions) builder.add(offset, decision);
    const kept = [
      { path: 'id', effect: 'keep' },
      { path: 'mail', effect: 'keep' },
      { path: 'headers.trace', effect: 'keep' },
    ];
    const segment = builder.finish(sha256);
    expect(segment).toEqual({
      ...HEAD,
      firstOffset: 10,
      lastOffset: 19,
      treatments: [kept, [kept[0], { path: 'mail', effect: 'drop_stripped' }, kept[2]]],
      shapes: [
        {
          deadLetter: null,
          outputs: [
            { outcome: 'published', reason: null, treatment: 0 },
            { outcome: 'published', reason: null, treatment: 0 },
          ],
        },
        {
          deadLetter: null,
          outputs: [
            { outcome: 'withheld', reason: 'consent_missing', treatment: null },
            { outcome: 'published', reason: 'consent_missing', treatment: 1 },
          ],
        },
        { deadLetter: { code: 'action_failed', path: 'mail' }, outputs: [] },
        { deadLetter: { code: 'undecodable', path: null }, outputs: [] },
        {
          deadLetter: null,
          outputs: [
            { outcome: 'published', reason: 'tombstone', treatment: null },
            { outcome: 'published', reason: 'tombstone', treatment: null },
          ],
        },
      ],
      records: [
        { skip: 0, count: 2, shape: 0 },
        { skip: 0, count: 1, shape: 1 },
        { skip: 2, count: 1, shape: 1 },
        { skip: 0, count: 1, shape: 2 },
        { skip: 0, count: 1, shape: 0 },
        { skip: 0, count: 1, shape: 3 },
        { skip: 0, count: 1, shape: 4 },
      ],
      hash: recomputeHash(segment, sha256),
    });
    expect(shapeAt(segment, 15)).toEqual(segment.shapes[1]);
    expect([9, 13, 14, 20].map((offset) => shapeAt(segment, offset))).toEqual([null, null, null, null]);
  });

  it('tells decisions apart that differ in a single field alone', () => {
    const aged = planOf({ mail: { category: CATEGORY.contact, maxAgeMs: DAY }, id: { category: CATEGORY.system } }, [
      { purpose: purpose({ name: 'analytics' }) },
    ]);
    const said = consentStateOf([event({ purpose: '*' })]);
    const builder = makeSegmentBuilder({ ...HEAD, outputs: ['clean.0'] });
    [1, 3, 1, 4].forEach((days, offset) => {
      builder.add(offset, batch.evaluate(record(aged, { eventTime: NOW - days * DAY }), undefined, said));
    });
    const segment = builder.finish(sha256);
    expect(segment.records.map(({ shape }) => shape)).toEqual([0, 1, 0, 1]);
    expect(segment.shapes.map(({ outputs }) => outputs[0]?.treatment)).toEqual([0, 1]);
    expect(segment.treatments.map(([mail]) => mail?.effect)).toEqual(['keep', 'drop_retention']);
  });

  it('gives every outcome, reason and treatment a shape of its own', () => {
    const one = planOf({ mail: { category: CATEGORY.contact, maxAgeMs: DAY }, id: { category: CATEGORY.system } });
    const variants = makeVariants(one, one.outputs[0] as OutputPlan);
    const treated = [
      null,
      variants.pick(true, false, 0),
      variants.pick(true, false, 2 * DAY),
      variants.pick(true, true, 0),
    ];
    const reasons = [null, ...WITHHELD_REASONS];
    const outputs: OutputDecision[] = [
      ...WITHHELD_REASONS.map((reason) => ({ kind: 'withheld' as const, reason })),
      ...treated.flatMap((variant) =>
        reasons.map((reason) => ({ kind: 'published' as const, variant, reason, value: null, key: null, headers: [] })),
      ),
    ];
    const builder = makeSegmentBuilder({ ...HEAD, outputs: ['clean.0'] });
    outputs.forEach((output, i) => builder.add(i, { kind: 'decided', plan: one, outputs: [output] }));
    const segment = builder.finish(sha256);
    expect(segment.records.map(({ shape }) => shape)).toEqual(outputs.map((_, i) => i));
    expect(segment.shapes).toHaveLength(outputs.length);
    expect(segment.treatments).toHaveLength(3);
  });

  it('holds nothing of the subject, the values or the read-only paths', () => {
    const builder = makeSegmentBuilder(HEAD);
    builder.add(0, all);
    builder.add(1, tombstone);
    const line = segmentLine(builder.finish(sha256));
    expect(line).not.toContain('cust-1');
    expect(line).not.toContain('subject');
  });

  it('gives back every offset and shape, whatever the gaps', () => {
    const kinds = [all, none, bad, worse, tombstone];
    const records = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.nat({ max: kinds.length - 1 })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(records, fc.nat({ max: 1000 }), (gaps, start) => {
        const builder = makeSegmentBuilder(HEAD);
        const alone = new Map<number, string>();
        let offset = start;
        for (const [gap, kind] of gaps) {
          offset += gap;
          const decision = kinds[kind] as RecordDecision;
          builder.add(offset, decision);
          const single = makeSegmentBuilder(HEAD);
          single.add(offset, decision);
          const one = single.finish(sha256);
          alone.set(offset, readable(one, offset));
          offset++;
        }
        const segment = builder.finish(sha256);
        for (let at = segment.firstOffset - 1; at <= segment.lastOffset + 1; at++) {
          expect(readable(segment, at)).toEqual(alone.get(at) ?? 'null');
        }
        expect(segment.shapes.length).toBeLessThanOrEqual(kinds.length);
      }),
      { numRuns: 200 },
    );
  });

  it('can answer for the gaps before and after its records', () => {
    const builder = makeSegmentBuilder({ ...HEAD, firstOffset: 5 });
    builder.add(8, all);
    expect(builder.finish(sha256, 11)).toMatchObject({
      firstOffset: 5,
      lastOffset: 11,
      records: [{ skip: 3, count: 1, shape: 0 }],
    });
  });

  it.each([
    ['an offset twice', [7, 7]],
    ['offsets that go back', [7, 6]],
    ['an offset that is no whole number', [7, 7.5]],
    ['an offset beyond what numbers hold', [2 ** 53]],
  ])('refuses %s', (_name, offsets) => {
    const builder = makeSegmentBuilder(HEAD);
    expect(() => offsets.forEach((offset) => builder.add(offset, all))).toThrow(/offsets/);
  });

  it('refuses to answer for nothing, for less than it holds, or for other outputs', () => {
    expect(() => makeSegmentBuilder(HEAD).finish(sha256)).toThrow(/answer/);
    const builder = makeSegmentBuilder(HEAD);
    builder.add(7, all);
    expect(() => builder.finish(sha256, 6)).toThrow(/answer/);
    builder.add(8, all);
    expect(() => builder.finish(sha256, 7)).toThrow(/answer/);
    expect(() => makeSegmentBuilder({ ...HEAD, outputs: ['clean.1', 'clean.0'] }).add(0, all)).toThrow(/outputs/);
    expect(() => makeSegmentBuilder({ ...HEAD, outputs: ['clean.0'] }).add(0, all)).toThrow(/outputs/);
  });
});

describe('the hash', () => {
  const builder = makeSegmentBuilder({ ...HEAD, watermark: null });
  builder.add(10, none);
  builder.add(12, bad);
  const segment = builder.finish(sha256);
  const shadow = { bundle: 'c'.repeat(64), divergence: [{ output: 'clean.0', kind: 'failed' as const, count: 2 }] };

  it('is over this text, to the letter', () => {
    expect(canonicalText(segment)).toBe(
      '{"topic":"raw.events","partition":3,"firstOffset":10,"lastOffset":12,' +
        `"bundle":"${'b'.repeat(64)}","watermark":null,"decidedAt":1780272000000,"outputs":["clean.0","clean.1"],` +
        '"treatments":[[{"path":"id","effect":"keep"},{"path":"mail","effect":"drop_stripped"},' +
        '{"path":"headers.trace","effect":"keep"}]],' +
        '"shapes":[{"deadLetter":null,"outputs":[{"outcome":"withheld","reason":"consent_missing","treatment":null},' +
        '{"outcome":"published","reason":"consent_missing","treatment":0}]},' +
        '{"deadLetter":{"code":"action_failed","path":"mail"},"outputs":[]}],' +
        '"records":[{"skip":0,"count":1,"shape":0},{"skip":1,"count":1,"shape":1}],' +
        `"previous":"${'0'.repeat(64)}"}`,
    );
    expect(segment.hash).toBe(sha256(canonicalText(segment)));
  });

  it('takes in what a candidate would have come to, and leaves out that there was none', () => {
    const judged = { ...segment, shadow };
    expect(canonicalText(judged)).toBe(
      canonicalText(segment).replace(
        ',"previous"',
        `,"shadow":{"bundle":"${shadow.bundle}","divergence":[{"output":"clean.0","kind":"failed","count":2}]},"previous"`,
      ),
    );
    expect(recomputeHash({ ...segment, shadow: null } as unknown as typeof segment, sha256)).toBe(segment.hash);
  });

  it('does not depend on the order of keys or on what a reader adds', () => {
    const exported = JSON.parse(segmentLine(segment)) as typeof segment;
    const turned = Object.fromEntries(Object.entries(exported).reverse()) as typeof segment;
    expect(recomputeHash({ ...turned, note: 'x' } as typeof segment, sha256)).toBe(segment.hash);
  });

  it('changes with every single thing that a segment says', () => {
    const { hash: _, ...content } = { ...segment, shadow };
    const seen = new Set([recomputeHash(content, sha256)]);
    let altered = 0;
    const alter = (value: unknown, put: (changed: unknown) => unknown): void => {
      if (Array.isArray(value)) {
        value.forEach((one, i) => alter(one, (changed) => put(value.toSpliced(i, 1, changed))));
        if (value.length > 0) change(put(value.slice(1)));
      } else if (typeof value === 'object' && value !== null) {
        for (const [key, one] of Object.entries(value)) alter(one, (changed) => put({ ...value, [key]: changed }));
      } else {
        change(put(typeof value === 'number' ? value + 1 : `${String(value)}x`));
      }
    };
    const change = (whole: unknown): void => {
      altered++;
      seen.add(recomputeHash(whole as typeof segment, sha256));
    };
    alter(content, (whole) => whole);
    expect(altered).toBeGreaterThan(30);
    expect(seen.size).toBe(altered + 1);
  });
});

function readable(segment: ReturnType<ReturnType<typeof makeSegmentBuilder>['finish']>, offset: number): string {
  const shape = shapeAt(segment, offset);
  if (shape === null) return 'null';
  const outputs = shape.outputs.map(({ treatment, ...rest }) => ({
    ...rest,
    fields: treatment === null ? null : segment.treatments[treatment],
  }));
  return JSON.stringify({ ...shape, outputs });
}

import { describe, expect, it } from 'vitest';
import { type AuditSegment, canonicalText, GENESIS, segmentLine } from '../../../../services/core/audit/segment.ts';
import { contentProblem, parseSegmentLine } from '../../../../services/core/audit/verify-content.ts';
import { segment } from './audit-fixture.ts';

const GOOD = segment('raw.a', 0, 1, GENESIS);
const [shape] = GOOD.shapes;
const [first] = shape!.outputs;
const shapeWith = (over: object): Partial<AuditSegment> => ({
  shapes: [{ ...shape!, outputs: [{ ...first!, ...over }, shape!.outputs[1]!] }, ...GOOD.shapes.slice(1)],
});

describe('a segment makes sense', () => {
  it('as it is, and without any record', () => {
    expect(contentProblem(GOOD)).toBeNull();
    expect(contentProblem({ ...GOOD, records: [], shapes: [], treatments: [] })).toBeNull();
    expect(contentProblem({ ...GOOD, ...shapeWith({ reason: 'tombstone', treatment: null }) })).toBeNull();
  });

  it.each<[string, Partial<AuditSegment>, RegExp]>([
    ['a negative partition', { partition: -1 }, /number from 0/],
    ['half an offset', { firstOffset: 10.5 }, /number from 0/],
    ['an offset that is inexact', { lastOffset: 2 ** 53 }, /number from 0/],
    ['offsets the wrong way round', { firstOffset: 20, lastOffset: 19 }, /before its first/],
    ['a run of none', { records: [{ skip: 0, count: 0, shape: 0 }] }, /run 0/],
    ['a negative skip', { records: [{ skip: -1, count: 2, shape: 0 }] }, /run 0/],
    ['a shape beyond', { records: [{ skip: 0, count: 1, shape: 3 }] }, /run 0 names a shape/],
    ['one record too many', { records: [{ skip: 1, count: 10, shape: 0 }] }, /end at offset 20, beyond/],
    ['an output too few', { outputs: ['clean.a'] }, /2 outputs of 1/],
    ['a treatment beyond', { treatments: [] }, /treatment that is not there/],
    ['withheld without a reason', shapeWith({ outcome: 'withheld', treatment: null }), /without a reason/],
    ['withheld and treated', shapeWith({ outcome: 'withheld', reason: 'erased' }), /or treats/],
    ['published without a treatment', shapeWith({ treatment: null }), /without a treatment/],
    ['an unknown reason', shapeWith({ reason: 'because' }), /unknown reason/],
    ['an unknown outcome', shapeWith({ outcome: 'lost' }), /unknown outcome/],
    [
      'a dead letter with outputs',
      { shapes: [{ ...shape!, deadLetter: { code: 'too_large', path: null } }] },
      /dead letter and has/,
    ],
  ])('not with %s', (_, over, says) => {
    expect(contentProblem({ ...GOOD, ...over })).toMatch(says);
  });
});

describe('lines', () => {
  it('are read as they are written, with the text that is hashed', () => {
    for (const one of [GOOD, { ...GOOD, shadow: { bundle: 'cd', divergence: [] } }]) {
      expect(parseSegmentLine(segmentLine(one))).toEqual({ segment: one, text: canonicalText(one), exact: true });
    }
  });

  it.each([
    ['white space', segmentLine(GOOD).replace(',', ', ')],
    ['a member more', segmentLine(GOOD).replace('{', '{"note":"x",')],
    ['a member twice', segmentLine(GOOD).replace('{', '{"topic":"raw.z",')],
    ['another order', JSON.stringify(Object.fromEntries(Object.entries(GOOD).reverse()))],
    ['a member more within', segmentLine(GOOD).replace('{"skip"', '{"note":1,"skip"')],
  ])('with %s hold what no hash covers', (_, line) => {
    expect(parseSegmentLine(line)).toMatchObject({ exact: false });
  });

  it.each([
    ['', 'x', 'null', '[]', '{}', '7'],
    [segmentLine(GOOD).slice(0, -1), segmentLine(GOOD).replace('"records":[', '"records":[null,')],
    [segmentLine({ ...GOOD, hash: 'AB'.repeat(32) }), segmentLine({ ...GOOD, partition: '0' as never })],
    [segmentLine({ ...GOOD, treatments: [] }).replace('"treatments":[]', '"treatments":[[7]]')],
  ])('that are no segments are not taken for any', (...lines) => {
    for (const line of lines) expect(parseSegmentLine(line)).toBeNull();
  });
});

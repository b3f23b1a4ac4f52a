import { describe, expect, it } from 'vitest';
import { measuredExposure } from '../../../../services/core/diff/measured-tally.ts';
import type { RuleDocument } from '../../../../services/core/policy/document.ts';
import { PURPOSES, type Parts } from '../policy/documents.ts';
import { GRANTED, type Line, measured, policy, side } from './sides.ts';

const FIELDS = { id: 'user.unique_id', email: 'user.contact.email', note: 'system', blood: 'user.health' };
const KEEP: readonly RuleDocument[] = [
  { select: 'user.unique_id', action: 'pseudonymize' },
  { select: 'user.contact.email', action: 'mask', mask: 'email' },
  { select: 'system', action: 'keep' },
];
const mail: RuleDocument = { select: 'user.contact.email', action: 'keep' };
const health: RuleDocument = { select: 'user.health', action: 'keep' };
const one = (rules: readonly RuleDocument[], rest: Parameters<typeof policy>[2] = {}): Parts => ({
  policies: [policy(FIELDS, rules, rest)],
});
const line = (value: object): Line => ({ value: { id: 'cust-1', email: 'user1@example.com', note: 'n', ...value } });

async function compared(before: Parts, after: Parts, lines: readonly (Line | Uint8Array)[], events = [GRANTED]) {
  return measured(side(before), side(after), lines, events);
}

/** `path change count` of the first output. */
function changes({ outputs }: Awaited<ReturnType<typeof measured>>, topic = 'clean'): readonly string[] {
  const output = outputs.find((each) => each.topic === topic);
  return (output?.categories ?? []).flatMap(({ category, fields }) =>
    fields.flatMap(({ path, values }) =>
      Object.entries(values).flatMap(([change, count]) =>
        count > 0 ? [`${category} ${path} ${change} ${count}`] : [],
      ),
    ),
  );
}

describe('records before two bundles', () => {
  it('counts values that are released now, and those that are no more', async () => {
    const result = await compared(one(KEEP), one([...KEEP.slice(0, 2), health]), [line({ blood: '0' }), line({})]);
    expect(changes(result)).toEqual(['system note hidden 2', 'user.health blood exposed 1']);
    expect(result.outputs[0]?.changed).toEqual({ records: 2, examples: ['raw/0/0', 'raw/0/1'] });
    expect(measuredExposure(result)).toBe(true);
  });

  it('sees a value in another form, and looks at each field alone where several may have changed', async () => {
    const rules = [KEEP[0]!, mail, { select: 'system', action: 'mask', mask: { first: 1 } } as const];
    const result = await compared(
      one([KEEP[0]!, KEEP[1]!, { select: 'system', action: 'mask', mask: { first: 0 } } as const]),
      one(rules),
      [line({ note: 'n' }), line({ note: 'nn' })],
    );
    // Of `n` a mask of one end shows nothing, as one of none: equal bytes are no change, though the rule is another.
    expect(changes(result)).toEqual(['system note more 1', 'user.contact.email email more 2']);
  });

  it('takes a rule that makes no difference to a record for none', async () => {
    const cut = (ipv4: number): Parts => ({
      policies: [
        policy({ ip: 'user.device.ip_address' }, [
          { select: 'user.device.ip_address', action: 'truncate_ip', ipv4, ipv6: 48 },
        ]),
      ],
    });
    const result = await compared(cut(24), cut(16), [
      { value: { id: 'c', ip: '198.51.0.9' } },
      { value: { id: 'c', ip: '198.51.100.9' } },
    ]);
    expect(changes(result)).toEqual(['user.device.ip_address ip less 1']);
    expect(result.outputs[0]?.changed.examples).toEqual(['raw/0/1']);
    expect(measuredExposure(result)).toBe(false);
  });

  it('counts a constant that is another one, which is no exposure', async () => {
    const redact = (constant: string): Parts => one([{ select: 'system', action: 'redact', with: constant }]);
    const result = await compared(redact('a'), redact('b'), [line({})]);
    expect(changes(result)).toEqual(['system note equal 1']);
    expect(measuredExposure(result)).toBe(false);
  });

  it('tells why records were not published, and are not any more', async () => {
    const purpose = (basis: 'consent' | 'contract'): Parts => ({
      ...one(KEEP),
      purposes: {
        purposes: { ...PURPOSES.purposes, analytics: { basis: { default: basis }, retention: { default: 'P9D' } } },
      },
    });
    const forth = await compared(purpose('consent'), purpose('contract'), [line({})], []);
    expect(forth.outputs[0]).toMatchObject({
      published: { before: 0, after: 1 },
      newlyPublished: { records: 1, reasons: { consent_missing: 1 }, examples: ['raw/0/0'] },
      newlyWithheld: { records: 0 },
    });
    expect(changes(forth)).toEqual([
      '(key) (key) exposed 1',
      'system note exposed 1',
      'user.contact.email email exposed 1',
      'user.unique_id id exposed 1',
    ]);
    const back = await compared(purpose('contract'), purpose('consent'), [line({})], []);
    expect(back.outputs[0]?.newlyWithheld).toEqual({
      records: 1,
      reasons: { consent_missing: 1 },
      examples: ['raw/0/0'],
    });
    expect(measuredExposure(back)).toBe(false);
  });

  it('tells of records that are withheld for another reason', async () => {
    const other = one(KEEP, { output: { purpose: 'partner.acme' } });
    const refused = [{ ...GRANTED, purpose: 'analytics', decision: 'denied' as const }];
    const gdpr = one(KEEP, { output: { purpose: 'analytics' } });
    const result = await compared(gdpr, other, [line({})], refused);
    expect(result.outputs[0]?.reasonChanged).toEqual({ 'consent_denied → consent_missing': 1 });
  });

  it('counts dead letters that are new, gone, and both; what leaves of the gone ones is exposure', async () => {
    const lines = [line({ email: 'no address' }), line({}), Buffer.from('{"id":"cust-1","note":')];
    const forth = await compared(one(KEEP), one([KEEP[0]!, KEEP[2]!]), lines);
    expect(forth.deadLetters).toMatchObject({
      new: { records: 0 },
      gone: { records: 1, codes: { action_failed: 1 }, examples: ['raw/0/0'] },
      both: 1,
    });
    expect(forth.outputs[0]?.newlyPublished).toMatchObject({ records: 1, reasons: { dead_lettered: 1 } });
    expect(measuredExposure(forth)).toBe(true);
    const back = await compared(one([KEEP[0]!, KEEP[2]!]), one(KEEP), lines);
    expect(back.deadLetters.new).toEqual({ records: 1, codes: { action_failed: 1 }, examples: ['raw/0/0'] });
    expect(back.outputs[0]?.newlyWithheld.reasons).toEqual({ dead_lettered: 1 });
  });

  it('compares headers and keys', async () => {
    const headers = { h: 'system' };
    const before = one([KEEP[0]!, { select: 'system', action: 'redact' }], { headers });
    const after = one([KEEP[0]!, { select: 'system', action: 'keep' }], { headers, output: { key: 'none' } });
    const result = await compared(before, after, [{ ...line({ note: null }), headers: { h: Buffer.from('v') } }]);
    expect(changes(result)).toEqual(['(key) (key) hidden 1', 'system headers.h more 1']);
  });

  it('tells of tombstones that are passed on now', async () => {
    const none = one(KEEP, { output: { key: 'none' } });
    const result = await compared(none, one(KEEP), [{ value: null, tombstone: 'cust-1' }]);
    expect(result.outputs[0]?.newlyPublished.reasons).toEqual({ tombstone: 1 });
    expect(changes(result)).toEqual(['(key) (key) exposed 1']);
  });

  it('counts outputs and routes that only one of the two has', async () => {
    const added = await compared(one(KEEP), { policies: [policy(FIELDS, KEEP, { output: { topic: 'other' } })] }, [
      line({}),
    ]);
    expect(
      added.outputs.map(({ topic, newlyPublished, newlyWithheld }) => [
        topic,
        newlyPublished.reasons,
        newlyWithheld.reasons,
      ]),
    ).toEqual([
      ['clean', {}, { no_output: 1 }],
      ['other', { no_output: 1 }, {}],
    ]);
    const empty = side({ policies: [] });
    const gone = await measured(side(one(KEEP)), empty, [line({}), Buffer.from('{')], [GRANTED]);
    expect(gone.outputs[0]?.newlyWithheld.reasons).toEqual({ no_output: 1 });
    expect(gone.deadLetters).toMatchObject({ new: { records: 0 }, gone: { records: 1 } });
  });

  it('tells values of a wildcard apart where one of the two policies does', async () => {
    const wild = (fields: Record<string, string>): Parts => ({
      policies: [policy(fields, [{ select: 'system', action: 'keep' }])],
    });
    const value = { id: 'c', m: { x: 'v', y: 'w', z: null } };
    const split = await compared(wild({ 'm.*': 'system' }), wild({ 'm.*': 'system', 'm.x': 'user.health' }), [
      { value },
    ]);
    expect(changes(split)).toEqual(['system m.x hidden 1']);
    const joined = await compared(wild({ 'm.x': 'system' }), wild({ 'm.*': 'system' }), [{ value }]);
    expect(changes(joined)).toEqual(['system m.* exposed 2']);
  });

  it('counts what wildcards that cross cannot tell apart at most often, never less', async () => {
    const wild = (path: string): Parts => ({
      policies: [policy({ [path]: 'system' }, [{ select: 'system', action: 'keep' }])],
    });
    const result = await compared(wild('m.*'), wild('*.x'), [
      { value: { id: 'c', m: { x: 'v', y: 'w' }, n: { x: 'u' } } },
    ]);
    expect(changes(result)).toContain('system *.x exposed 2');
  });

  it('does not overlook bytes that no field accounts for', async () => {
    const wild = (fields: Record<string, string>): Parts => ({
      policies: [policy(fields, [{ select: 'system', action: 'keep' }])],
    });
    const result = await compared(wild({ a: 'system' }), wild({ a: 'system', 'm.x': 'system' }), [
      { value: { id: 'c', a: 1, m: null } },
    ]);
    expect(changes(result)).toEqual(['(structure) (structure) unclear 1']);
    expect(measuredExposure(result)).toBe(true);
  });

  it('takes what is encrypted for the same where the rule is, and for less than the value', async () => {
    const encrypt: RuleDocument = { select: 'user.contact.email', action: 'encrypt' };
    expect(changes(await compared(one([encrypt]), one([encrypt]), [line({})]))).toEqual([]);
    expect(changes(await compared(one([mail]), one([encrypt]), [line({})]))).toEqual([
      'user.contact.email email less 1',
    ]);
  });

  it('keeps no more examples than asked for', async () => {
    const lines = Array.from({ length: 9 }, () => line({}));
    const result = await compared(one(KEEP), one([...KEEP.slice(0, 1), mail, KEEP[2]!]), lines);
    const [category] = result.outputs[0]!.categories;
    expect(category?.values.more).toBe(9);
    expect(category?.fields[0]?.examples.more).toEqual(['raw/0/0', 'raw/0/1', 'raw/0/2']);
  });
});

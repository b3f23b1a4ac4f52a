import { describe, expect, it } from 'vitest';
import { makeCatalog } from '../../../../services/core/catalog/catalog.ts';
import { compile } from '../../../../services/core/policy/compile.ts';
import type { PurposesDocument } from '../../../../services/core/policy/document.ts';
import { type BundleFacts, makeReport } from '../../../../services/core/report/report.ts';
import { makeReportTally } from '../../../../services/core/report/tally.ts';
import { reportAsMarkdown } from '../../../../services/cli/report-markdown.ts';
import { chainOf, sealed } from '../audit/audit-fixture.ts';
import { policyWith } from '../policy/compiled.ts';
import { documents, PURPOSES } from '../policy/documents.ts';

const [ONE, TWO] = ['ab'.repeat(32), 'cd'.repeat(32)];
const FROM = 1_748_736_000_000;
const DAY = 86_400_000;

/** Outputs of the audit's fixture: `clean.a` for analytics, `clean.f` for a partner. */
function factsOf(digest: string, purposes: PurposesDocument = PURPOSES): BundleFacts {
  const rules = [
    { select: 'system', action: 'keep' },
    { select: 'user.contact.email', action: 'mask', mask: 'email' },
  ] as const;
  const outputs = [
    { topic: 'clean.a', purpose: 'analytics', rules },
    { topic: 'clean.f', purpose: 'partner.acme', rules },
  ];
  const policies = [{ ...policyWith({ id: 'system', e: 'user.contact.email' }), route: 'a', outputs }];
  const docs = documents({ policies, purposes });
  const compiled = compile(docs);
  if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join('\n'));
  const schemasOf = () => ({ from: 'nowhere', versions: [] }) as const;
  const sources = { digest, compiled: compiled.bundle, purposes: purposes.purposes, schemasOf, examplesOf: () => [] };
  return { from: 'redis', catalog: makeCatalog(sources) };
}

function reportOf(
  bundles: ReadonlyMap<string, BundleFacts>,
  digests: readonly string[] = [ONE],
  now = FROM + 10 * DAY,
) {
  const tally = makeReportTally();
  for (const [index, one] of chainOf('raw.a', 0, digests.length).entries()) {
    tally.take(sealed({ ...one, bundle: digests[index]! }));
  }
  const unusable = { count: 0, first: [] };
  return makeReport({
    from: FROM,
    to: FROM + DAY,
    now,
    audit: 'lethe.audit',
    tally: tally.finish(),
    bundles,
    unusable,
  });
}

describe('a report', () => {
  it('groups outputs by purpose and recipient, and adds up', () => {
    const { purposes, rawTopics, notes } = reportOf(new Map([[ONE, factsOf(ONE)]]));
    expect(purposes.map(({ purpose, recipient }) => [purpose, recipient])).toEqual([
      ['analytics', null],
      ['partner.acme', 'acme'],
    ]);
    const [analytics] = purposes;
    expect(analytics).toMatchObject({
      retention: [{ maxAge: 'P365D', bundles: [ONE] }],
      outputs: [
        {
          ...{ topic: 'clean.a', rawTopic: 'raw.a', route: 'a', records: 9, published: 6 },
          ...{ withheld: { consent_missing: 2 }, deadLettered: { action_failed: 1 } },
        },
      ],
      released: [
        { path: 'id', category: 'system', form: { action: 'keep' }, records: 6, maxAge: 'P365D' },
        { path: 'e', category: 'user.contact.email', form: { policy: 'mask email' }, records: 6 },
      ],
    });
    expect(analytics?.legalBases.map(({ regime, basis }) => [regime, basis])).toEqual([
      ['gdpr', 'consent'],
      ['ccpa', 'opt_out'],
    ]);
    expect(rawTopics).toMatchObject([
      { topic: 'raw.a', route: 'a', records: 9, deadLettered: { action_failed: 1 }, partitions: [{ lastOffset: 9 }] },
    ]);
    expect(notes).toEqual([]);
  });

  it('says under which bundle what held, where it changed within the period', () => {
    const { analytics, ...others } = PURPOSES.purposes;
    const shorter = { purposes: { ...others, analytics: { ...analytics!, retention: { default: 'P30D' } } } };
    const { purposes, bundles } = reportOf(
      new Map([
        [ONE, factsOf(ONE)],
        [TWO, factsOf(TWO, shorter)],
      ]),
      [ONE, TWO, TWO],
    );
    const [first] = purposes;
    expect(first?.retention.map(({ maxAge, bundles: under }) => [maxAge, under])).toEqual([
      ['P365D', [ONE]],
      ['P30D', [TWO]],
    ]);
    expect(first?.legalBases[0]?.bundles).toEqual([ONE, TWO]);
    expect(first?.released.map(({ path, maxAge, records }) => [path, maxAge, records])).toEqual([
      ['id', 'P365D', 6],
      ['id', 'P30D', 12],
      ['e', 'P365D', 6],
      ['e', 'P30D', 12],
    ]);
    expect(first?.outputs).toMatchObject([{ records: 27, published: 18 }]);
    expect(bundles.map(({ digest, records }) => [digest, records])).toEqual([
      [ONE, 9],
      [TWO, 18],
    ]);
  });

  it('keeps the counts of a bundle that is not at hand, and says that nothing else is known', () => {
    const report = reportOf(new Map([[ONE, factsOf(ONE)]]), [ONE, TWO]);
    const unknown = report.purposes.at(-1);
    expect(unknown).toMatchObject({ purpose: null, recipient: null, legalBases: [], retention: [] });
    expect(unknown?.outputs.map(({ topic, published, route }) => [topic, published, route])).toEqual([
      ['clean.a', 6, null],
      ['clean.f', 8, null],
    ]);
    expect(unknown?.released[0]).toMatchObject({ path: 'e', category: null, maxAge: null, form: { action: 'mask' } });
    expect(report.notes).toEqual([`Bundle ${TWO} is not available: its purposes, categories and ages are unknown.`]);
    expect(reportAsMarkdown(report)).toContain('## Purpose unknown');
  });

  it('takes of a field that differs between schema versions what was done to it', () => {
    const facts = factsOf(ONE);
    const topics = facts.catalog.topics.map((topic) => {
      const [email] = topic.fields.filter(({ path }) => path === 'e');
      const kept = { ...email!, category: 'user', form: { action: 'keep', plain: 'as it is', policy: 'keep' } };
      const other = { ...email!, category: 'user.behavior' };
      return { ...topic, fields: [kept, ...topic.fields, other] };
    });
    const { purposes } = reportOf(new Map([[ONE, { ...facts, catalog: { ...facts.catalog, topics } }]]));
    expect(purposes[0]?.released.filter(({ path }) => path === 'e')).toMatchObject([
      { category: 'user.contact.email or user.behavior', form: { action: 'mask' }, records: 6 },
    ]);
  });

  it('says that nothing was decided, and that the period is not over', () => {
    const report = reportOf(new Map(), [], FROM);
    expect(report).toMatchObject({ records: 0, purposes: [], rawTopics: [], bundles: [] });
    expect(report.notes).toEqual([
      'Nothing was decided in this period: lethe.audit holds no decision of it.',
      'The period is not over: decisions that are yet to come are not in it.',
    ]);
  });

  it('reads as a record of processing', () => {
    const text = reportAsMarkdown(reportOf(new Map([[ONE, factsOf(ONE)]])));
    expect(text).toContain('- Recipient: acme (a third party, whom consents have to name)');
    expect(text).toContain('| `clean.a` | `raw.a` | 9 | 6 | 0 | 0 | `consent_missing` 2 | `action_failed` 1 |');
    expect(text).toContain(
      '| `user.contact.email` | masked: first letter and domain kept | `e` | `clean.a` | 365 days | 6 |',
    );
    expect(text).toContain('| `raw.a` | 0 | 0 | 9 | 9 | 0 | 0 |');
    expect(text).toContain('name and contact details of the controller');
  });
});

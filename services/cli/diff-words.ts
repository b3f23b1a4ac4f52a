/** Findings and counts as people read them. */
import type { Finding, FindingKind } from '../core/diff/finding.ts';
import type { FieldChange } from '../core/diff/measured-tally.ts';

const WHAT: Readonly<Record<FindingKind, string>> = {
  route_added: 'the route is new',
  route_removed: 'the route is gone',
  route_renamed: 'the route is called otherwise',
  format: 'format of the raw records',
  subject: 'path of the subject: other consents count',
  time: 'path of the event time: ages differ',
  region: 'path of the region: other laws apply',
  schemas_unknown:
    'fields are said by tags, and no schema is known: give SCHEMA_REGISTRY_URL, or name one under from.schema',
  output_added: 'the output is new',
  output_removed: 'the output is gone',
  purpose: 'purpose',
  recipient: 'recipient',
  basis: 'legal basis',
  retention: 'oldest record',
  published: 'longest time in the topic',
  cleanup: 'clean-up of the topic',
  unconsented: 'records without consent',
  consent_at: 'when consent must be in force',
  key: 'record key',
  empty_records: 'records of which nothing is left are withheld no longer, and leave with key and headers alone',
  field_exposed: 'leaves',
  field_hidden: 'leaves no more',
  field_form: 'leaves in another form',
  field_retention: 'oldest value',
  field_sensitive: 'consent it takes',
  field_personal: 'where the output strips',
  category: 'category',
};

const REGIONS_SHOWN = 6;

/** What changed, in words; where it changed is told beside it. */
export function whatChanged({ kind, regime }: Finding): string {
  if (regime === null) return WHAT[kind];
  const { name, regions } = regime;
  const more = regions.length - REGIONS_SHOWN;
  const shown = regions.slice(0, REGIONS_SHOWN).join(', ');
  return `${WHAT[kind]} under ${name} (${shown}${more > 0 ? `, and ${more} more` : ''})`;
}

/** From what to what, or an empty text. */
export function fromTo({ before, after }: Finding): string {
  if (before === null && after === null) return '';
  return before === null ? (after ?? '') : `${before} → ${after ?? 'none'}`;
}

/** Where the rule in force was written. */
export function ruleOf({ rules }: Finding): string {
  return rules?.after ?? rules?.before ?? '';
}

export const CONSEQUENCE_TITLES = {
  exposes: 'New exposure',
  unclear: 'Cannot be ordered: counts as exposure',
  hides: 'Less leaves',
  none: 'Nothing more and nothing less leaves',
} as const;

/** Columns of the measured table. */
export const CHANGE_COLUMNS: readonly { readonly title: string; readonly changes: readonly FieldChange[] }[] = [
  { title: 'exposed', changes: ['exposed'] },
  { title: 'hidden', changes: ['hidden'] },
  { title: 'tells more', changes: ['more'] },
  { title: 'tells less', changes: ['less'] },
  { title: 'changed', changes: ['unclear', 'equal'] },
];

export function sumOf(values: Readonly<Record<FieldChange, number>>, changes: readonly FieldChange[]): number {
  return changes.reduce((sum, change) => sum + values[change], 0);
}

export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** `consent_missing 3, erased 1`. */
export function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, n]) => `${name} ${count(n)}`)
    .join(', ');
}

/** What a catalogue says, in words that Markdown and HTML share. */
import type { CatalogField, CatalogKey, CatalogLeftOut, CatalogSchema, CatalogTopic } from '../core/catalog/catalog.ts';
import type { CatalogExample } from '../core/catalog/example.ts';
import { plainDuration } from '../core/catalog/form-words.ts';

export const TITLE = 'Catalogue of sanitized topics';

export const INTRODUCTION =
  'What each topic holds, in which form, for which purpose, and what was left out. Read off the rules that the workers ' +
  'execute: what is not listed as a field cannot get into a topic.';

/** What holds for every topic. */
export const NOTES: readonly string[] = [
  'Ages count from the time of the event to the moment of publishing. What was published in time stays in a topic until that deletes it.',
  'A field may be absent from a record: because the raw record has none, or because of its condition or age.',
  'Nothing of an erased subject is published, but under a legal obligation.',
  'A pseudonym is 43 letters, digits, - and _. Examples show <pseudonym> in its place.',
];

export function readersText({ recipient, readers }: CatalogTopic['purpose']): string {
  const named = [
    ...(recipient === null ? [] : [`the third party ${recipient}, whom consents have to name`]),
    ...(readers ?? []),
  ];
  if (named.length > 0) return named.join('; ');
  return 'the configuration does not say (readers in purposes.yaml)';
}

export function otherwiseWords({ unconsented }: Pick<CatalogTopic, 'unconsented'>): string {
  return unconsented === 'strip'
    ? 'Without a lawful ground the record is published with what is not personal alone, and without a personal key.'
    : 'Without a lawful ground nothing of the record is published.';
}

/** How old a record may be, and how long it stays. */
export function ageWords({ retentionMs, inTopicMs }: Pick<CatalogTopic, 'retentionMs' | 'inTopicMs'>): string {
  const stays = inTopicMs === null ? '' : `, and deleted from the topic within ${plainDuration(inTopicMs)} more`;
  return `up to ${plainDuration(retentionMs)} after the event${stays}.`;
}

export function keyWords(key: CatalogKey): string {
  switch (key.kind) {
    case 'pseudonym':
      return `pseudonym of the subject, the same in every topic for ${key.domain}: records of one person can be joined there, and nowhere else`;
    case 'none':
      return 'none';
    case 'field':
      return `${key.path}, ${key.form.plain}`;
  }
}

/** When a field is there, beside the lawful ground of its topic; empty: whenever there is one. */
export function conditionWords({ explicitConsent, withoutGround }: CatalogField): string {
  if (explicitConsent) return 'only with explicit consent';
  return withoutGround ? 'without a lawful ground too' : '';
}

export function categoryNote({ personal, sensitive }: CatalogField): string {
  if (sensitive) return 'sensitive';
  return personal ? '' : 'not personal';
}

export function leftOutWords({ why, rule, guard }: CatalogLeftOut): string {
  switch (why) {
    case 'no_rule':
      return 'no rule of this topic releases it';
    case 'dropped_by_rule':
      return `dropped by a rule${rule === null ? '' : ` (${rule})`}`;
    case 'guard': {
      const said = guard?.why ?? null;
      return `forbidden by the guard “${guard?.name ?? ''}”${said === null ? '' : `: ${said}`}`;
    }
  }
}

export function undeclaredWords({ format, undeclared }: CatalogTopic): string {
  if (format === 'json') return 'Fields that the policy does not declare never leave, whatever they are called.';
  if (undeclared === null) return 'Fields that neither the policy nor a mapped tag declares never leave.';
  if (undeclared.length === 0) return 'Every field of the raw schema is declared.';
  return 'Fields of the raw schema that neither the policy nor a mapped tag declares never leave:';
}

/** What is left out of a record for want of explicit consent. */
export function explicitPaths({ fields, headers }: CatalogTopic): readonly string[] {
  const asking = [...fields, ...headers].filter(({ explicitConsent }) => explicitConsent);
  return [...new Set(asking.map(({ path }) => path))];
}

export const EXPLICIT_ONLY = 'Sensitive, so left out where the subject has not consented explicitly:';

export function schemaWords(schema: CatalogSchema): string {
  switch (schema.kind) {
    case 'avro':
      return schema.from === 'registry'
        ? `Avro, derived from the newest raw schema of the registry (${schema.version}).`
        : 'Avro, derived from the raw schema file that the policy names.';
    case 'json':
      return 'JSON Schema, a sketch: the types of raw values are declared nowhere, and every field may be absent.';
    case 'unknown':
      return 'Not known: no raw schema is at hand. Set SCHEMA_REGISTRY_URL, or name a file under from.schema.';
  }
}

/** How a field is named; keys of maps are data too. */
export function fieldName({ kind, path }: Pick<CatalogField, 'kind' | 'path'>): string {
  return kind === 'map_keys' ? `${path} (names)` : path;
}

export function exampleWords({ from, test, stripped }: CatalogExample, { format }: CatalogTopic): string {
  const shown = format === 'avro' ? '; shown as JSON, on the topic it is Avro' : '';
  const what =
    stripped === null
      ? 'What is published of a record'
      : `What is left of a record without a lawful ground (${stripped})`;
  return `${what}: made by the engine from ${test === null ? from : `the policy test “${test}” (${from})`}${shown}.`;
}

export const NO_EXAMPLE =
  'There is none: no policy test, and no record given, comes to anything that this topic publishes.';

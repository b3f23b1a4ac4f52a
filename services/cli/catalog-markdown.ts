/** A catalogue as Markdown, for a wiki. */
import { type Catalog, type CatalogField, type CatalogTopic, groundByRegime } from '../core/catalog/catalog.ts';
import { plainDuration } from '../core/catalog/form-words.ts';
import {
  ageWords,
  categoryNote,
  conditionWords,
  exampleWords,
  EXPLICIT_ONLY,
  explicitPaths,
  fieldName,
  INTRODUCTION,
  keyWords,
  leftOutWords,
  NO_EXAMPLE,
  NOTES,
  otherwiseWords,
  readersText,
  schemaWords,
  TITLE,
  undeclaredWords,
} from './catalog-words.ts';
import { indentJson } from './indent-json.ts';
import { block, code, escapeText, table } from './markdown.ts';
import { groundText } from './prove-words.ts';

export function catalogAsMarkdown(catalog: Catalog): string {
  const lines = [
    `# ${TITLE}`,
    '',
    INTRODUCTION,
    '',
    `Bundle ${code(catalog.bundle)}.`,
    '',
    ...table(
      ['topic', 'purpose', 'who may read it', 'fields'],
      catalog.topics.map(({ topic, purpose, fields }) => [
        code(topic),
        code(purpose.name),
        escapeText(readersText(purpose)),
        String(fields.length),
      ]),
    ),
    '',
    ...NOTES.map((note) => `- ${escapeText(note)}`),
  ];
  for (const topic of catalog.topics) lines.push('', ...section(topic, catalog));
  return `${lines.join('\n')}\n`;
}

function section(topic: CatalogTopic, { regimes }: Catalog): readonly string[] {
  const { purpose, key, fields, headers, leftOut, undeclared, schema, examples } = topic;
  const explicit = explicitPaths(topic);
  return [
    `## ${escapeText(topic.topic)}`,
    '',
    ...(purpose.description === null ? [] : [escapeText(purpose.description), '']),
    `- Purpose: ${code(purpose.name)}`,
    `- Who may read it: ${escapeText(readersText(purpose))}`,
    `- Made from: ${code(topic.rawTopic)} (${topic.format}), route ${code(topic.route)}`,
    `- Record key: ${escapeText(keyWords(key))}`,
    `- Records are published ${ageWords(topic)}`,
    `- ${otherwiseWords(topic)}`,
    '',
    '### Legal bases',
    '',
    ...table(
      ['regime', 'legal basis', 'regions'],
      groundByRegime(topic, regimes).map(({ regime, regions, elsewhere, basis }) => [
        code(regime),
        escapeText(groundText(basis, purpose.recipient)),
        escapeText([...regions, ...(elsewhere ? ['every region listed nowhere'] : [])].join(', ')),
      ]),
    ),
    '',
    '### Fields',
    '',
    ...(fields.length === 0
      ? ['None: every record comes out empty.']
      : table(['field', 'category', 'form', 'not older than', 'condition'], fields.map(fieldRow))),
    '',
    '### Headers',
    '',
    '`lethe-source` says which raw record it was: topic/partition/offset.',
    ...(headers.length === 0
      ? []
      : ['', ...table(['header', 'category', 'form', 'not older than', 'condition'], headers.map(fieldRow))]),
    '',
    '### Left out',
    '',
    ...(leftOut.length === 0
      ? []
      : [
          ...table(
            ['field', 'category', 'why'],
            leftOut.map((one) => [
              one.kind === 'header' ? `header ${code(one.path)}` : code(one.path),
              code(one.category),
              escapeText(leftOutWords(one)),
            ]),
          ),
          '',
        ]),
    ...(explicit.length === 0 ? [] : [EXPLICIT_ONLY, ...listed(explicit), '']),
    undeclaredWords(topic),
    ...listed(undeclared ?? []),
    '',
    '### Example',
    '',
    ...(examples.length === 0 ? [NO_EXAMPLE] : []),
    ...examples.flatMap((example) => [
      escapeText(exampleWords(example, topic)),
      '',
      ...block('json', indentJson(example.value)),
      '',
      `Key: ${example.key === null ? 'none' : code(example.key)}`,
      ...example.headers.map(({ name, values }) => `\nHeader ${code(name)}: ${values.map(code).join(', ')}`),
      '',
    ]),
    '### Schema',
    '',
    schemaWords(schema),
    ...(schema.kind === 'unknown'
      ? []
      : [
          '',
          '<details><summary>Show it</summary>',
          '',
          ...block('json', JSON.stringify(schema.schema, null, 2)),
          '',
          '</details>',
        ]),
  ];
}

function fieldRow(field: CatalogField): readonly string[] {
  const note = categoryNote(field);
  return [
    code(fieldName(field)),
    `${code(field.category)}${note === '' ? '' : ` (${note})`}`,
    escapeText(field.form.plain),
    plainDuration(field.maxAgeMs),
    escapeText(conditionWords(field)),
  ];
}

function listed(paths: readonly string[]): readonly string[] {
  return paths.length === 0 ? [] : ['', ...paths.map((path) => `- ${code(path)}`)];
}

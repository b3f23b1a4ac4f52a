/** The text of a first policy: all that was found, questions to answer, and an output without rules. */
import type { Draft, DraftField } from './draft.ts';
import type { Role } from './roles.ts';
import { suggestedRules } from './suggested-rules.ts';
import { yamlComment, yamlText } from './yaml-text.ts';

/** Read where nothing was found: without it no record has a subject, and nothing is published. */
export const NO_SUBJECT = 'subject_id';

export function policyText(draft: Draft): string {
  const { name, topic, format, source, purpose, outputTopic } = draft;
  return [
    yamlComment(
      `A first draft, proposed by \`lethe init\` from ${source}. It releases nothing: its output has no rules. Check every category, answer the questions, then write rules. A field that is not declared here never leaves.`,
    ),
    `route: ${yamlText(name)}\nfrom: { topic: ${yamlText(topic)}, format: ${format} }\n`,
    '\n',
    subjectText(draft.roles.subject),
    timeText(draft.roles.time),
    regionText(draft.roles.region),
    '\n',
    tagsText(draft),
    fieldsText(draft),
    '\n',
    'outputs:\n',
    `  - topic: ${yamlText(outputTopic)}\n`,
    yamlComment(
      purpose.placeholder
        ? 'QUESTION: what is this data for, and who reads it? Name the purpose in purposes.yaml.'
        : 'QUESTION: which purpose of purposes.yaml is this for? One output each.',
      '    ',
    ),
    `    purpose: ${yamlText(purpose.name)}\n`,
    '    unconsented: withhold\n',
    '    key: none # `pseudonym` lets readers join the records of one subject\n',
    '    rules: [] # nothing is released\n',
    suggestedRules(draft.fields),
  ].join('');
}

function subjectText(role: Role): string {
  const { path, confidence } = role;
  const ask =
    path === null
      ? 'QUESTION: whose data is it? No field looks like the id of a person. Without one every record is a dead letter.'
      : `QUESTION: is this the id of the person that each record is about?${others(role)}`;
  return `${yamlComment(ask)}subject: ${yamlText(path ?? NO_SUBJECT)}${path === null ? '' : ` # ${confidence}`}\n`;
}

function timeText(role: Role): string {
  if (role.path === null) {
    return yamlComment(
      "No field is a time (RFC 3339 with a zone, or epoch milliseconds) in every record: Kafka's timestamp counts, unless `time` names one.",
    );
  }
  return `${yamlComment(`QUESTION: is this when it happened? Retention counts from it.${others(role)}`)}time: ${yamlText(role.path)} # ${role.confidence}\n`;
}

function regionText(role: Role): string {
  if (role.path === null) {
    return yamlComment(
      'No field is an ISO 3166 region in every record: the latest consent tells it, else the strictest regime applies.',
    );
  }
  return `${yamlComment(`QUESTION: is this where the person lives? It picks the law that applies.${others(role)}`)}region: ${yamlText(role.path)} # ${role.confidence}\n`;
}

function others({ others: texts }: Role): string {
  return texts.length === 0 ? '' : ` It could also be ${texts.map((text) => `\`${text}\``).join(', ')}.`;
}

function tagsText({ tags }: Draft): string {
  if (tags.size === 0) return '';
  const mapped = [...tags].flatMap(([tag, category]) => (category === null ? [] : [`${yamlText(tag)}: ${category}`]));
  const unknown = [...tags].flatMap(([tag, category]) => (category === null ? [JSON.stringify(tag)] : []));
  const text =
    'The schema has tags. Fields declared below need none; mapped, they would declare fields of later versions as well:';
  return [
    yamlComment(text),
    mapped.length === 0 ? '' : `# tags: { ${mapped.join(', ')} }\n`,
    unknown.length === 0 ? '' : yamlComment(`QUESTION: what do these tags mean? ${unknown.join(', ')}`),
    '\n',
  ].join('');
}

function fieldsText({ fields, findings }: Draft): string {
  const declared = fields.filter(({ category }) => category !== null);
  const left = [
    ...fields
      .filter(({ category }) => category === null)
      .map((field) => `  # ${line(field, field.proposal.category)}\n`),
    ...findings.conflicts.map(({ text }) =>
      yamlComment(
        `${yamlText(text)} is sometimes a single value, sometimes an object or a list. The single value is left out: with it declared, records with the other would be dead letters.`,
        '  ',
      ),
    ),
    ...[...findings.unsure].map(([text, count]) =>
      yamlComment(
        `${count} key${count === 1 ? '' : 's'} in ${text === '' ? 'the record itself' : yamlText(text)} came up once each and may be data. They are not named here, and what is under them stays out.`,
        '  ',
      ),
    ),
    ...(findings.tooMany === 0 ? [] : [yamlComment(`${findings.tooMany} more paths were found and left out.`, '  ')]),
  ];
  const head = '# path: category # confidence (by what); what values look like; in how many records\n';
  if (declared.length === 0) return `${head}fields: {}\n${left.join('')}`;
  const maps = new Set<unknown>();
  const lines = declared.map((field) => `${asked(field, maps)}  ${line(field, field.category ?? '')}\n`);
  return `${head}fields:\n${lines.join('')}${left.join('')}`;
}

function line({ proposal, category: used }: DraftField, category: string): string {
  const { found, confidence, by, present } = proposal;
  const notes = [
    `${confidence}${by.length === 0 ? '' : ` (${by.join(', ')})`}`,
    found.place.schema.length > 0 && found.place.stats.count === 0 ? typesOf(proposal) : found.place.stats.look(),
    presence(present),
    ...(used !== null && used !== proposal.category ? [`${proposal.category} is not in taxonomy.yaml`] : []),
    ...(used === null ? ['not in taxonomy.yaml: add the category, then declare the field'] : []),
  ];
  return `${yamlText(found.text)}: ${category} # ${notes.join('; ')}`;
}

function typesOf({ found }: DraftField['proposal']): string {
  const types = found.place.schema.map(({ kind, logical }) =>
    logical === null ? kind : `${kind} ${/^[a-z-]+$/.test(logical.name) ? logical.name : ''}`.trim(),
  );
  return [...new Set(types)].join(' or ');
}

/** A part of all as people read it. */
export function presence(part: number): string {
  if (part >= 1) return 'in all';
  const percent = Math.round(part * 100);
  return percent < 1 ? 'in < 1 %' : `in ${Math.min(99, percent)} %`;
}

/** @param maps those that were asked about. */
function asked({ proposal }: DraftField, maps: Set<unknown>): string {
  const { found, category, confidence, by, disputed } = proposal;
  const { stats } = found.place;
  const questions: string[] = [];
  if (found.mapKeys !== null && !maps.has(found.mapKeys)) {
    maps.add(found.mapKeys);
    questions.push(
      by.includes('keys')
        ? 'The keys of this map are data themselves. A rule that releases a value releases its key.'
        : 'QUESTION: may the keys of this map be personal? A rule that releases a value releases its key.',
    );
  }
  if (category === 'user.content' || stats.share('free_text') >= 0.2) {
    questions.push('QUESTION: is this free text? It may hold anything, about other people too.');
  } else if (stats.share('email_within') > 0 && stats.share('email') < stats.share('email_within')) {
    questions.push('Some values hold e-mail addresses within other text.');
  }
  if (disputed && confidence === 'low') questions.push('QUESTION: name and values disagree: what is this?');
  else if (by.length === 0) questions.push('QUESTION: what is this? Taken for personal, since nothing tells.');
  return questions.map((question) => yamlComment(question, '  ')).join('');
}

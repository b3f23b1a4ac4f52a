/** A record of processing as Markdown, as one hands it to a supervisory authority. */
import { plainDuration } from '../core/catalog/form-words.ts';
import type {
  Counted,
  Report,
  ReportBundle,
  ReportOutput,
  ReportPurpose,
  ReportRawTopic,
} from '../core/report/report-shape.ts';
import { ageWords, fieldName, keyWords } from './catalog-words.ts';
import { code, escapeText, table } from './markdown.ts';
import { groundText } from './prove-words.ts';

export function reportAsMarkdown(report: Report): string {
  const { from, to, audit, records, segments, purposes, rawTopics, bundles, notes } = report;
  const several = bundles.length > 1;
  const lines = [
    '# Record of processing activities',
    '',
    'GDPR Art. 30(1), as far as the audit of Lethe tells. Every count stands for records of which the audit says what became of them; it holds no personal value.',
    '',
    ...table(
      ['', ''],
      [
        ['Period', `from ${from} on, before ${to} (time of decision, UTC)`],
        [
          'Audit',
          `${code(audit)}: ${number(records)} records decided about, in ${number(segments)} ${segments === 1 ? 'segment' : 'segments'}`,
        ],
        ['Purposes', number(purposes.length)],
      ],
    ),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => `- **Note:** ${escapeText(note)}`)]),
    ...purposes.flatMap((purpose) => ['', ...purposeLines(purpose, several)]),
    '',
    '## Raw records',
    '',
    ...(rawTopics.length === 0 ? ['None in this period.'] : rawLines(rawTopics)),
    '',
    '## Rules in force',
    '',
    ...(bundles.length === 0 ? ['None: nothing was decided.'] : bundleLines(bundles)),
    '',
    '## How the counts are made',
    '',
    '- A record counts once for each output of its route: as published, withheld, or dead-lettered.',
    '- `in part`: published with what is not personal alone, for want of a lawful ground for the rest.',
    '- A tombstone is a key without a value, and has what was published under it deleted.',
    '- A dead letter could not be decided about; it is kept encrypted. When it is replayed, what becomes of it is counted as replayed, and not a second time as published or withheld.',
    '- Records of a field: published records in which the field leaves in that form where the record holds it.',
    '- Ages count from the time of the event to the moment of publishing.',
    '',
    '## To be added by the controller',
    '',
    'The audit does not hold, and Art. 30(1) asks for:',
    '',
    '- (a) name and contact details of the controller, of its representative and of the data protection officer',
    '- (c) the categories of data subjects',
    '- (e) transfers to third countries, and the safeguards for them',
    '- (f) how long what was published stays in the topics and behind them',
    '- (g) the technical and organisational measures; of these Lethe brings pseudonymisation, consent checks and this audit',
  ];
  return `${lines.join('\n')}\n`;
}

function purposeLines(purpose: ReportPurpose, several: boolean): readonly string[] {
  const {
    purpose: name,
    description,
    recipient,
    readers,
    legalBases,
    retention,
    recordKeys,
    outputs,
    released,
  } = purpose;
  const known = name !== null;
  return [
    `## ${known ? `Purpose ${code(name)}` : 'Purpose unknown'}`,
    '',
    ...(description === null ? [] : [escapeText(description), '']),
    ...(known
      ? [
          `- Recipient: ${recipient === null ? 'no third party' : `${escapeText(recipient)} (a third party, whom consents have to name)`}`,
          `- Readers: ${readers.length === 0 ? 'configuration does not say' : escapeText(readers.join(', '))}`,
          ...retention.map(
            ({ maxAgeMs, inTopicMs, bundles }) =>
              `- Records are published ${ageWords({ retentionMs: maxAgeMs, inTopicMs })}${underWords(bundles, several)}`,
          ),
          ...recordKeys.map(
            ({ output, key, bundles }) =>
              `- Record key of ${code(output)}: ${escapeText(keyWords(key))}${underWords(bundles, several)}`,
          ),
          ...legalBases.map(
            ({ regime, basis, elsewhere, bundles }) =>
              `- Legal basis under ${code(regime)}${elsewhere ? ' and in regions listed nowhere' : ''}: ${escapeText(groundText(basis, recipient))}${underWords(bundles, several)}`,
          ),
        ]
      : ['The bundles of these outputs are not available.']),
    '',
    '### What became of records',
    '',
    ...table(
      ['output', 'from', 'records', 'published', 'in part', 'tombstones', 'withheld', 'dead-lettered'],
      outputs.map((output) => countRow(output, output)),
    ),
    ...replayedLines(outputs),
    '',
    '### What was published',
    '',
    ...(released.length === 0
      ? ['Nothing.']
      : table(
          ['category', 'form', 'field', 'output', 'not older than', 'records', ...(several ? ['bundles'] : [])],
          released.map(({ kind, category, form, path, output, maxAgeMs, records, bundles }) => [
            category === null ? 'unknown' : code(category),
            escapeText(form.plain),
            code(fieldName({ kind, path })),
            code(output),
            maxAgeMs === null ? 'unknown' : plainDuration(maxAgeMs),
            number(records),
            ...(several ? [bundles.map(short).join(', ')] : []),
          ]),
        )),
  ];
}

type Counts = ReportOutput['replayed'];

function countRow({ topic, rawTopic, records }: ReportOutput, counts: Counts): readonly string[] {
  const { published, inPart, tombstones, withheld, deadLettered } = counts;
  return [
    code(topic),
    code(rawTopic),
    number(records),
    number(published),
    countsText(inPart),
    number(tombstones),
    countsText(withheld),
    countsText(deadLettered),
  ];
}

function replayedLines(outputs: readonly ReportOutput[]): readonly string[] {
  const some = outputs.filter(({ replayed }) => replayed.published > 0 || Object.keys(replayed.withheld).length > 0);
  if (some.length === 0) return [];
  return [
    '',
    'Of dead letters that were replayed in the period:',
    '',
    ...table(
      ['output', 'from', 'published', 'in part', 'withheld'],
      some.map(({ topic, rawTopic, replayed }) => [
        ...[code(topic), code(rawTopic), number(replayed.published)],
        ...[countsText(replayed.inPart), countsText(replayed.withheld)],
      ]),
    ),
  ];
}

function rawLines(rawTopics: readonly ReportRawTopic[]): readonly string[] {
  const replays = rawTopics.flatMap(({ topic, replayed }) => replayed.map((one) => ({ topic, ...one })));
  return [
    ...table(
      ['topic', 'route', 'records', 'dead-lettered'],
      rawTopics.map(({ topic, route, records, deadLettered }) => [
        code(topic),
        route === null ? 'unknown' : code(route),
        number(records),
        countsText(deadLettered),
      ]),
    ),
    '',
    'Offsets that the decisions of the period answer for:',
    '',
    ...table(
      ['topic', 'partition', 'first', 'last', 'records', 'not answered for', 'again'],
      rawTopics.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, firstOffset, lastOffset, records, missing, repeated }) => [
          code(topic),
          String(partition),
          String(firstOffset),
          String(lastOffset),
          number(records),
          number(missing),
          number(repeated),
        ]),
      ),
    ),
    ...(replays.length === 0
      ? []
      : [
          '',
          'Dead letters replayed, by the offsets of the raw records:',
          '',
          ...table(
            ['topic', 'partition', 'first', 'last', 'records'],
            replays.map(({ topic, partition, firstOffset, lastOffset, records }) => [
              ...[code(topic), String(partition), String(firstOffset), String(lastOffset), number(records)],
            ]),
          ),
        ]),
  ];
}

function bundleLines(bundles: readonly ReportBundle[]): readonly string[] {
  return [
    'A bundle is all configuration, named by its SHA-256 digest; every decision names the one it was made under.',
    '',
    ...table(
      ['bundle', 'first decision', 'last decision', 'records', 'read from'],
      bundles.map(({ digest, firstDecision, lastDecision, records, from }) => [
        code(digest),
        firstDecision,
        lastDecision,
        number(records),
        from === null ? 'not available' : from === 'redis' ? 'Redis' : 'a folder',
      ]),
    ),
  ];
}

function underWords(bundles: readonly string[], several: boolean): string {
  return several ? ` (bundle ${bundles.map(short).join(', ')})` : '';
}

function short(digest: string): string {
  return code(digest.slice(0, 12));
}

function number(count: number): string {
  return count.toLocaleString('en-US');
}

function countsText(counts: Counted): string {
  const parts = Object.entries(counts).map(([name, count]) => `${code(name)} ${number(count)}`);
  return parts.length === 0 ? '0' : parts.join(', ');
}

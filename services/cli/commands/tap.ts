import { InvalidArgumentError, Option } from 'commander';
import { DEAD_LETTER_CODES, type DeadLetterCode, WITHHELD_REASONS, type WithheldReason } from '../../core/outcome.ts';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export type TapOptions = {
  readonly route?: string;
  readonly topic?: string;
  readonly output?: string;
  readonly outcome?: 'published' | 'withheld' | 'dead_lettered';
  readonly reason?: WithheldReason | DeadLetterCode;
  readonly sample?: number;
  readonly limit?: number;
  readonly values?: true;
  readonly auditTopic?: string;
  readonly format: 'text' | 'json';
  readonly config?: string;
};

const ABOUT = `
Reads the end of lethe.audit, of all workers, without a consumer group and committed decisions alone. A line is one
decision: time, outcome, raw record, output, reason, and what was done to each declared path; a record with two outputs
is two lines. --route is looked up in the active bundle (Redis) and may be left out where that has one; --topic needs
Kafka alone.

--sample N shows at most N records a second, each with all of its decisions that are selected, and tells how many were
left out. Which ones is decided by the raw coordinate, so two taps on two outputs favour the same records.

--values adds what was published, read from the output topic: JSON as text, Avro where SCHEMA_REGISTRY_URL is set, of
anything else the size. A raw value is never read; what was withheld or dead-lettered has no value here.

Ends with Ctrl-C, or after --limit decisions. A line of json is version 1 of services/core/tap/decision.ts.`;

export const addTap: AddCommand = (parent, finish) => {
  parent
    .command('tap')
    .description('decisions as they are made, live; values only as they were published')
    .option('--route <route>', 'of this route of the active bundle')
    .addOption(new Option('--topic <topic>', 'of this raw topic').conflicts('route'))
    .option('--output <topic>', 'about this output')
    .addOption(
      new Option('--outcome <outcome>', 'that came out so').choices(['published', 'withheld', 'dead_lettered']),
    )
    .addOption(
      new Option('--reason <reason>', 'withheld, published in part or dead-lettered for it').choices([
        ...WITHHELD_REASONS,
        ...DEAD_LETTER_CODES,
      ]),
    )
    .option('--sample <count>', 'of no more than so many records a second', wholeNumber)
    .option('--limit <count>', 'end after so many decisions', wholeNumber)
    .option('--values', 'with what was published')
    .option('--audit-topic <name>', 'the topic to read (default: lethe.audit)')
    .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text'))
    .option(...CONFIG_FLAG)
    .action(finish(async (options: TapOptions) => (await import('../tap.main.ts')).tap(options)))
    .addHelpText(
      'after',
      `${ABOUT}\n${examples([
        'lethe tap --route customer-events --outcome withheld --sample 5',
        'lethe tap --topic raw.customer-events --output clean.analytics.customer-events --values --limit 10',
        'lethe tap --route customer-events --reason action_failed --format json | jq .path',
      ])}`,
    );
};

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1.');
  return Number(text);
}

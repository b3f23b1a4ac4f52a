import { Option } from 'commander';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export type ExplainOptions = {
  readonly route?: string;
  readonly consents?: string;
  readonly now?: string;
  readonly in?: string;
  readonly at?: string;
  readonly keys?: string;
  readonly format: 'text' | 'json';
  readonly config?: string;
};

export const addExplain: AddCommand = (parent, finish) => {
  parent
    .command('explain')
    .description(
      'why each value of a record is released or not: rule, category, legal basis, consent, before and after',
    )
    .argument('[dir]', 'configuration folder; with --at by default the bundle that decided about the record')
    .option('--route <name>', 'the route, where the configuration has several')
    .option('--in <file>', 'raw values, one JSON object a line; default: stdin')
    .option('--at <topic/partition/offset>', 'a raw record of Kafka, as the header lethe-source names it')
    .option(
      '--consents <file>',
      'consent events, one a line; default: nobody has consented, with --at what Redis holds',
    )
    .option(
      '--now <time>',
      'judge as of this time (RFC 3339); default: the present, with --at when it was decided about',
    )
    .addOption(new Option('--format <format>', 'how it is printed').choices(['text', 'json']).default('text'))
    .option('--keys <file>', 'keys file; default: LETHE_KEYS_FILE')
    .option(...CONFIG_FLAG)
    .action(
      finish(async (dir: string | undefined, options: ExplainOptions) =>
        (await import('../explain.main.ts')).explain(dir, options),
      ),
    )
    .addHelpText(
      'after',
      examples([
        'lethe explain config --route customer-events --consents consents.jsonl < record.json',
        'lethe explain --at raw.customer-events/0/42',
        'lethe explain candidate --at raw.customer-events/0/42 --format json',
      ]).concat('\n\nValues are printed on stdout and nowhere else. Nothing is written, registered or logged.'),
    );
};

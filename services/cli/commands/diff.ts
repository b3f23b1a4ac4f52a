import { Option } from 'commander';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export type DiffOptions = {
  readonly format: 'text' | 'json' | 'md';
  readonly failOnExposure?: boolean;
  readonly in?: string;
  readonly fromTopic?: string;
  readonly since?: string;
  readonly consents?: string;
  readonly now?: string;
  readonly route?: string;
  readonly examples: string;
  readonly keys?: string;
  readonly config?: string;
};

export const addDiff: AddCommand = (parent, finish) => {
  parent
    .command('diff')
    .description('what a change of configuration lets out that did not leave before: on paper, and on real records')
    .argument('<old>', 'configuration folder, "active", or the digest of a bundle in Redis')
    .argument('<new>', 'likewise')
    .option('--fail-on-exposure', 'exit 2 where anything could leave, or did, that did not before')
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json', 'md']).default('text'))
    .option('--in <file>', 'measure on raw values, one JSON object a line')
    .option('--from-topic <topic>', 'measure on the records of a raw topic')
    .option('--since <time>', 'of a topic, records from then on: 24h, 7d, P1D or RFC 3339; default: all')
    .option('--consents <file>', 'consent events, one a line; default: the view in Redis where REDIS_URL is set')
    .option('--now <time>', 'judge every record as of this time (RFC 3339); default: as of when it arrived')
    .option('--route <name>', 'with --in: the route to measure, where there are several')
    .option('--examples <n>', 'coordinates to show of each kind of change', '3')
    .option('--keys <file>', 'keys file, for consents in Redis; default: LETHE_KEYS_FILE')
    .option(...CONFIG_FLAG)
    .action(
      finish(async (old: string, fresh: string, options: DiffOptions) =>
        (await import('../diff.main.ts')).diff(old, fresh, options),
      ),
    )
    .addHelpText(
      'after',
      examples([
        'lethe diff active config --fail-on-exposure',
        'lethe diff config new-config --in events.jsonl --consents consents.jsonl --route customer-events',
        'lethe diff active config --from-topic raw.customer-events --since 24h --format md',
      ]),
    );
};

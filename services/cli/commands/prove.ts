import { Option } from 'commander';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export type ProveOptions = {
  readonly category?: string;
  readonly output?: string;
  readonly format: 'text' | 'json' | 'md';
  readonly config?: string;
};

const ABOUT = `
For each category and output: can it get there, under which condition, in which form, from which fields, by which rule.
Then the guards of guards.yaml, and what breaks them. Read off the compiled plans that workers execute. Where
SCHEMA_REGISTRY_URL is set, every registered version of an Avro route's raw schema is walked; else the schema file that
the policy names. Exit code 1 where a guard is broken.`;

export const addProve: AddCommand = (parent, finish) => {
  parent
    .command('prove')
    .description('show which category of data can get into which output, and whether the guards hold')
    .argument('<dir>', 'configuration folder')
    .option('--category <name>', 'only this category and those under it')
    .option('--output <topic>', 'only this output topic')
    .addOption(new Option('--format <format>', 'how it is printed').choices(['text', 'json', 'md']).default('text'))
    .option(...CONFIG_FLAG)
    .action(
      finish(async (dir: string, options: ProveOptions) =>
        (await import('../prove.main.ts')).proveFolder(dir, options),
      ),
    )
    .addHelpText(
      'after',
      `${ABOUT}\n${examples([
        'lethe prove config',
        'lethe prove config --category user.health',
        'lethe prove config --output clean.partner-acme.customer-events --format md',
      ])}`,
    );
};

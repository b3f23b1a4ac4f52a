import { Option } from 'commander';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export type CatalogOptions = {
  readonly format: 'html' | 'md' | 'json';
  readonly out?: string;
  readonly in?: string;
  readonly route?: string;
  readonly consents?: string;
  readonly now?: string;
  readonly config?: string;
};

const ABOUT = `
For each sanitized topic: its purpose and who may read it (description and readers of purposes.yaml), the legal basis
under each regime, every field with category, form and retention, the record key, headers, the schema, an example, and
what was left out and why. The html is one file that asks the network for nothing.

Examples are what the worker's engine publishes of the records of policy tests (policies/NAME.test.yaml), or of the
first records of --in, which are judged by --consents alone: without it, nobody consented. A pseudonym shows as
<pseudonym>, so no keys are needed. Where SCHEMA_REGISTRY_URL is set, the newest registered schema of an Avro route's
raw topic is taken; else the schema file that the policy names.`;

export const addCatalog: AddCommand = (parent, finish) => {
  parent
    .command('catalog')
    .description('describe the sanitized topics to those who read them')
    .argument('<dir>', 'configuration folder')
    .addOption(new Option('--format <format>', 'how it is printed').choices(['html', 'md', 'json']).default('md'))
    .option('--out <file>', 'write it to a file (default: stdout)')
    .option('--in <file>', 'raw records for examples (JSON lines, as replay takes them) instead of the policy tests')
    .option('--route <name>', 'the route of --in, where there are several')
    .option('--consents <file>', 'what the subjects of --in consented to (JSON lines)')
    .option('--now <time>', 'judge the records of --in at this moment (RFC 3339; default: the present)')
    .option(...CONFIG_FLAG)
    .action(
      finish(async (dir: string, options: CatalogOptions) =>
        (await import('../catalog.main.ts')).catalog(dir, options),
      ),
    )
    .addHelpText(
      'after',
      `${ABOUT}\n${examples([
        'lethe catalog config --format html --out catalog.html',
        'lethe catalog config --format json',
        'lethe catalog config --in sample.jsonl --consents consents.jsonl --route customer-events',
      ])}`,
    );
};

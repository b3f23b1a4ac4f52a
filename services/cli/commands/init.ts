import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export type InitOptions = {
  readonly in?: string;
  readonly fromTopic?: string;
  readonly subject?: string;
  readonly route?: string;
  readonly topic?: string;
  readonly sample: string;
  readonly all?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly config?: string;
};

export const addInit: AddCommand = (parent, finish) => {
  parent
    .command('init')
    .description('write a first policy that releases nothing yet, from events, a raw topic or an Avro schema')
    .argument('[dir]', 'configuration folder', 'config')
    .option('--in <file>', 'events: JSON lines, or one JSON array')
    .option('--from-topic <topic>', 'a raw topic, JSON or Avro: its newest records (reads only)')
    .option('--subject <subject>', 'an Avro subject of the schema registry, all its versions')
    .option('--route <name>', 'name of the route and its files; default: of the topic, or the file')
    .option('--topic <topic>', 'the raw topic, where that is not --from-topic; default: raw.NAME')
    .option('--sample <n>', 'look at so many records', '10000')
    .option('--all', 'look at all records')
    .option('--force', 'overwrite the policy and its tests (the other files are never overwritten)')
    .option('--dry-run', 'print the files and write nothing')
    .option(...CONFIG_FLAG)
    .action(finish(async (dir: string, options: InitOptions) => (await import('../init.main.ts')).init(dir, options)))
    .addHelpText(
      'after',
      examples([
        'lethe init my-config --in events.jsonl --route orders',
        'lethe init my-config --from-topic raw.orders --sample 1000',
        'lethe init my-config --subject raw.orders-value --dry-run',
      ]),
    );
};

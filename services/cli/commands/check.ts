import { Option } from 'commander';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export type CheckOptions = {
  readonly role: 'gateway' | 'control' | 'push' | 'all';
  readonly format: 'text' | 'json';
  readonly config?: string;
  readonly printAcls?: true;
  readonly principal?: string;
};

const ABOUT = `
Looks at settings, key and secret files, brokers, topics, what the user may do at Kafka and Redis, Redis itself, the
schema registry, the active bundle and the consent view. Changes nothing, and fences nobody. A line each: ok, warn or
FAIL, and what to do. It warns where the user may do more than the role needs.

With a folder, topics and rights are those that its configuration needs; without one, those of the active bundle.
--print-acls prints the exact ACLs of Kafka and Redis instead; with a folder it needs no server and no settings.

Exit 0 where nothing fails; 78 where settings, keys or the configuration are wrong, whatever else fails; else 69.
`;

export const addCheck: AddCommand = (parent, finish) => {
  parent
    .command('check')
    .description('what is reachable, authorised, present and sane, before anything is started')
    .argument('[dir]', 'folder with a configuration; without it: the active bundle')
    .addOption(
      new Option('--role <role>', 'whose rights are checked; all: one user for everything')
        .choices(['gateway', 'control', 'push', 'all'])
        .default('all'),
    )
    .addOption(new Option('--format <format>', 'of the table').choices(['text', 'json']).default('text'))
    .option('--print-acls', 'print the exact ACLs that the roles need, and check nothing')
    .option(
      '--principal <name>',
      'of the Kafka user in ACLs; default: KAFKA_SASL_USERNAME where --role names one, else lethe-ROLE',
    )
    .option(...CONFIG_FLAG)
    .action(
      finish(async (dir: string | undefined, options: CheckOptions) =>
        (await import('../check.main.ts')).check(dir, options),
      ),
    )
    .addHelpText(
      'after',
      `${ABOUT}${examples(['lethe check', 'lethe check --role gateway config', 'lethe check --print-acls config', 'lethe check --print-acls --role control --format json config'])}`,
    );
};

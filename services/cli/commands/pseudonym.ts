import type { Command } from 'commander';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export type PseudonymOptions = {
  readonly domain: string;
  readonly in?: string;
  readonly keys?: string;
  readonly config?: string;
};

const EPOCHS = `
An epoch is the time in which one version of the key "pseudonym" makes pseudonyms. LETHE_PSEUDONYM_EPOCHS says when
versions began (2=2026-06-01T00:00:00Z,3=...), LETHE_PSEUDONYM_KEEP for how long pseudonyms of an ended one may be
resolved (P90D). Whoever has the keys file can resolve: take a key out of it when its time is over.
What begins with "-", as pseudonyms may, needs "--" before it.`;

export const addPseudonym: AddCommand = (parent, finish) => {
  const pseudonym = parent.command('pseudonym').description('pseudonyms across rotations of their key');
  const common = (command: Command): Command =>
    command
      .requiredOption('--domain <name>', 'the purpose, or the `domain` of a pseudonymize rule')
      .option('--keys <file>', 'keys file; default: LETHE_KEYS_FILE')
      .option(...CONFIG_FLAG);
  const withSubjects = (command: Command): Command =>
    common(command).option('--in <file>', 'subject ids, one a line; default: stdin');
  common(
    pseudonym
      .command('of')
      .description('the pseudonyms of a subject, by epoch')
      .argument('<subject>', 'subject id (or any value that a rule pseudonymizes)'),
  )
    .action(
      finish(async (subject: string, options: PseudonymOptions) =>
        (await import('../pseudonym.main.ts')).pseudonymOf(subject, options),
      ),
    )
    .addHelpText('after', `${EPOCHS}${examples(['lethe pseudonym of cust-1 --domain analytics'])}`);
  withSubjects(
    pseudonym
      .command('map')
      .description('old and new pseudonyms as JSON lines, without the subjects: to follow a rotation'),
  )
    .action(finish(async (options: PseudonymOptions) => (await import('../pseudonym.main.ts')).mapPseudonyms(options)))
    .addHelpText(
      'after',
      `${EPOCHS}${examples(['lethe pseudonym map --domain analytics < subjects.txt > pairs.jsonl'])}`,
    );
  withSubjects(
    pseudonym
      .command('resolve')
      .description('whose pseudonyms these are, among candidates; exit 1 where one is nobody’s')
      .argument('<pseudonyms...>'),
  )
    .action(
      finish(async (pseudonyms: string[], options: PseudonymOptions) =>
        (await import('../pseudonym.main.ts')).resolve(pseudonyms, options),
      ),
    )
    .addHelpText(
      'after',
      `${EPOCHS}${examples(['lethe pseudonym resolve --domain analytics -- 0cR2xM8K… < candidates.txt'])}`,
    );
};

import { InvalidArgumentError, Option } from 'commander';
import { DEAD_LETTER_CODES } from '../../core/outcome.ts';
import { type AddCommand, CONFIG_FLAG, examples } from '../command.ts';

export type SelectOptions = {
  readonly code?: (typeof DEAD_LETTER_CODES)[number];
  readonly route?: string;
  readonly topic?: string;
  readonly since?: string;
  readonly until?: string;
  readonly config?: string;
};
export type ListOptions = SelectOptions & {
  readonly limit?: number;
  readonly format: 'text' | 'json';
  readonly dir?: string;
};
export type ShowOptions = { readonly keys?: string; readonly raw?: true; readonly config?: string };
export type ReplayLettersOptions = SelectOptions & {
  readonly dryRun?: true;
  readonly force?: true;
  readonly keys?: string;
  readonly format: 'text' | 'json';
};

const CODE = (): Option => new Option('--code <code>', 'of this code').choices(DEAD_LETTER_CODES);
const ROUTE = ['--route <route>', 'of this route'] as const;
const TOPIC = (): Option => new Option('--topic <topic>', 'of this raw topic').conflicts('route');
const SINCE = ['--since <time>', 'dead-lettered since: 24h, 7d, or RFC 3339'] as const;
const UNTIL = ['--until <time>', 'dead-lettered before: 1h, or RFC 3339'] as const;
const FORMAT = (): Option => new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text');
const KEYS = ['--keys <file>', 'keys file; default: LETHE_KEYS_FILE'] as const;

export const addDeadLetters: AddCommand = (parent, finish) => {
  const letters = parent.command('dead-letters').description('records that nobody could decide about, sealed');
  letters
    .command('list')
    .description('what there is, without a key and without a value; counts per route and code')
    .addOption(CODE())
    .option(...ROUTE)
    .addOption(TOPIC())
    .option(...SINCE)
    .option(...UNTIL)
    .option('--limit <count>', 'print no more than so many; all are counted', wholeNumber)
    .option(
      '--dir <dir>',
      'configuration folder that routes are named by; default: the active bundle, where REDIS_URL is set',
    )
    .addOption(FORMAT())
    .option(...CONFIG_FLAG)
    .action(finish(async (options: ListOptions) => (await import('../dead-letters.main.ts')).deadLettersList(options)))
    .addHelpText(
      'after',
      examples([
        'lethe dead-letters list --since 24h',
        'lethe dead-letters list --code action_failed --route customer-events --format json | jq .counts',
      ]),
    );
  letters
    .command('show')
    .description('opens one: code, path, key, headers and the raw value, on stdout alone')
    .argument('<coordinate>', 'topic/partition/offset of the raw record, or of the letter on lethe.dead-letters')
    .option(...KEYS)
    .option('--raw', "the raw value's bytes and nothing else")
    .option(...CONFIG_FLAG)
    .action(
      finish(async (coordinate: string, options: ShowOptions) =>
        (await import('../dead-letters.main.ts')).deadLettersShow(coordinate, options),
      ),
    )
    .addHelpText(
      'after',
      examples([
        'lethe dead-letters show raw.customer-events/3/1042 --keys keys.json',
        'lethe dead-letters show lethe.dead-letters/0/17 --raw > record.json',
      ]),
    );
  letters
    .command('replay')
    .description('plays open ones again, through the active bundle and the consents of now; each at most once')
    .argument('[coordinates...]', 'topic/partition/offset of raw records or of letters; default: all that are selected')
    .addOption(CODE())
    .option(...ROUTE)
    .addOption(TOPIC())
    .option(...SINCE)
    .option(...UNTIL)
    .option('--dry-run', 'say what would come of it and write nothing')
    .option('--force', 'replay into compacted outputs too, where an old record may replace a newer one of its key')
    .option(...KEYS)
    .addOption(FORMAT())
    .option(...CONFIG_FLAG)
    .action(
      finish(async (coordinates: string[], options: ReplayLettersOptions) =>
        (await import('../dead-letters-replay.main.ts')).deadLettersReplay(coordinates, options),
      ),
    )
    .addHelpText(
      'after',
      `
What is replayed comes late: behind later records of the same key, with the lethe-source of the raw record. What fails
again is left as it is. One replay runs at a time; a second one takes over from the first. It may be stopped or killed
at any moment and started again.
${examples(['lethe dead-letters replay --code action_failed --dry-run', 'lethe dead-letters replay --since 7d', 'lethe dead-letters replay raw.customer-events/3/1042'])}`,
    );
};

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}

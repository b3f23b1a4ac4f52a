import { type AddCommand, examples } from '../command.ts';

export type ReplayOptions = {
  readonly in: string;
  readonly out: string;
  readonly consents?: string;
  readonly now?: string;
  readonly route?: string;
  readonly keys?: string;
};

export const addReplay: AddCommand = (parent, finish) => {
  parent
    .command('replay')
    .description('the same engine over files, with no server: raw values as JSON lines in, what would be published out')
    .argument('<dir>', 'configuration folder')
    .requiredOption('--in <file>', 'raw values, one JSON object a line')
    .requiredOption('--out <dir>', 'folder for TOPIC.jsonl, dead-letters.jsonl and audit.jsonl')
    .option('--consents <file>', 'consent events, one a line; without it nobody has consented to anything')
    .option('--now <time>', 'decide as of this time (RFC 3339); default: the present')
    .option('--route <name>', 'the route to play, where the configuration has several')
    .option('--keys <file>', 'keys file; default: LETHE_KEYS_FILE')
    .action(
      finish(async (dir: string, options: ReplayOptions) =>
        (await import('../replay.main.ts')).replayFiles(dir, options),
      ),
    )
    .addHelpText(
      'after',
      examples([
        'lethe replay config --route customer-events --in events.jsonl --consents consents.jsonl --out replayed',
        'lethe replay my-config --in events.jsonl --out replayed --now 2026-03-01T00:00:00Z',
      ]),
    );
};

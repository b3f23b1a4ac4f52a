/**
 * The command line: names, flags, help. What a command does is handed in, so that the tree can be read (and tested)
 * without a server in sight.
 */
import { Command, CommanderError, Option } from 'commander';
import { EXIT } from './exit.ts';

/** Each returns the exit code. */
export type Commands = {
  readonly run: (options: { config?: string }) => Promise<number>;
  readonly push: (dir: string, options: { config?: string }) => Promise<number>;
  readonly lint: (dir: string, options: { format: 'text' | 'json' | 'sarif' | 'github' }) => Promise<number>;
  readonly replay: (
    dir: string,
    options: { in: string; out: string; consents?: string; now?: string; route?: string; keys?: string },
  ) => Promise<number>;
  readonly consentImport: (file: string, options: { config?: string }) => Promise<number>;
  readonly consentGet: (subject: string, options: { config?: string }) => Promise<number>;
  readonly keysGenerate: (options: { out?: string; force?: boolean }) => Promise<number>;
};

const CONFIG_FLAG = ['--config <file>', 'settings file (YAML); the environment wins over it'] as const;

const ENVIRONMENT = `
Settings come from the environment, or from the file given with --config:
  KAFKA_BROKERS        host:port,host:port      SCHEMA_REGISTRY_URL   for Avro routes
  REDIS_URL            redis://host:6379        LETHE_KEYS_FILE       made by "lethe keys generate"
  LETHE_GROUP_ID       consumer group (lethe)   LETHE_HTTP_PORT       metrics and health (9464)

Exit codes: 0 well; 1 findings; 64 usage; 69 a dependency is unreachable; 70 a bug; 78 invalid configuration.`;

/** Parses the arguments (without `node` and the script) and runs the command. Resolves to the exit code. */
export async function runProgram(
  args: readonly string[],
  version: string,
  commands: Commands,
  io: { readonly out: (text: string) => void; readonly err: (text: string) => void },
): Promise<number> {
  let exitCode: number = EXIT.ok;
  const finish =
    <A extends unknown[]>(command: (...args: A) => Promise<number>) =>
    async (...values: A): Promise<void> => {
      exitCode = await command(...values);
    };

  const program = new Command('lethe')
    .description('A privacy gateway for Kafka: raw customer events in, sanitized topics out, exactly once.')
    .version(version)
    .addHelpText('after', ENVIRONMENT);

  program
    .command('run')
    .description('a worker: consumes the raw topic of every route of the active bundle and publishes its outputs')
    .option(...CONFIG_FLAG)
    .action(finish((options: { config?: string }) => commands.run(options)))
    .addHelpText('after', examples(['lethe run', 'lethe run --config config/gateway.yaml']));

  program
    .command('push')
    .description('check a configuration, make it the active bundle for all workers, print its digest')
    .argument('<dir>', 'folder with taxonomy.yaml, purposes.yaml, regimes.yaml and policies/')
    .option(...CONFIG_FLAG)
    .action(finish((dir: string, options: { config?: string }) => commands.push(dir, options)))
    .addHelpText('after', examples(['lethe push config']));

  program
    .command('lint')
    .description('report every problem of a configuration as file:line:col code message')
    .argument('<dir>', 'configuration folder')
    .addOption(
      new Option('--format <format>', 'how findings are printed')
        .choices(['text', 'json', 'sarif', 'github'])
        .default('text'),
    )
    .action(
      finish((dir: string, options: { format: 'text' | 'json' | 'sarif' | 'github' }) => commands.lint(dir, options)),
    )
    .addHelpText('after', examples(['lethe lint config', 'lethe lint config --format github']));

  program
    .command('replay')
    .description('the same engine over files, with no server: raw values as JSON lines in, what would be published out')
    .argument('<dir>', 'configuration folder')
    .requiredOption('--in <file>', 'raw values, one JSON object a line')
    .requiredOption('--out <dir>', 'folder for TOPIC.jsonl, dead-letters.jsonl and audit.jsonl')
    .option('--consents <file>', 'consent events, one a line; without it nobody has consented to anything')
    .option('--now <time>', 'decide as of this time (RFC 3339); default: the present')
    .option('--route <name>', 'the route to play, where the configuration has several')
    .option('--keys <file>', 'keys file; default: LETHE_KEYS_FILE')
    .action(finish((dir: string, options: Parameters<Commands['replay']>[1]) => commands.replay(dir, options)))
    .addHelpText(
      'after',
      examples([
        'lethe replay config --route customer-events --in events.jsonl --consents consents.jsonl --out replayed',
        'lethe replay my-config --in events.jsonl --out replayed --now 2026-03-01T00:00:00Z',
      ]),
    );

  const consent = program.command('consent').description('consent events and the state they come to');
  consent
    .command('import')
    .description('append consent events to the log and bring the view up to date with them')
    .argument('<file>', 'consent events, one JSON object a line')
    .option(...CONFIG_FLAG)
    .action(finish((file: string, options: { config?: string }) => commands.consentImport(file, options)))
    .addHelpText('after', examples(['lethe consent import consents.jsonl']));
  consent
    .command('get')
    .description('what a subject has consented to, now, as JSON')
    .argument('<subject>', 'subject id as it stands in the events')
    .option(...CONFIG_FLAG)
    .action(finish((subject: string, options: { config?: string }) => commands.consentGet(subject, options)))
    .addHelpText('after', examples(['lethe consent get cust-1']));

  const keys = program.command('keys').description('the keys that tokens, pseudonyms and dead letters are made with');
  keys
    .command('generate')
    .description('make a new keys file; without --out it is printed')
    .option('--out <file>', 'write it there, readable by its owner only')
    .option('--force', 'overwrite an existing file: what was made with the old keys can no longer be matched')
    .action(finish((options: { out?: string; force?: boolean }) => commands.keysGenerate(options)))
    .addHelpText('after', examples(['lethe keys generate --out keys.json']));

  for (const command of allCommands(program)) {
    command.exitOverride().configureOutput({ writeOut: io.out, writeErr: io.err });
    command.showHelpAfterError('(add --help for usage and examples)').showSuggestionAfterError();
  }

  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // commander has told what is wrong; help and version end well.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return exitCode;
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

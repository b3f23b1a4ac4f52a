/** The command line: the tree of commands, their help, and what becomes of a wrong one. */
import { Command, CommanderError } from 'commander';
import type { AddCommand, Finish } from './command.ts';
import { addCatalog } from './commands/catalog.ts';
import { addCheck } from './commands/check.ts';
import { addConsent } from './commands/consent.ts';
import { addControl } from './commands/control.ts';
import { addDeadLetters } from './commands/dead-letters.ts';
import { addDecrypt } from './commands/decrypt.ts';
import { addDiff } from './commands/diff.ts';
import { addExplain } from './commands/explain.ts';
import { addInit } from './commands/init.ts';
import { addKeys } from './commands/keys.ts';
import { addLint } from './commands/lint.ts';
import { addProve } from './commands/prove.ts';
import { addPseudonym } from './commands/pseudonym.ts';
import { addPush } from './commands/push.ts';
import { addReplay } from './commands/replay.ts';
import { addRequest } from './commands/request.ts';
import { addReport } from './commands/report.ts';
import { addRun } from './commands/run.ts';
import { addTap } from './commands/tap.ts';
import { addTest } from './commands/test.ts';
import { addTop } from './commands/top.ts';
import { addTopics } from './commands/topics.ts';
import { addVerify } from './commands/verify.ts';
import { EXIT } from './exit.ts';

/** In the order in which help shows them. */
const COMMANDS: readonly AddCommand[] = [
  addRun,
  addControl,
  addPush,
  addCheck,
  addInit,
  addLint,
  addProve,
  addCatalog,
  addTest,
  addReplay,
  addExplain,
  addDiff,
  addVerify,
  addReport,
  addTop,
  addTap,
  addDeadLetters,
  addDecrypt,
  addConsent,
  addRequest,
  addTopics,
  addKeys,
  addPseudonym,
];

const ENVIRONMENT = `
Settings come from the environment, or from the file given with --config:
  KAFKA_BROKERS        host:port,host:port      SCHEMA_REGISTRY_URL   for Avro routes
  REDIS_URL            redis://host:6379        LETHE_KEYS_FILE       made by "lethe keys generate"
  LETHE_GROUP_ID       consumer group (lethe)   LETHE_HTTP_PORT       metrics and health (9464)

Exit codes: 0 well; 1 findings; 2 new exposure; 64 usage; 69 a dependency is unreachable; 70 a bug;
78 invalid configuration.`;

/** Parses the arguments (without `node` and the script) and runs the command. Resolves to the exit code. */
export async function runProgram(
  args: readonly string[],
  version: string,
  io: { readonly out: (text: string) => void; readonly err: (text: string) => void },
): Promise<number> {
  let exitCode: number = EXIT.ok;
  const finish: Finish =
    (command) =>
    async (...values) => {
      exitCode = await command(...values);
    };

  const program = new Command('lethe')
    .description('A privacy gateway for Kafka: raw customer events in, sanitized topics out, exactly once.')
    .version(version)
    .addHelpText('after', ENVIRONMENT);
  for (const add of COMMANDS) add(program, finish);

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

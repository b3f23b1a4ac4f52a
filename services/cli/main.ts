/** The `lethe` command. */
import { packageVersion } from '../gateway/version.ts';
import { EXIT, explainError } from './exit.ts';
import { runProgram } from './program.ts';

const out = (text: string): void => void process.stdout.write(text);
const err = (text: string): void => void process.stderr.write(text);

// A reader that has seen enough (`| head`) ends the command, and that is well.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

try {
  process.exitCode = await runProgram(process.argv.slice(2), packageVersion(), { out, err });
} catch (error) {
  const { text, exitCode } = explainError(error);
  err(`${text}\n`);
  // At once: sockets of a part that does not answer would keep us here until they time out.
  process.exit(exitCode);
}

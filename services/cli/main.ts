/** The `lethe` command. Each command's adapters are loaded only when it is used, so that help answers at once. */
import { packageVersion } from '../gateway/version.ts';
import { explainError } from './exit.ts';
import { runProgram } from './program.ts';

const out = (text: string): void => void process.stdout.write(text);
const err = (text: string): void => void process.stderr.write(text);

try {
  process.exitCode = await runProgram(
    process.argv.slice(2),
    packageVersion(),
    {
      run: async (options) => (await import('./run.main.ts')).run(options),
      push: async (dir, options) => (await import('./push.main.ts')).push(dir, options),
      lint: async (dir, options) => (await import('./lint.main.ts')).lint(dir, options),
      replay: async (dir, options) => (await import('./replay.main.ts')).replayFiles(dir, options),
      consentImport: async (file, options) => (await import('./consent.main.ts')).consentImport(file, options),
      consentGet: async (subject, options) => (await import('./consent.main.ts')).consentGet(subject, options),
      keysGenerate: async (options) => (await import('./keys.main.ts')).keysGenerate(options),
    },
    { out, err },
  );
} catch (error) {
  const { text, exitCode } = explainError(error);
  err(`${text}\n`);
  // At once: sockets of a part that does not answer would keep us here until they time out.
  process.exit(exitCode);
}

import { StackError } from './error.ts';
import { startStack } from './stack.ts';

// Parts die with this process whatever ends it, so that a signal while they start needs nothing but our end.
const end = (code: number) => (): never => process.exit(code);
process.on('SIGINT', end(130));
process.on('SIGTERM', end(143));

try {
  const stack = await startStack();
  for (const [name, value] of Object.entries(stack.env)) process.stdout.write(`export ${name}=${value}\n`);
  process.stderr.write('stack: ready; Ctrl-C ends it and removes its data\n');
  const finish = (): void => {
    process.stderr.write('stack: stopping\n');
    void stack.stop().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.removeAllListeners(signal);
    process.once(signal, finish);
  }
  // Every part is unreferenced; this alone keeps us here.
  setInterval(() => {}, 2 ** 30);
} catch (error) {
  if (!(error instanceof StackError)) throw error;
  process.stderr.write(`stack: ${error.message}\n`);
  process.exitCode = error.exitCode;
}

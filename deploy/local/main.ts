import { StackError } from './error.ts';
import { startStack } from './stack.ts';

// One handler for the whole life: a signal that comes while handlers are exchanged would be lost. Parts die with this
// process whatever ends it, so that while they start nothing is needed but our end.
let finish: (code: number) => void = (code) => process.exit(code);
process.on('SIGINT', () => finish(130));
process.on('SIGTERM', () => finish(143));

try {
  const stack = await startStack();
  finish = () => {
    finish = () => {};
    process.stderr.write('stack: stopping\n');
    void stack.stop().then(() => process.exit(0));
  };
  for (const [name, value] of Object.entries(stack.env)) process.stdout.write(`export ${name}=${value}\n`);
  process.stderr.write('stack: ready; Ctrl-C ends it and removes its data\n');
  // Every part is unreferenced; this alone keeps us here.
  setInterval(() => {}, 2 ** 30);
} catch (error) {
  if (!(error instanceof StackError)) throw error;
  process.stderr.write(`stack: ${error.message}\n`);
  process.exitCode = error.exitCode;
}

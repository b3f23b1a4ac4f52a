/**
 * kafkajs 2.2.4 arms a timer with a negative wait, which Node 24 warns about once per process (kafkajs #1704, #1751):
 * noise that no operator can act on. Every other warning is printed as before.
 *
 * Returns what undoes it.
 */
export const silenceNegativeTimeoutWarning = (): (() => void) => {
  // oxlint-disable-next-line typescript/unbound-method -- it is called on process again, and put back as it was
  const original = process.emitWarning;
  process.emitWarning = ((...args: Parameters<typeof process.emitWarning>): void => {
    if (nameOf(args) !== 'TimeoutNegativeWarning') Reflect.apply(original, process, args);
  }) as typeof process.emitWarning;
  return () => {
    process.emitWarning = original;
  };
};

/** The type is the warning's own name, the second argument or in it: `emitWarning(warning[, type | options])`. */
const nameOf = (args: readonly unknown[]): unknown => {
  const [warning, type] = args;
  if (warning instanceof Error) return warning.name;
  return typeof type === 'object' && type !== null && 'type' in type ? type.type : type;
};

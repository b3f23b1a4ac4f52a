/**
 * ioredis 6 declares a class that extends String (built/resp/verbatim-string.js). V8 13.6 then keeps String.prototype as
 * a dictionary and calls `charCodeAt` and `codePointAt` instead of inlining them: reading text by its units took seven
 * times as long in the whole process, and a worker a fifth more time for everything.
 *
 * Reading a property through String.prototype often enough makes V8 lay it out for speed again. It is harmless where
 * there is nothing to mend.
 */
const READS = 1_000;

/** To be called once ioredis is loaded. */
export function keepStringsFast(): void {
  const heir = Object.create(String.prototype) as string;
  for (let read = 0; read < READS; read++) void heir.length;
}

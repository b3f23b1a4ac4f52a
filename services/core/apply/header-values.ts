const NONE: readonly Uint8Array[] = [];

/**
 * The values of one record header, in order. Safe to ask for any name: kafkajs mixes inherited members into headers
 * called `constructor` or `toString`, and gives null and text besides bytes. Only bytes count.
 *
 * @param headers as the client library decoded them: by name, bytes or an array of bytes.
 */
export function headerValues(headers: unknown, name: string): readonly Uint8Array[] {
  if (typeof headers !== 'object' || headers === null || !Object.hasOwn(headers, name)) return NONE;
  const value = (headers as Readonly<Record<string, unknown>>)[name];
  if (value instanceof Uint8Array) return [value];
  return Array.isArray(value) ? value.filter((one): one is Uint8Array => one instanceof Uint8Array) : NONE;
}

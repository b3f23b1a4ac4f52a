/**
 * What Lethe needs of a logger. Fields hold codes, names and coordinates; never a value, a subject or a record.
 * pino's own loggers fit it (adapters/log).
 */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export type Log = {
  readonly debug: (fields: LogFields, message: string) => void;
  readonly info: (fields: LogFields, message: string) => void;
  readonly warn: (fields: LogFields, message: string) => void;
  readonly error: (fields: LogFields, message: string) => void;
};

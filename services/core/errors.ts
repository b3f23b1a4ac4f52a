/** The one error class of Lethe. Messages name files, endpoints and settings, never a value from data. */

export const ERROR_CODES = [
  /** A dependency did not answer; trying again later may work. */
  'unavailable',
  /** Configuration or keys cannot be used. */
  'invalid_config',
  /** The command line cannot be understood. */
  'usage',
  /** Another worker took over; drop what is in hand. */
  'fenced',
  /** Raw records vanished before they were decided about (retention, a recreated topic). */
  'data_lost',
  /** Something that must not happen. */
  'bug',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** What a worker waits for; the label `cause` of `lethe_paused_partitions`. */
export type Dependency = 'kafka' | 'redis' | 'registry' | 'bundle' | 'consent_view' | 'data_keys';

export class LetheError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** What the reader should do, one sentence. */
  readonly fix: string | null;
  /** What is not there, for `unavailable`. */
  readonly dependency: Dependency | null;

  constructor(
    code: ErrorCode,
    message: string,
    options: { retryable?: boolean; fix?: string; cause?: unknown; dependency?: Dependency } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LetheError';
    this.code = code;
    this.retryable = options.retryable ?? code === 'unavailable';
    this.fix = options.fix ?? null;
    this.dependency = options.dependency ?? null;
  }
}

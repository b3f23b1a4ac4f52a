export const PART_NAMES = ['kafka', 'registry', 'redis'] as const;

export type PartName = (typeof PART_NAMES)[number];

/** The setting by which each part is found, here and in every Lethe process (DESIGN section 9). */
export const PART_SETTING = {
  kafka: 'KAFKA_BROKERS',
  registry: 'SCHEMA_REGISTRY_URL',
  redis: 'REDIS_URL',
} as const satisfies Record<PartName, string>;

/** A running part of the stack. After stop, start brings it back on the same port with the same data. */
export type Part = {
  readonly name: string;
  /** What its setting holds: `127.0.0.1:9092`, `http://127.0.0.1:8080/apis/ccompat/v7`, `redis://127.0.0.1:6379`. */
  readonly endpoint: string;
  /** How it came to be. `given`: an endpoint of the environment, which is never started or stopped by us. */
  readonly kind: 'given' | 'process' | 'container';
  /** Its process id while it runs as a local process. */
  readonly pid: number | undefined;
  /** Where a local process keeps its data (Kafka: the log directory). */
  readonly dataDir: string | undefined;
  /** Resolves when it answers again. Does nothing where it runs. */
  readonly start: () => Promise<void>;
  /** Resolves when it is gone. SIGTERM unless told; SIGKILL after 10 s. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
  /**
   * `stop('SIGKILL')`: it gets no chance to say goodbye.
   *
   * Kafka 4.3, alone and killed between its answer to a commit and the commit's marker in the topic, can come back with
   * the transaction complete and the marker missing: readers of committed records then wait at that offset. `stop()`
   * finishes what is open.
   */
  readonly kill: () => Promise<void>;
  /** SIGSTOP: sockets stay open, nothing answers. */
  readonly pause: () => Promise<void>;
  readonly resume: () => Promise<void>;
};

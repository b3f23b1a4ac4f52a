/** Turns what kafkajs throws into `LetheError`s. kafkajs keeps the protocol's error name in `type`. */
import { LetheError } from '../../core/errors.ts';

type KafkaJsError = Error & { readonly type?: string; readonly retriable?: boolean; readonly cause?: unknown };

/** Another producer with our transactional id was started: the partition has a new owner (KIP-98). */
const FENCED = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']);
/** The protocol error names in an error and its causes, outermost first. */
function protocolTypes(error: unknown): string[] {
  const types: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    const type = (at as KafkaJsError).type;
    if (typeof type === 'string') types.push(type);
  }
  return types;
}

export function isFenced(error: unknown): boolean {
  return protocolTypes(error).some((type) => FENCED.has(type));
}

/** The most telling short name of an error: the protocol's, else the system's (`ECONNREFUSED`), else the class's. */
export function errorType(error: unknown): string {
  return protocolTypes(error).at(-1) ?? systemCode(error) ?? (error instanceof Error ? error.name : 'unknown');
}

/** What the system said of a connection, in an error or its causes. */
function systemCode(error: unknown): string | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^E[A-Z_]+$/.test(code)) return code;
  }
  return null;
}

/**
 * An `unavailable` error naming the brokers and the setting. kafkajs' own messages name hosts, topics and groups, never
 * records, but only the error's type is passed on all the same.
 */
export function kafkaUnavailable(doing: string, brokers: readonly string[], cause: unknown): LetheError {
  return new LetheError('unavailable', `Kafka at ${brokers.join(',')} failed while ${doing}: ${errorType(cause)}`, {
    dependency: 'kafka',
    fix: 'Check that the brokers run and that KAFKA_BROKERS (and the KAFKA_SASL and KAFKA_SSL settings) fit them.',
    cause,
  });
}

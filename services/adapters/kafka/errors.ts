/** Turns what kafkajs throws into `LetheError`s. kafkajs keeps the protocol's error name in `type`. */
import { codesOf, type ConnectionFault, tlsFaultOf } from '../../core/connection-faults.ts';
import { LetheError } from '../../core/errors.ts';
import { SASL_REFUSED } from './sasl.ts';

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
  return codesOf(error).find((code) => /^E[A-Z_]+$/.test(code)) ?? null;
}

const TLS_SETTINGS = {
  address: 'KAFKA_BROKERS',
  ca: 'KAFKA_SSL_CA',
  cert: 'KAFKA_SSL_CERT',
  key: 'KAFKA_SSL_KEY',
  on: 'Set KAFKA_SSL to true, or KAFKA_SSL_CA; or name the port for plain text in KAFKA_BROKERS.',
  off: 'Name the port for TLS in KAFKA_BROKERS, or unset KAFKA_SSL, KAFKA_SSL_CA, KAFKA_SSL_CERT and KAFKA_SSL_KEY.',
};

/** Who we are, or may do, is not what the broker wants. */
function refusal(error: unknown): (ConnectionFault & { readonly code: string }) | null {
  const types = protocolTypes(error);
  const code = types.at(-1) ?? '';
  if (code.endsWith('_AUTHORIZATION_FAILED')) {
    const fix = 'Allow it by an ACL; "lethe check" prints all that are needed.';
    return { code, reason: 'our user may not do that', fix };
  }
  if (code === 'UNSUPPORTED_SASL_MECHANISM') {
    return { code, reason: 'it does not take that mechanism', fix: 'Set KAFKA_SASL_MECHANISM to one that it takes.' };
  }
  if (code === 'ILLEGAL_SASL_STATE') {
    const fix = 'Name the port for SASL in KAFKA_BROKERS, or unset KAFKA_SASL_MECHANISM.';
    return { code, reason: 'it takes no log-in on this port', fix };
  }
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if (at.name === 'KafkaJSConnectionClosedError') {
      const fix =
        'Check that the brokers run; one that wants a log-in closes too: KAFKA_SASL_MECHANISM, and the port in KAFKA_BROKERS.';
      return { code: at.name, reason: 'it closed the connection', fix };
    }
    if (at.name !== SASL_REFUSED) continue;
    const fix =
      'Check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD (or the token), and that the user exists for KAFKA_SASL_MECHANISM.';
    return { code: 'SASL_AUTHENTICATION_FAILED', reason: 'it refuses the log-in', fix };
  }
  return null;
}

/**
 * An `unavailable` error naming the brokers and the setting. kafkajs' own messages name hosts, topics and groups, never
 * records, but only the error's type is passed on all the same.
 */
export function kafkaUnavailable(doing: string, brokers: readonly string[], cause: unknown): LetheError {
  const known = innerLetheError(cause) ?? tlsFaultOf(cause, TLS_SETTINGS) ?? refusal(cause);
  const why = known === null ? errorType(cause) : `${known.reason}${known.code === null ? '' : ` (${known.code})`}`;
  return new LetheError('unavailable', `Kafka at ${brokers.join(',')} failed while ${doing}: ${why}`, {
    dependency: 'kafka',
    fix:
      known?.fix ??
      'Check that the brokers run and that KAFKA_BROKERS (and the KAFKA_SASL and KAFKA_SSL settings) fit them.',
    cause,
  });
}

/** Our own words, where they went through kafkajs. */
function innerLetheError(error: unknown): { reason: string; fix: string | null; code: null } | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if (at instanceof LetheError) return { reason: at.message, fix: at.fix, code: null };
  }
  return null;
}

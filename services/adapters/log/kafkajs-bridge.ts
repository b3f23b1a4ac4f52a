/**
 * kafkajs logs whole errors, stacks and, at debug, payloads. What passes here is built from an allow-list: anything
 * that a later version adds stays out.
 */
import type { Log, LogFields } from '../../core/log.ts';

/** The shape of kafkajs' `LogEntry`, which this adapter does not import. */
type Entry = {
  readonly namespace: string;
  readonly level: number;
  readonly log: Readonly<Record<string, unknown>>;
};

const ERROR = 1;
const WARN = 2;
const INFO = 4;
const DEBUG = 5;

const NAMES = ['topic', 'groupId', 'memberId', 'clientId', 'broker', 'coordinator', 'eventName'] as const;
const NUMBERS = ['partition', 'retryCount', 'retryTime', 'generationId', 'size'] as const;

/** Topics, groups, members and `host:port`. */
const PLAIN_NAME = /^[A-Za-z0-9._:/@-]{1,300}$/;
const PLAIN_MESSAGE = /^[A-Za-z #.,;_()[\]/-]{1,200}$/;
const ERROR_TYPE = /\b(?:KafkaJS[A-Za-z]+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|E[A-Z]{4,})\b/;

/**
 * A `logCreator` for kafkajs: level, namespace, the fixed part of the message, and fields that hold coordinates or an
 * error's type. What kafkajs appends to a message behind a colon is another error's text and is cut off; numbers become
 * `#`; a message with quotes or anything else that a sentence does not need is replaced whole.
 */
export const kafkajsLogCreator =
  (log: Log) =>
  () =>
  (entry: Entry): void => {
    const { message, error } = entry.log;
    const fields: Record<string, LogFields[string]> = { namespace: `kafkajs.${named(entry.namespace) ?? 'client'}` };
    for (const name of NAMES) {
      const value = named(entry.log[name]);
      if (value !== null) fields[name] = value;
    }
    for (const name of NUMBERS) {
      const value = entry.log[name];
      if (typeof value === 'number') fields[name] = value;
    }
    const type = errorType(error) ?? errorType(message);
    if (type !== null) fields['errorType'] = type;
    writerOf(log, isEcho(entry) ? DEBUG : entry.level)(fields, fixedPart(message));
  };

/**
 * kafkajs logs as an error every error code that a broker answers, also those it tries again after (each send right after
 * a commit may meet CONCURRENT_TRANSACTIONS, each new group GROUP_LOAD_IN_PROGRESS), and every connection that it does not
 * get, several times a second for as long as an outage lasts. Whoever asked says what came of it, once.
 */
const isEcho = ({ namespace, log: { message } }: Entry): boolean =>
  namespace === 'BrokerPool' || (typeof message === 'string' && ECHOES[namespace]?.test(message) === true);

const ECHOES: Readonly<Record<string, RegExp>> = Object.assign(Object.create(null), {
  Connection: /^(?:Response |Connection )/,
  Producer: /^Failed to send messages/,
  Consumer: /^Crash/,
});

const writerOf = (log: Log, level: number): Log['info'] => {
  if (level === ERROR) return (fields, message) => log.error(fields, message);
  if (level === WARN) return (fields, message) => log.warn(fields, message);
  if (level === INFO) return (fields, message) => log.info(fields, message);
  return (fields, message) => log.debug(fields, message);
};

const named = (value: unknown): string | null => (typeof value === 'string' && PLAIN_NAME.test(value) ? value : null);

const fixedPart = (message: unknown): string => {
  const start = typeof message === 'string' ? (message.split(':', 1)[0] ?? '').replace(/[0-9]+/g, '#') : '';
  return PLAIN_MESSAGE.test(start) ? start : 'kafkajs';
};

const errorType = (value: unknown): string | null => {
  if (typeof value === 'string') return ERROR_TYPE.exec(value)?.[0] ?? null;
  if (!(value instanceof Error)) return null;
  const { type, code } = value as { type?: unknown; code?: unknown };
  for (const each of [type, code, value.name]) {
    if (typeof each === 'string' && /^[A-Za-z_]{1,60}$/.test(each)) return each;
  }
  return null;
};

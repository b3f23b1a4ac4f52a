import { type DestinationStream, pino, stdTimeFunctions } from 'pino';
import type { Log } from '../../core/log.ts';

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/**
 * JSON lines on stderr: stdout belongs to machine output. `level` is LETHE_LOG_LEVEL; an unknown or absent one is
 * `info`, because a misspelt level must not keep a worker from running.
 *
 * The core's `Log` takes codes, names and coordinates only; errors are logged by code, never as objects, since their
 * text and stack may quote data.
 */
export const makeLog = (level: string | undefined, destination: DestinationStream = pino.destination(2)): Log => {
  const wanted = level?.trim().toLowerCase();
  const known = LEVELS.find((each) => each === wanted);
  const logger = pino(
    {
      level: known ?? 'info',
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  if (wanted !== undefined && wanted !== '' && known === undefined) {
    logger.warn({ setting: 'LETHE_LOG_LEVEL' }, `LETHE_LOG_LEVEL is none of ${LEVELS.join(', ')}: using info`);
  }
  return logger;
};

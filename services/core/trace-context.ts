/** W3C Trace Context (https://www.w3.org/TR/trace-context/): who asked for a piece of work, as records carry it. */
import { headerValues } from './apply/header-values.ts';

/** The name of the header, as producers write it; Kafka's header names are case-sensitive. */
export const TRACEPARENT = 'traceparent';

/** The context of a span somewhere else. */
export type TraceContext = {
  /** 32 hexadecimal digits in lower case, not all zero. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  readonly sampled: boolean;
};

const LENGTH = 55;
const VERSION_00 = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;
const SAMPLED = 1;

/**
 * Reads a `traceparent` of version 00, to the letter: what comes with a record is anybody's text. Null for anything
 * else; later versions too, whose ends nobody knows yet.
 */
export function parseTraceparent(text: string): TraceContext | null {
  const [, traceId, spanId, flags] = VERSION_00.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/**
 * The context that a record carries, or null. Several of them are none (W3C, 3.2.1: the header occurs once). The
 * headers `tracestate` and `baggage` are never looked at: they hold whatever upstream pleases.
 *
 * @param headers as the client library decoded them.
 */
export function traceContextOf(headers: unknown): TraceContext | null {
  const [value, second] = headerValues(headers, TRACEPARENT);
  if (value === undefined || second !== undefined || value.length !== LENGTH) return null;
  return parseTraceparent(String.fromCharCode(...value));
}

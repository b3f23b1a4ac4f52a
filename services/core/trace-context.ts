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

const SAMPLED = 1;

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/**
 * The context that a record carries in `traceparent`, version 00, to the letter: it is anybody's text. Null for anything
 * else: later versions, whose ends nobody knows yet, and several of them (W3C, 3.2.1: the header occurs once). The
 * headers `tracestate` and `baggage` are never looked at: they hold whatever upstream pleases.
 *
 * @param headers as the client library decoded them.
 */
export function traceContextOf(headers: unknown): TraceContext | null {
  const value = contextBytes(headers);
  if (value === null) return null;
  const text = String.fromCharCode(...value);
  const flags = Number.parseInt(text.slice(FLAGS), 16);
  return {
    traceId: text.slice(TRACE_ID, TRACE_ID_END),
    spanId: text.slice(SPAN_ID, SPAN_ID_END),
    sampled: (flags & SAMPLED) !== 0,
  };
}

/** Whether `traceContextOf` would give one; costs next to nothing. */
export const hasTraceContext = (headers: unknown): boolean => contextBytes(headers) !== null;

// 00-TRACE_ID-SPAN_ID-FLAGS
const [TRACE_ID, TRACE_ID_END] = [3, 35];
const [SPAN_ID, SPAN_ID_END] = [36, 52];
const [FLAGS, LENGTH] = [53, 55];
const [ZERO, NINE, A, F, DASH] = [0x30, 0x39, 0x61, 0x66, 0x2d];

/** Byte by byte: it is done for each record, where regular expressions are slow. */
function contextBytes(headers: unknown): Uint8Array | null {
  const [value, second] = headerValues(headers, TRACEPARENT);
  if (value === undefined || second !== undefined || value.length !== LENGTH) return null;
  const good =
    value[0] === ZERO &&
    value[1] === ZERO &&
    value[TRACE_ID - 1] === DASH &&
    isId(value, TRACE_ID, TRACE_ID_END) &&
    value[TRACE_ID_END] === DASH &&
    isId(value, SPAN_ID, SPAN_ID_END) &&
    value[SPAN_ID_END] === DASH &&
    isDigit(value[FLAGS]!) &&
    isDigit(value[FLAGS + 1]!);
  return good ? value : null;
}

/** Digits, not all of them zero. */
function isId(bytes: Uint8Array, from: number, to: number): boolean {
  let zeros = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (!isDigit(byte)) return false;
    if (byte === ZERO) zeros++;
  }
  return zeros < to - from;
}

const isDigit = (byte: number): boolean => (byte >= ZERO && byte <= NINE) || (byte >= A && byte <= F);

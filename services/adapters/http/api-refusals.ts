/** What the API server refuses by itself, as problem documents. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type Answer, problem, type ProblemName, problemOfStatus } from '../../core/api/problem.ts';
import { LetheError } from '../../core/errors.ts';

/** Thrown by hooks, where fastify takes no answer. */
export class Refused extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super('refused');
    this.answer = answer;
  }
}

const DETAILS: Partial<Readonly<Record<ProblemName, string>>> = {
  malformed: 'The request is not HTTP that can be read, or its body is no JSON text in UTF-8 that names each key once.',
  timeout: 'Send the request in one go.',
  too_large: 'Send less at once.',
  unsupported_media_type: 'Send application/json.',
  headers_too_large: 'Send fewer or shorter headers.',
  not_found: 'See /v1/openapi.json for what is here.',
};

/** The answer for whatever was thrown. Nothing of a message is repeated: libraries quote what they could not read. */
export function answerOf(error: unknown): Answer {
  if (error instanceof Refused) return error.answer;
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  const away = error instanceof LetheError && error.retryable;
  if (away || status === 503) {
    const who = away && error.dependency !== null ? `The dependency ${error.dependency}` : 'A dependency';
    return problem('unavailable', `${who} does not answer. Try again: doing it twice does no harm.`, {
      headers: { 'retry-after': '1' },
    });
  }
  const fromLibrary = typeof status === 'number' && status >= 400 && status < 500;
  const name = problemOfStatus(fromLibrary ? status : 500);
  return problem(name, DETAILS[name] ?? 'The log tells more, under the request id.');
}

/** Answers what was no HTTP request, or not all of one, and hangs up. */
export function refuseConnection(error: { readonly code?: string }, socket: Socket, requestId: string): number {
  const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ''] ?? 400;
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return 0;
  }
  const { body } = answerOf({ statusCode: status });
  const text = JSON.stringify({ ...(body as object), instance: requestId });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(text)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
  return status;
}

/** What the API answers where it does not do what was asked: problem documents (RFC 9457). */

/** By name: the status, and a title that is the same each time. The name is the end of the document's `type`. */
export const PROBLEMS = {
  malformed: { status: 400, title: 'The request cannot be read' },
  unauthorized: { status: 401, title: 'A token is needed' },
  insufficient_scope: { status: 403, title: 'The token does not allow this' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  timeout: { status: 408, title: 'The request took too long to arrive' },
  conflict: { status: 409, title: 'The request conflicts with another' },
  too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  invalid: { status: 422, title: 'The request is not valid' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used for another request' },
  unknown_purpose: { status: 422, title: 'A purpose is not known' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something went wrong here' },
  unavailable: { status: 503, title: 'Something that is needed does not answer' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly title: string }>>;

export type ProblemName = keyof typeof PROBLEMS;

/** One thing that is wrong with a request. */
export type Violation = {
  /** JSON Pointer (RFC 6901) into the body, or into the query as an object. */
  readonly pointer: string;
  /** What is asked for there. Never holds anything from the request. */
  readonly detail: string;
};

/** What a handler answers. A problem is made with `problem`. */
export type Answer = {
  readonly status: number;
  /** Sent as JSON; text is sent as it is. */
  readonly body: object | string;
  /** Default `application/json`; of problems `application/problem+json`. */
  readonly contentType?: string;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
};

export type ProblemMore = {
  readonly errors?: readonly Violation[];
  readonly headers?: Readonly<Record<string, string>>;
};

/** @param detail a sentence that holds nothing from the request. */
export function problem(name: ProblemName, detail: string, { errors, headers }: ProblemMore = {}): Answer {
  const { status, title } = PROBLEMS[name];
  return {
    status,
    contentType: 'application/problem+json',
    body: { type: `urn:lethe:problem:${name}`, title, status, detail, ...(errors === undefined ? {} : { errors }) },
    ...(headers === undefined ? {} : { headers }),
  };
}

/** The name of the problem that a status alone says, for what a library refuses. */
export function problemOfStatus(status: number): ProblemName {
  const names = Object.keys(PROBLEMS) as ProblemName[];
  const name = names.find((each) => PROBLEMS[each].status === status);
  return name ?? (status >= 400 && status < 500 ? 'malformed' : 'internal');
}

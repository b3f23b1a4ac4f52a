/** Requests on a terminal. */
import type { ShownRequest } from '../core/requests/show.ts';

/** One line each, the oldest first. */
export function requestLines(requests: readonly ShownRequest[]): string {
  if (requests.length === 0) return 'no requests\n';
  return requests.map((request) => `${requestLine(request)}\n`).join('');
}

/** A request with its steps. */
export function requestText(request: ShownRequest): string {
  const { steps, next_step: next, waiting_for: waiting } = request;
  const lines = [
    requestLine(request),
    `  regime    ${request.regime}`,
    `  received  ${request.received_time}`,
    `  due       ${request.expected_completion_time}${request.overdue ? '  OVERDUE' : ''}`,
    ...(request.completed_time === null ? [] : [`  ended     ${request.completed_time}`]),
    ...steps.map(({ step, at, result }) => `  done      ${at}  ${step}${result === null ? '' : `: ${result}`}`),
    ...(next === null ? [] : [`  next      ${next}${waiting === null ? '' : `: waits, ${waitingWords(waiting)}`}`]),
    ...request.callbacks.map(
      ({ host, request_status: status, state, reason }) =>
        `  callback  ${host}  ${status}: ${CALLBACK_WORDS[state]}${reason === null ? '' : `, ${reason}`}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

const CALLBACK_WORDS = { waiting: 'not told yet', delivered: 'told', given_up: 'GIVEN UP' } as const;

function requestLine(request: ShownRequest): string {
  const { subject_request_id: id, subject_request_type: type, request_status: status, waiting_for: waiting } = request;
  const due = status === 'completed' || status === 'cancelled' ? '' : `  due ${request.expected_completion_time}`;
  const late = request.overdue ? '  OVERDUE' : '';
  return `${id}  ${type}  ${status}${due}${late}${waiting === null ? '' : `  waits: ${waitingWords(waiting)}`}`;
}

function waitingWords(code: string): string {
  const purpose = code.split(':')[1];
  switch (code.split(':')[0]) {
    case 'view_behind':
      return 'the consent view has not heard of it yet; check that "lethe control" runs';
    case 'workers_behind':
      return 'workers have not passed the records that lay before them; check that they run and are not paused';
    case 'purpose_unknown':
      return `purpose ${purpose ?? ''} is younger than the request; create the request anew for the same subject`;
    case 'record_needed':
      return 'the corrected record, which is kept nowhere; give it: lethe request run ID --record FILE';
    default:
      return code;
  }
}

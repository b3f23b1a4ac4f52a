import { readFileSync } from 'node:fs';
import type { RequestEvent } from '../../core/requests/request.ts';
import { makeSingleObjectCodec, type SingleObjectProblem } from './codec.ts';

export type RequestEventCodec = {
  /** @throws LetheError `bug` where the event does not fit the schema; the message holds nothing of it. */
  readonly encode: (event: RequestEvent) => Uint8Array;
  readonly decode: (
    bytes: Uint8Array,
  ) =>
    | { readonly ok: true; readonly event: RequestEvent }
    | { readonly ok: false; readonly problem: SingleObjectProblem };
};

/** The values of `lethe.requests`: schemas/requests/event.avsc in Avro's single-object encoding; earlier versions are read. */
export function makeRequestEventCodec(): RequestEventCodec {
  const codec = makeSingleObjectCodec<RequestEvent>(schemaIn('event.avsc'), [schemaIn('event-1.avsc')]);
  return {
    encode: codec.encode,
    decode(bytes) {
      const result = codec.decode(bytes);
      return result.ok ? { ok: true, event: result.value } : result;
    },
  };
}

function schemaIn(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../schemas/requests/${file}`, import.meta.url), 'utf8'));
}

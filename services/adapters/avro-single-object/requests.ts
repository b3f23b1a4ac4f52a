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

/** The values of `lethe.requests`: schemas/requests/event.avsc in Avro's single-object encoding. */
export function makeRequestEventCodec(): RequestEventCodec {
  const schema: unknown = JSON.parse(
    readFileSync(new URL('../../../schemas/requests/event.avsc', import.meta.url), 'utf8'),
  );
  const codec = makeSingleObjectCodec<RequestEvent>(schema);
  return {
    encode: codec.encode,
    decode(bytes) {
      const result = codec.decode(bytes);
      return result.ok ? { ok: true, event: result.value } : result;
    },
  };
}

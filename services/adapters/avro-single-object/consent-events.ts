import { readFileSync } from 'node:fs';
import type { ConsentLogEntry } from '../../core/ports.ts';
import { makeSingleObjectCodec, type SingleObjectProblem } from './codec.ts';

type Stored = ConsentLogEntry['event'] & { readonly token: string };

export type ConsentEventCodec = {
  /** @throws LetheError `bug` where the entry does not fit the schema; the message holds nothing of it. */
  readonly encode: (entry: ConsentLogEntry) => Uint8Array;
  readonly decode: (
    bytes: Uint8Array,
  ) =>
    | { readonly ok: true; readonly entry: ConsentLogEntry }
    | { readonly ok: false; readonly problem: SingleObjectProblem };
};

/** The values of `lethe.consent-events`: schemas/consent/event.avsc in Avro's single-object encoding. */
export function makeConsentEventCodec(): ConsentEventCodec {
  const schema: unknown = JSON.parse(
    readFileSync(new URL('../../../schemas/consent/event.avsc', import.meta.url), 'utf8'),
  );
  const codec = makeSingleObjectCodec<Stored>(schema);
  return {
    encode: ({ token, event }) => codec.encode({ token, ...event }),
    decode(bytes) {
      const result = codec.decode(bytes);
      if (!result.ok) return result;
      const { token, purpose, decision, at, region, recipients, method, notice, source, expires } = result.value;
      return {
        ok: true,
        entry: { token, event: { purpose, decision, at, region, recipients, method, notice, source, expires } },
      };
    },
  };
}

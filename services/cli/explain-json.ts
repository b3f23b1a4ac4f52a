/** An explanation as JSON, one object a line. */
import type { AuditSegment } from '../core/audit/segment.ts';
import type { FieldExplanation, Literal, ShownValue } from '../core/explain/explanation.ts';
import type { ShownExplanation } from './explain.ts';

/** ECMAScript's JSON.rawJSON: a number keeps the digits it was written with. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/**
 * One line, without the line feed. Values stand in it as they are in the record; `after` is left out where nothing of a
 * value was published, and `before` where there is none to show (an object or array).
 */
export function explanationLine({ explanation, audited, ...origin }: ShownExplanation): string {
  const { outputs, deadLetter, rawKey, ...rest } = explanation;
  return JSON.stringify({
    ...origin,
    audited: audited === null ? null : { ...audited, segment: segmentHead(audited.segment) },
    ...rest,
    rawKey: rawKey === null ? null : raw(rawKey),
    deadLetter:
      deadLetter === null
        ? null
        : {
            ...deadLetter,
            values: {
              ...deadLetter.values,
              shown: deadLetter.values.shown.map(({ before, ...place }) => ({ ...place, ...present({ before }) })),
            },
          },
    outputs: outputs.map(({ fields, headers, ...output }) => ({
      ...output,
      fields: fields.map(fieldJson),
      headers: headers.map(fieldJson),
    })),
  });
}

/** Which segment it is; what it says of other records is not asked for. */
function segmentHead(segment: AuditSegment | null): object | null {
  if (segment === null) return null;
  const { topic, partition, firstOffset, lastOffset, bundle, decidedAt, hash } = segment;
  return { topic, partition, firstOffset, lastOffset, bundle, decidedAt: new Date(decidedAt).toISOString(), hash };
}

function fieldJson({ values, ...field }: FieldExplanation): object {
  return { ...field, values: { ...values, shown: values.shown.map(valueJson) } };
}

function valueJson({ path, before, after, ...rest }: ShownValue): object {
  return { path, ...present({ before, after }), ...rest };
}

function present(values: Readonly<Record<string, Literal>>): object {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, literal]) => (literal === null ? [] : [[name, raw(literal)]])),
  );
}

/** JSON.rawJSON takes scalars alone, which is all there are. */
function raw(literal: string): unknown {
  return rawJSON(literal);
}

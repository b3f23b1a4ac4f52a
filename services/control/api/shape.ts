/** Shapes of requests, written with zod. What they refuse is said in words of ours: zod's can repeat the value. */
import { z } from 'zod';
import type { JsonSchema, Shape } from '../../core/api/route.ts';
import type { Violation } from '../../core/api/problem.ts';

const MAX_ERRORS = 50;

/** A shape whose JSON Schema is made from the very schema that reads. */
export function shape<T>(schema: z.ZodType<T>): Shape<T> {
  return {
    jsonSchema: jsonSchemaOf(schema),
    read: (value) => {
      let result: z.ZodSafeParseResult<T>;
      try {
        result = schema.safeParse(value);
      } catch {
        // zod 4.6.7 compares the `length` of whatever stands where text should, and an object's may be no number.
        return { ok: false, errors: [{ pointer: '', detail: 'has an object where text is asked for' }] };
      }
      if (result.success) return { ok: true, value: result.data };
      return { ok: false, errors: result.error.issues.slice(0, MAX_ERRORS).map(violation) };
    },
  };
}

/** What goes in, as OpenAPI 3.1 says it. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

/**
 * Text without control characters and lone surrogates, which no two systems treat alike: as written, or not at all.
 *
 * @param max UTF-16 code units.
 */
export function plainText(max: number) {
  return z.string().min(1).max(max).refine(isPlain, 'must be text without control characters and lone surrogates');
}

function isPlain(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}

/** Paths go through properties of the schema and places in arrays: the shapes have no free keys. */
function violation(issue: z.core.$ZodIssue): Violation {
  const pointer = issue.path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return { pointer, detail: wanted(issue) };
}

function wanted(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${issue.expected}`;
    case 'too_small':
      return `must have at least ${String(issue.minimum)} (${issue.origin})`;
    case 'too_big':
      return `must have at most ${String(issue.maximum)} (${issue.origin})`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return `must match ${issue.pattern ?? issue.format}`;
    case 'unrecognized_keys':
      return 'has a property that is not known';
    case 'custom':
      return issue.message;
    default:
      return 'is not valid';
  }
}

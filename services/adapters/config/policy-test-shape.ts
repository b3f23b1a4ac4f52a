/** The shape of policies/NAME.test.yaml (DESIGN section 4, "Policy tests"). */
import { z } from 'zod';
import { CONSENT_DECISIONS } from '../../core/consent-event.ts';
import { DEAD_LETTER_CODES, WITHHELD_REASONS } from '../../core/outcome.ts';

const text = z.string().min(1);

const instant = z
  .string()
  .regex(
    /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[-+]\d\d:\d\d)$/,
    'a time like `2026-01-05T10:00:00Z` (RFC 3339, with a zone)',
  )
  .meta({ description: 'A time like 2026-01-05T10:00:00Z (RFC 3339, with a zone).' });

const consentEvent = z.strictObject({
  purpose: text.meta({ description: 'A purpose, or `*` for all.' }),
  decision: z.enum(CONSENT_DECISIONS),
  at: instant,
  region: text.nullable().exactOptional(),
  recipients: z.array(text).nullable().exactOptional(),
  method: text.nullable().exactOptional().meta({ description: '`explicit`, `implicit`, `gpc`, …' }),
  notice: text.nullable().exactOptional(),
  source: text.nullable().exactOptional(),
  expires: instant.nullable().exactOptional(),
});

const headers = z.record(text, z.union([z.string(), z.array(z.string())]));

const output = z
  .strictObject({
    value: z.unknown().optional().meta({
      description: 'What is published, all of it. "<pseudonym>" stands for any pseudonym.',
    }),
    withheld: z.enum(WITHHELD_REASONS).exactOptional().meta({ description: 'Why nothing is published.' }),
    key: z.string().nullable().exactOptional().meta({ description: 'The record key; not looked at where left out.' }),
    headers: headers.exactOptional().meta({ description: 'Every header that is published.' }),
  })
  .meta({ oneOf: [{ required: ['value'] }, { required: ['withheld'] }] });

export const policyTestsShape = z
  .strictObject({
    tests: z.array(
      z
        .strictObject({
          name: text,
          now: instant.exactOptional(),
          timestamp: instant.exactOptional(),
          consent: z.array(consentEvent).exactOptional().meta({
            description: 'What the subject said: events as in a consents file, without `subject`.',
          }),
          input: z.unknown().optional().meta({
            description: 'The raw value: a mapping, or its JSON as text. Null is a tombstone.',
          }),
          key: text.exactOptional().meta({ description: 'The raw key of a tombstone.' }),
          headers: headers.exactOptional().meta({ description: 'Headers of the raw record.' }),
          expect: z
            .strictObject({
              outputs: z.record(text, output).exactOptional().meta({
                description: 'By topic. An output that is not named must publish nothing.',
              }),
              dead_letter: z.enum(DEAD_LETTER_CODES).exactOptional(),
            })
            .meta({ oneOf: [{ required: ['outputs'] }, { required: ['dead_letter'] }] }),
        })
        .meta({ required: ['name', 'input', 'expect'] }),
    ),
  })
  .meta({ title: 'Lethe policy tests' });

export type PolicyTestsDocument = z.infer<typeof policyTestsShape>;

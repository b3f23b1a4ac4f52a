/**
 * Consent events as the API takes them: what a line of a consents file may hold (core/consent-file.ts), and narrower
 * where a person would not see what a machine sent.
 */
import { z } from 'zod';
import { parseInstant } from '../../core/apply/time.ts';
import { CONSENT_DECISIONS } from '../../core/consent-event.ts';
import type { UnplacedConsentEvent } from '../../core/consent-file.ts';
import { ASKING_BASES } from '../../core/decide/intervals.ts';
import { WITHHELD_REASONS } from '../../core/outcome.ts';
import { jsonSchemaOf, plainText } from './shape.ts';

const MAX_EVENTS = 100;
const MAX_BATCH = 1_000;
const MAX_RECIPIENTS = 100;
const MAX_SUBJECT = 1_024;
const MAX_NAME = 200;

const time = (description: string) =>
  z
    .string()
    .max(40)
    .meta({ format: 'date-time', description })
    .transform((text, context) => {
      const at = parseInstant(text);
      if (at !== null) return at;
      context.addIssue({ code: 'custom', message: 'must be a time like 2026-01-05T10:00:00Z (RFC 3339, with a zone)' });
      return z.NEVER;
    });

/** Text alone: what became of a whole number beyond 2^53 on its way, nobody can tell. */
export const subjectShape = plainText(MAX_SUBJECT).meta({
  description: 'The id of the subject as records hold it; a whole number as its decimal text.',
});

export const purposeShape = plainText(MAX_NAME).meta({ description: 'The name of a purpose, or `*` for all.' });

const regionShape = z
  .string()
  .regex(/^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$/)
  .meta({ description: 'ISO 3166 code of the region that the subject is in, such as `DE` or `US-CA`.' });

const eventFields = {
  purpose: purposeShape,
  decision: z.enum(CONSENT_DECISIONS),
  at: time('When it takes effect; may lie in the future. Default: when the request is accepted.').exactOptional(),
  region: regionShape.nullable().exactOptional(),
  recipients: z
    .array(plainText(MAX_NAME))
    .max(MAX_RECIPIENTS)
    .exactOptional()
    .meta({ description: 'Third parties that a grant names.' }),
  method: z
    .string()
    .regex(/^[a-z][a-z0-9_.-]{0,63}$/)
    .nullable()
    .exactOptional()
    .meta({ description: '`explicit`, `implicit`, `gpc`, …' }),
  notice: plainText(MAX_NAME).nullable().exactOptional().meta({ description: 'The version of the notice shown.' }),
  source: plainText(MAX_NAME).nullable().exactOptional().meta({ description: 'Where it was said.' }),
  expires: time('When a grant ends.').nullable().exactOptional(),
};

const endsAfterStart = (event: { at?: number; expires?: number | null }): boolean =>
  typeof event.expires !== 'number' || event.at === undefined || event.expires > event.at;
const LATE = { message: 'must be later than "at"', path: ['expires'] };

const eventShape = z.strictObject(eventFields).refine(endsAfterStart, LATE);
export type AskedEvent = z.infer<typeof eventShape>;

export const putShape = z.strictObject({
  subject: subjectShape,
  events: z.array(eventShape).min(1).max(MAX_EVENTS),
});

export const batchShape = z.strictObject({
  events: z
    .array(z.strictObject({ subject: subjectShape, ...eventFields }).refine(endsAfterStart, LATE))
    .min(1)
    .max(MAX_BATCH),
});

export const gpcShape = z.strictObject({
  subject: subjectShape,
  gpc: z.literal(true).exactOptional().meta({ description: 'In place of the header `Sec-GPC: 1`.' }),
  at: eventFields.at,
  region: eventFields.region,
  source: eventFields.source,
});

export const waitShape = z.strictObject({
  wait: z
    .enum(['effective'])
    .exactOptional()
    .meta({ description: '`effective`: answer once workers see it, which the status 200 says.' }),
});

/** @param now what `at` is where it is not given, epoch milliseconds. */
export function eventOf(asked: AskedEvent, now: number): UnplacedConsentEvent {
  const { purpose, decision, at, region, recipients, method, notice, source, expires } = asked;
  return {
    purpose,
    decision,
    at: at ?? now,
    region: region ?? null,
    recipients: recipients ?? [],
    method: method ?? null,
    notice: notice ?? null,
    source: source ?? null,
    expires: expires ?? null,
  };
}

const instant = z.iso.datetime({ precision: 3 });
const shownFields = {
  at: instant,
  version: z.int().min(0).meta({ description: 'Its offset in the subject’s partition of the feed.' }),
  region: z.string().nullable(),
  recipients: z.array(z.string()),
  method: z.string().nullable(),
  notice: z.string().nullable(),
  source: z.string().nullable(),
  expires: instant.nullable(),
};
const shownEvent = z.strictObject({ purpose: z.string(), decision: z.enum(CONSENT_DECISIONS), ...shownFields });

const stateFields = {
  now: instant,
  viewOf: instant.nullable().meta({ description: 'How far the view was brought; null where no projector ever ran.' }),
  erased: z.boolean().meta({ description: 'Withheld everywhere but for legal obligations.' }),
  region: z.string().nullable(),
};

export const STATE_SCHEMA = jsonSchemaOf(
  z.strictObject({
    ...stateFields,
    purposes: z
      .record(
        z.string(),
        z.strictObject({
          decision: z.enum(CONSENT_DECISIONS).nullable().meta({ description: 'Null where nothing counts yet.' }),
          expired: z.boolean(),
          ...z.strictObject(shownFields).partial().shape,
        }),
      )
      .meta({ description: 'By purpose, for each that an event names, `*` among them.' }),
  }),
);

const said = z.enum(['allowed', ...WITHHELD_REASONS]);
const interval = z.strictObject({
  from: instant.nullable().meta({ description: 'Inclusive; null: from the beginning.' }),
  until: instant.nullable().meta({ description: 'Exclusive; null: to the end.' }),
  decision: z.enum(CONSENT_DECISIONS).nullable().meta({ description: 'Null where nothing was said that counts.' }),
  expired: z.boolean(),
  erased: z.boolean(),
  bases: z
    .strictObject(Object.fromEntries(ASKING_BASES.map((basis) => [basis, said])))
    .meta({ description: 'By legal basis: `allowed`, or why not. Recipients are not asked about: they are listed.' }),
  version: shownFields.version.nullable(),
  region: z.string().nullable(),
  method: z.string().nullable(),
  notice: z.string().nullable(),
  recipients: z.array(z.string()),
});

export const HISTORY_SCHEMA = jsonSchemaOf(
  z.strictObject({
    now: instant,
    viewOf: stateFields.viewOf,
    intervals: z
      .record(z.string(), z.array(interval))
      .meta({ description: 'By purpose, oldest first: what was in force when, with all that is known now.' }),
    events: z.array(shownEvent).meta({ description: 'In the order in which they count; those of the future too.' }),
  }),
);

export const ACCEPTED_SCHEMA = jsonSchemaOf(
  z.strictObject({
    accepted_at: instant,
    effective: z.boolean().meta({ description: 'Workers see it. False: they will within moments; nobody waited.' }),
    receipts: z
      .array(z.strictObject({ id: z.string(), href: z.string() }))
      .meta({ description: 'One for each event, in the order of the request.' }),
  }),
);

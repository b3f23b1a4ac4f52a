/**
 * The shape of each configuration file. From here come the checks, the types they must agree with, and the JSON Schemas
 * for editors (schemas/config). What names and paths mean is checked when the bundle is compiled.
 */
import { z } from 'zod';
import type {
  GuardsDocument,
  PolicyDocument,
  PurposesDocument,
  RegimesDocument,
  TaxonomyDocument,
} from '../../core/policy/document.ts';

const text = z.string().min(1);

/** A name that ends up in metrics, keys and messages. */
const name = text.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'a name of letters, digits, `.`, `_` and `-`');

/** Kafka's own rule for topic names. */
const topic = z
  .string()
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/, 'a Kafka topic: up to 249 letters, digits, `.`, `_` and `-`')
  .meta({ description: 'A Kafka topic.' });

const category = text.meta({ description: 'A category of taxonomy.yaml.' });

const path = text.meta({
  description:
    'A path: dots between keys, `[]` for each element of an array, `*` for each value of a map, `a\\.b` for a key with a dot.',
});

const duration = z
  .string()
  .regex(/^P(?=\d|T\d)(\d+D)?(T\d+H)?$/, 'an ISO 8601 duration of days and hours, such as `P30D` or `PT12H`')
  .meta({ description: 'An ISO 8601 duration of days and hours, such as P30D or PT12H.' });

const region = z
  .string()
  .regex(/^[A-Z]{2,3}(-[A-Z0-9]{1,3})?$/, 'an ISO 3166 code in capitals, such as `DE` or `US-CA`')
  .meta({ description: 'An ISO 3166 code in capitals, such as DE or US-CA.' });

const basis = z.enum(['consent', 'opt_out', 'legitimate_interest', 'contract', 'legal_obligation']).meta({
  description: 'What makes the purpose lawful under the regime.',
});

export const taxonomyShape = z
  .strictObject({
    categories: z
      .record(
        text,
        z.strictObject({
          sensitive: z.boolean().exactOptional().meta({
            description: 'GDPR Art. 9 and the like: consent for it must be explicit.',
          }),
          quasi_identifier: z.boolean().exactOptional().meta({ description: 'Counts toward re-identification.' }),
        }),
      )
      .meta({ description: 'Dotted names; each inherits from its parent. `user` and all under it is personal.' }),
  })
  .meta({ title: 'Lethe taxonomy' }) satisfies z.ZodType<TaxonomyDocument>;

export const purposesShape = z
  .strictObject({
    purposes: z.record(
      name,
      z.strictObject({
        recipient: name.exactOptional().meta({ description: 'A named third party: the consent must name it.' }),
        description: text
          .exactOptional()
          .meta({ description: 'What the purpose is, in words; shown, decides nothing.' }),
        readers: z.array(text).min(1).exactOptional().meta({
          description: 'Who may read its outputs: teams, roles. Shown; access itself is a matter of Kafka.',
        }),
        basis: z.record(name, basis).meta({ description: 'Legal basis by regime, and `default` for every other.' }),
        retention: z.record(text, duration).meta({
          description: 'Maximum age since the event time: `default`, and closer limits by category.',
        }),
        published: duration.exactOptional().meta({
          description:
            'Of the retention, how long a value may lie in an output topic: records are published while younger than the rest, and `lethe topics` makes Kafka delete them in time.',
        }),
      }),
    ),
  })
  .meta({ title: 'Lethe purposes' }) satisfies z.ZodType<PurposesDocument>;

export const regimesShape = z
  .strictObject({
    regimes: z.record(name, z.array(region)).meta({ description: 'Regions by regime, exact codes.' }),
    default: name.meta({ description: 'The regime of unknown and unlisted regions: the strictest.' }),
  })
  .meta({ title: 'Lethe regimes' }) satisfies z.ZodType<RegimesDocument>;

const purposes = text
  .regex(/^[A-Za-z0-9*][A-Za-z0-9._*-]*$/, 'the name of a purpose, or a pattern such as `partner.*`')
  .meta({ description: 'A purpose of purposes.yaml, or a pattern: `*` stands for any characters, dots too.' });
const form = z.enum([
  'keep',
  'drop',
  'nullify',
  'redact',
  'mask',
  'pseudonymize',
  'truncate_ip',
  'generalize',
  'encrypt',
]);
const oneOrMore = <T extends z.ZodType>(shape: T) => z.union([shape, z.array(shape).min(1)]);

export const guardsShape = z
  .strictObject({
    guards: z.array(
      z
        .strictObject({
          category: category.meta({ description: 'A category of taxonomy.yaml; all under it is meant too.' }),
          never_in: oneOrMore(purposes).exactOptional().meta({
            description: 'Purposes whose outputs never get such values, in no form and not as a record key.',
          }),
          only_as: oneOrMore(form).exactOptional().meta({
            description: 'The forms in which such values may leave; dropping them is always allowed.',
          }),
          in: oneOrMore(purposes).exactOptional().meta({
            description: 'Purposes that `only_as` is about; left out: every one.',
          }),
          name: text.exactOptional().meta({ description: 'What findings call the guard.' }),
          why: text.exactOptional().meta({ description: 'The reason, shown in findings.' }),
        })
        .meta({ oneOf: [{ required: ['never_in'] }, { required: ['only_as'] }] }),
    ),
  })
  .meta({
    title: 'Lethe guards',
    description: 'What must never be, whatever policies say. A broken guard fails lint, push and run.',
  }) satisfies z.ZodType<GuardsDocument>;

const select = text.meta({ description: 'A category, or a path declared under `fields`.' });
const bits = (most: number) => z.int().min(0).max(most).meta({ description: 'Leading bits that are kept.' });

const rule = z.discriminatedUnion('action', [
  z.strictObject({ select, action: z.enum(['keep', 'drop', 'nullify', 'encrypt']) }),
  z.strictObject({
    select,
    action: z.literal('redact'),
    with: z.union([z.string(), z.number(), z.boolean()]).exactOptional().meta({ description: 'Default [redacted].' }),
  }),
  z.strictObject({
    select,
    action: z.literal('mask'),
    mask: z.union([
      z.enum(['email', 'phone', 'card']),
      z.strictObject({
        first: z.int().min(0).exactOptional(),
        last: z.int().min(0).exactOptional(),
        char: text.exactOptional(),
      }),
    ]),
  }),
  z.strictObject({
    select,
    action: z.literal('pseudonymize'),
    domain: name.exactOptional().meta({ description: 'Default: the purpose. Other domain, unlinkable.' }),
  }),
  z.strictObject({ select, action: z.literal('truncate_ip'), ipv4: bits(32), ipv6: bits(128) }),
  z.strictObject({
    select,
    action: z.literal('generalize'),
    to: z.enum(['year', 'month', 'day', 'hour']).exactOptional(),
    step: z.number().positive().exactOptional(),
    decimals: z.int().min(0).max(20).exactOptional(),
    bands: z.array(z.number()).min(1).exactOptional(),
  }),
]);

export const policyShape = z
  .strictObject({
    route: name,
    from: z.strictObject({
      topic,
      format: z.enum(['json', 'avro']),
      schema: text.exactOptional().meta({
        description: 'An Avro schema file, relative to the policy, for commands that run without a registry.',
      }),
    }),
    subject: path.meta({ description: 'The path of the subject id.' }),
    time: path.exactOptional().meta({ description: 'The path of the event time; default the Kafka timestamp.' }),
    region: path.exactOptional().meta({ description: 'The path of the ISO 3166 region.' }),
    fields: z
      .record(text, category)
      .exactOptional()
      .meta({ description: 'Path to category; an undeclared field never leaves.' }),
    headers: z.record(text, category).exactOptional().meta({ description: 'Header name to category.' }),
    tags: z
      .record(text, category)
      .exactOptional()
      .meta({ description: '`confluent:tags` of Avro fields to category.' }),
    outputs: z
      .array(
        z.strictObject({
          topic,
          purpose: name.meta({ description: 'A purpose of purposes.yaml.' }),
          unconsented: z.enum(['withhold', 'strip']).exactOptional().meta({
            description: '`withhold` (default), or `strip`: publish only non-personal fields.',
          }),
          consent_at: z.enum(['decision', 'event_and_decision']).exactOptional().meta({
            description:
              'When consent must be in force: `decision` (default), or `event_and_decision`: also when the event happened.',
          }),
          key: text
            .exactOptional()
            .meta({ description: '`pseudonym` (default), `none`, or a path that a rule releases.' }),
          cleanup: z.enum(['delete', 'compact', 'compact,delete']).exactOptional().meta({
            description:
              '`cleanup.policy` of the topic: `delete` (default), or `compact` where it is keyed by the subject.',
          }),
          rules: z.array(rule),
        }),
      )
      .min(1),
  })
  .meta({ title: 'Lethe policy' }) satisfies z.ZodType<PolicyDocument>;

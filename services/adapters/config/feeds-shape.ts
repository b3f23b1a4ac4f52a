/** The feeds file as people write it. */
import { z } from 'zod';
import { CONSENT_DECISIONS } from '../../core/consent-event.ts';
import { parsePointer } from '../../core/feeds/pointer.ts';

const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;
const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;

const text = z.string().min(1).max(200);
const pointer = z
  .string()
  .refine((written) => parsePointer(written) !== null, 'must be a JSON Pointer such as /user/id');
const files = z.array(z.string().min(1)).min(1).max(8);
const secrets = { secret_files: files };
const header = z.string().regex(HEADER);

const auth = z.discriminatedUnion('scheme', [
  z.strictObject({ scheme: z.literal('standard_webhooks'), ...secrets }),
  z.strictObject({
    scheme: z.literal('hmac'),
    header,
    algorithm: z.enum(['sha1', 'sha256', 'sha512']),
    encoding: z.enum(['hex', 'base64']),
    prefix: z.string().max(64).exactOptional(),
    ...secrets,
  }),
  z.strictObject({
    scheme: z.literal('shared_header'),
    header,
    prefix: z.string().max(64).exactOptional(),
    ...secrets,
  }),
  z.strictObject({ scheme: z.literal('sombra_token'), public_key_files: files }),
  z.strictObject({ scheme: z.literal('api_token') }),
]);

const common = {
  auth,
  may_erase: z.boolean().exactOptional(),
  region: z
    .string()
    .regex(/^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$/)
    .exactOptional(),
  method: z
    .string()
    .regex(/^[a-z][a-z0-9_.-]{0,63}$/)
    .exactOptional(),
  notice: text.exactOptional(),
  source: text.exactOptional(),
};

const purposes = z.record(text, z.array(text).min(1).max(20));
const ignore = z.array(text).exactOptional();

const fields = z.strictObject({
  subject: pointer.exactOptional(),
  purpose: pointer.exactOptional(),
  decision: pointer.exactOptional(),
  at: pointer.exactOptional(),
  id: pointer.exactOptional(),
  region: pointer.exactOptional(),
  method: pointer.exactOptional(),
  notice: pointer.exactOptional(),
  recipients: pointer.exactOptional(),
  expires: pointer.exactOptional(),
});
const mapped = {
  ...common,
  items: pointer.nullable().exactOptional(),
  fields: fields.exactOptional(),
  ignore,
  decisions: z.record(text, z.enum(CONSENT_DECISIONS)).exactOptional(),
};

const feed = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('webhook'), ...mapped, purposes: purposes.exactOptional() }),
  z.strictObject({ kind: z.literal('onetrust'), ...mapped, purposes }),
  z.strictObject({ kind: z.literal('segment'), ...common, subject: pointer.exactOptional(), purposes, ignore }),
  z.strictObject({ kind: z.literal('transcend'), ...common, identifier: text.exactOptional(), purposes, ignore }),
  z.strictObject({
    kind: z.literal('tcf'),
    ...common,
    subject: pointer.exactOptional(),
    tc_string: pointer.exactOptional(),
    at: pointer.exactOptional(),
    purposes: z.record(text, z.array(z.int().min(1).max(24)).min(1)),
    vendors: z.record(z.string().regex(/^[1-9][0-9]{0,4}$/), text).exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('gpc'),
    ...common,
    subject: pointer.exactOptional(),
    at: pointer.exactOptional(),
    purposes: z.array(text).min(1).exactOptional(),
  }),
]);

export const feedsShape = z.strictObject({ feeds: z.record(z.string().regex(NAME), feed) });

export type WrittenFeed = z.infer<typeof feed>;
export type WrittenAuth = z.infer<typeof auth>;
export type WrittenFields = z.infer<typeof fields>;

import { SchemaRegistry as Client, SchemaType } from '@kafkajs/confluent-schema-registry';

import { LetheError } from '../../core/errors.ts';
import { agentOf, refusedLogin, request, unavailable } from './http.ts';
import type { RegistryAccess } from './http.ts';

type Options = NonNullable<Parameters<Client['register']>[1]>;

/**
 * Registers a schema under a subject, or finds it there, and returns its id. Throws `invalid_config` where the registry
 * refuses the schema, `unavailable` for the rest.
 */
export async function registerSchema(access: RegistryAccess, subject: string, schema: string): Promise<number> {
  const level = await compatibilityLevel(access, subject);
  // The client registers named types alone; a union has no name.
  if (Array.isArray(JSON.parse(schema))) return registerPlainly(access, subject, schema);
  const login = access.login();
  const agent = agentOf(access);
  const client = new Client({
    host: access.url,
    retry: { retries: 0 },
    ...(login === null ? {} : { auth: { username: login.user, password: login.password } }),
    ...(agent === null ? {} : { agent }),
  });
  // The client insists on knowing the subject's level, and would write its own into a subject that has none.
  const options = { subject, updateConfig: false, compatibility: level ?? 'NONE' } as Options;
  const timeout = AbortSignal.timeout(access.timeoutMs);
  const expired = new Promise<never>((_, reject) => {
    timeout.addEventListener('abort', () => reject(unavailable(access, `no answer in ${access.timeoutMs} ms`)));
  });
  try {
    const { id } = await Promise.race([client.register({ type: SchemaType.AVRO, schema }, options), expired]);
    // The client passes on whatever was answered.
    if (typeof (id as unknown) === 'number') return id;
    throw unavailable(access, 'answered a new schema without an id');
  } catch (error) {
    if (error instanceof LetheError) throw error;
    throw explained(access, subject, error);
  }
}

/**
 * The client's errors. A registry that cannot be reached looks like an answer of 400 to it
 * (kafkajs/confluent-schema-registry#306), so only what a registry says of a schema counts as refused.
 */
function explained(access: RegistryAccess, subject: string, error: unknown): LetheError {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (status === 409 || status === 422) return refused(access, subject, messageOf(error));
  if (status === 401 || status === 403) return refusedLogin(access, status);
  return unavailable(access, `could not register a schema for ${subject}`, error);
}

async function registerPlainly(access: RegistryAccess, subject: string, schema: string): Promise<number> {
  const path = `/subjects/${encodeURIComponent(subject)}/versions`;
  const { status, body } = await request(access, 'POST', path, { schema });
  if (status === 409 || status === 422) throw refused(access, subject, answerMessage(body));
  const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : undefined;
  if (status !== 200 || typeof id !== 'number') throw unavailable(access, `answered ${status} to a new schema`);
  return id;
}

function refused(access: RegistryAccess, subject: string, reasons: string): LetheError {
  return new LetheError('invalid_config', `Schema registry ${access.url} refuses a schema for ${subject}: ${reasons}`, {
    fix: `Change the policy, or the compatibility level of ${subject} in the registry.`,
  });
}

/** The level set for a subject itself; null where it has none. */
async function compatibilityLevel(access: RegistryAccess, subject: string): Promise<string | null> {
  const { status, body } = await request(access, 'GET', `/config/${encodeURIComponent(subject)}`);
  if (status !== 200 || typeof body !== 'object' || body === null) return null;
  const level = 'compatibilityLevel' in body ? body.compatibilityLevel : null;
  return typeof level === 'string' ? level.toUpperCase() : null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'no reason given';
}

/** What a registry says about a schema it does not take. */
export function answerMessage(body: unknown): string {
  if (typeof body !== 'object' || body === null) return 'no reason given';
  const { message, messages } = body as { readonly message?: unknown; readonly messages?: unknown };
  if (Array.isArray(messages) && messages.length > 0) return messages.map(String).join('; ');
  return typeof message === 'string' ? message : 'no reason given';
}

import type { RegisteredSchema, SchemaRegistry } from '../../core/ports.ts';
import { request, unavailable } from './http.ts';
import type { RegistryAccess, RegistryAnswer, RegistryTls, RequestResult } from './http.ts';
import { Recent } from './recent.ts';
import { answerMessage, registerSchema } from './registration.ts';
import { selfContained, storedSchema } from './self-contained.ts';

const TIMEOUT_MS = 5000;
const MAX_SCHEMAS = 1000;
/** How long an id that the registry did not know is taken for unknown (kafkajs/confluent-schema-registry#301). */
const MISSING_MS = 5000;
/** Versions asked for at once. */
const AT_ONCE = 8;

export type RegistryOptions = {
  /** Base URL of the Confluent API: `http://HOST:8081`, or Apicurio's with `/apis/ccompat/v7`. */
  readonly url: string;
  readonly user: string | null;
  readonly password: string | null;
  /** Asked at each request instead of `user` and `password`, where these may change. */
  readonly login?: () => { readonly user: string; readonly password: string };
  /** Certificates for https; without them those of the machine. */
  readonly tls?: RegistryTls;
  /** Of each request. */
  readonly timeoutMs?: number;
  readonly observe?: (result: RequestResult) => void;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
};

/**
 * The schema registry over Confluent's API. Registering goes through the kafkajs client; reading does not, for the
 * client builds types at once, of which neither tags nor the text can be had. Schemas never change under their id and
 * are remembered, bounded.
 */
export function makeRegistry(options: RegistryOptions): SchemaRegistry {
  const { user, password } = options;
  const fixed = user === null ? null : { user, password: password ?? '' };
  const access: RegistryAccess = {
    url: options.url.replace(/\/+$/, ''),
    login: options.login ?? (() => fixed),
    tls: options.tls ?? {},
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
  };
  const clock = options.clock ?? Date.now;
  const observe = options.observe ?? (() => undefined);
  const byId = new Recent<number, string>(MAX_SCHEMAS);
  const missing = new Recent<number, number>(MAX_SCHEMAS);
  const registered = new Recent<string, number>(MAX_SCHEMAS);

  const observed = async <T>(work: Promise<T>, resultOf: (answer: T) => RequestResult): Promise<T> => {
    try {
      const answer = await work;
      observe(resultOf(answer));
      return answer;
    } catch (error) {
      observe(isRefusal(error) ? 'refused' : 'error');
      throw error;
    }
  };
  const ask = (method: 'GET' | 'POST', path: string, body?: unknown): Promise<RegistryAnswer> =>
    observed(request(access, method, path, body), ({ status }) => (status === 404 ? 'not_found' : 'ok'));

  const version = async (subject: string, number: unknown): Promise<RegisteredSchema | null> => {
    const { status, body } = await ask('GET', `${versionsOf(subject)}/${String(number)}`);
    const stored = status === 200 ? storedSchema(body) : null;
    const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : null;
    if (stored === null || typeof id !== 'number') return null;
    const schema = byId.get(id) ?? (await selfContained(access, stored));
    if (schema === null) return null;
    byId.set(id, schema);
    return { id, schema };
  };

  return {
    schemaById: async (id) => {
      const known = byId.get(id);
      if (known !== undefined) return known;
      if ((missing.get(id) ?? 0) > clock()) return null;
      const { status, body } = await ask('GET', `/schemas/ids/${id}`);
      const stored = status === 200 ? storedSchema(body) : null;
      const schema = stored === null ? null : await selfContained(access, stored);
      if (schema === null) missing.set(id, clock() + MISSING_MS);
      else byId.set(id, schema);
      return schema;
    },

    versions: async (subject) => {
      const { status, body } = await ask('GET', versionsOf(subject));
      if (status === 404) return [];
      if (status !== 200 || !Array.isArray(body)) throw unavailable(access, `answered ${status} to a list of versions`);
      const numbers = [...(body as readonly unknown[])];
      const found: RegisteredSchema[] = [];
      for (let at = 0; at < numbers.length; at += AT_ONCE) {
        const some = await Promise.all(numbers.slice(at, at + AT_ONCE).map((number) => version(subject, number)));
        found.push(...some.filter((one) => one !== null));
      }
      return found;
    },

    incompatibility: async (subject, schema) => {
      const path = `/compatibility${versionsOf(subject)}/latest?verbose=true`;
      const { status, body } = await ask('POST', path, { schema });
      // A subject that is not there yet has nothing to be compatible with.
      if (status === 404) return null;
      if (status === 422) return answerMessage(body);
      const compatible =
        typeof body === 'object' && body !== null && 'is_compatible' in body ? body.is_compatible : null;
      if (status !== 200 || typeof compatible !== 'boolean') {
        throw unavailable(access, `answered ${status} to a question of compatibility`);
      }
      return compatible ? null : answerMessage(body);
    },

    register: async (subject, schema) => {
      const key = JSON.stringify([subject, schema]);
      const known = registered.get(key);
      if (known !== undefined) return known;
      const id = await observed(registerSchema(access, subject, schema), () => 'ok');
      registered.set(key, id);
      return id;
    },
  };
}

function versionsOf(subject: string): string {
  return `/subjects/${encodeURIComponent(subject)}/versions`;
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'invalid_config';
}

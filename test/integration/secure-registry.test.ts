/** A schema registry behind TLS, a client's certificate and basic auth. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSettings } from '../../services/adapters/config/settings.ts';
import { makeRegistry } from '../../services/adapters/registry/registry.ts';
import type { SchemaRegistry } from '../../services/core/ports.ts';
import { type Authority, type Certificate, makeAuthority } from '../stack/certificates.ts';
import { type SecureRegistry, startSecureRegistry } from '../stack/secure-registry.ts';
import { sharedStack } from '../stack/shared-stack.ts';

const dir = mkdtempSync(join(tmpdir(), 'lethe-secure-registry-'));
const SUBJECT = `secure-${process.pid}-${Date.now()}-value`;
const SCHEMA = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'a', type: 'string' }] });
let authority: Authority;
let other: Authority;
let own: Certificate;
let server: SecureRegistry;

const secret = (name: string, text: string): string => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};
function open(more: Record<string, string> = {}): SchemaRegistry {
  const env = {
    SCHEMA_REGISTRY_URL: server.url,
    SCHEMA_REGISTRY_USER: 'lethe',
    SCHEMA_REGISTRY_PASSWORD_FILE: secret('password', 'one'),
    SCHEMA_REGISTRY_CA: authority.ca,
    SCHEMA_REGISTRY_CERT: own.cert,
    SCHEMA_REGISTRY_KEY: own.key,
    ...more,
  };
  const read = readSettings({ env, needs: ['registry'] as const });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return makeRegistry({ ...read.settings.registry, timeoutMs: 3_000 });
}
const told = (registry: SchemaRegistry): Promise<string> =>
  registry.versions(SUBJECT).then(
    (versions) => `${versions.length} versions`,
    (error: Error & { fix?: string }) => `${error.message} ${error.fix}`,
  );

beforeAll(async () => {
  authority = await makeAuthority(join(dir, 'authority'));
  other = await makeAuthority(join(dir, 'other'));
  own = await authority.issue('lethe');
  const login = { user: 'lethe', password: 'one' };
  server = await startSecureRegistry(authority, sharedStack().registry, login, true);
});
afterAll(async () => {
  await server?.stop();
  rmSync(dir, { recursive: true });
});

it('registers and reads schemas', async () => {
  const registry = open();
  const id = await registry.register(SUBJECT, SCHEMA);
  expect(await open().schemaById(id)).toContain('"name":"R"');
  expect(await told(open())).toBe('1 versions');
});

describe('says what is wrong, and what to do', () => {
  it.each<[string, () => Record<string, string>, RegExp]>([
    ['a wrong password', () => ({ SCHEMA_REGISTRY_PASSWORD_FILE: secret('w', 'hunter2') }), /log-in \(401\).*PASSWORD/],
    ['no log-in', () => ({ SCHEMA_REGISTRY_USER: '', SCHEMA_REGISTRY_PASSWORD_FILE: '' }), /log-in \(401\).*PASSWORD/],
    ['no certificate', () => ({ SCHEMA_REGISTRY_CERT: '', SCHEMA_REGISTRY_KEY: '' }), /answered 400/],
    [
      'the wrong authority',
      () => ({ SCHEMA_REGISTRY_CA: other.ca }),
      /nobody that is trusted here.*SCHEMA_REGISTRY_CA/,
    ],
    [
      'the wrong name',
      () => ({ SCHEMA_REGISTRY_URL: server.url.replace('localhost', '127.0.0.1') }),
      /does not hold for that name.*SCHEMA_REGISTRY_URL/,
    ],
    [
      'TLS where plain text is spoken',
      () => ({ SCHEMA_REGISTRY_URL: sharedStack().registry.replace('http:', 'https:') }),
      /TLS handshake.*http:\/\//,
    ],
    [
      'a key of another certificate',
      () => ({ SCHEMA_REGISTRY_KEY: join(dir, 'authority', 'registry.key') }),
      /cannot be used.*SCHEMA_REGISTRY_KEY/,
    ],
  ])('%s', async (_, wrong, expected) => {
    const answer = await told(open(wrong()));
    expect(answer).toMatch(expected);
    expect(answer).toMatch(/^Schema registry https:\/\//);
    expect(answer).not.toContain('hunter2');
  });
});

it('uses a password that changed from the next request on', async () => {
  const registry = open();
  server.setPassword('two');
  expect(await told(registry)).toMatch(/refuses the log-in/);
  secret('password', 'two');
  expect(await told(registry)).toBe('1 versions');
  const other = SCHEMA.replace('"R"', '"S"');
  expect(await registry.register(SUBJECT.replace('-value', '-other-value'), other)).toBeGreaterThan(0);
});

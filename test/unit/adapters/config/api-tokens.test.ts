import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiTokens, makeApiToken, openApiTokens } from '../../../../services/adapters/config/api-tokens.ts';

let folder: string;
let file: string;
let now = 0;
let logged: string[] = [];
const note = (_fields: object, message: string): void => void logged.push(message);
const log = { debug: note, info: note, warn: note, error: note };
const open = (text: string): ApiTokens => {
  writeFileSync(file, text);
  return openApiTokens(file, log, () => now);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-tokens-'));
  file = join(folder, 'tokens.yaml');
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const reads = makeApiToken('reads', ['consents:read']);
const writes = makeApiToken('writes', ['consents:write', 'consents:erase']);

describe('a token', () => {
  it('is let in by its line, which does not give it away', () => {
    const { authenticate } = open(`${reads.line}\n# a comment\n${writes.line}\n`);
    expect(authenticate(reads.token)).toEqual({ name: 'reads', scopes: new Set(['consents:read']), perMinute: null });
    expect(authenticate(writes.token)?.scopes).toEqual(new Set(['consents:write', 'consents:erase']));
    expect(reads.line).not.toContain(reads.token);
    expect(reads.line).toContain(createHash('sha256').update(reads.token).digest('hex'));
  });

  it('is 256 bits that nobody had before', () => {
    expect(reads.token).toMatch(/^lethe_[A-Za-z0-9_-]{43}$/);
    expect(reads.token).not.toBe(writes.token);
  });

  it('that is not in the file is nobody’s, and so is a hash', () => {
    const { authenticate } = open(`${reads.line}\n`);
    const hash = reads.line.slice(1, 65);
    for (const wrong of ['', reads.token.slice(0, -1), `${reads.token}x`, hash, writes.token]) {
      expect(authenticate(wrong)).toBeNull();
    }
  });

  it('may have its own rate; the file may be JSON', () => {
    const json = JSON.stringify({ [reads.line.slice(1, 65)]: { name: 'r', scopes: ['consents:read'], per_minute: 7 } });
    expect(open(json).authenticate(reads.token)?.perMinute).toBe(7);
  });
});

describe('the file', () => {
  it('is read again within a second of a change', () => {
    const { authenticate } = open(`${reads.line}\n`);
    writeFileSync(file, `${writes.line}\n`);
    expect(authenticate(reads.token)).not.toBeNull();
    now += 1_000;
    expect(authenticate(reads.token)).toBeNull();
    expect(authenticate(writes.token)).not.toBeNull();
  });

  it('that is gone lets nobody in, until it is back', () => {
    const { authenticate } = open(`${reads.line}\n`);
    rmSync(file);
    now += 1_000;
    expect(authenticate(reads.token)).toBeNull();
    writeFileSync(file, `${reads.line}\n`);
    now += 1_000;
    expect(authenticate(reads.token)).not.toBeNull();
  });

  it('that cannot be used leaves those of before in, and says so without a hash', () => {
    const { authenticate } = open(`${reads.line}\n`);
    writeFileSync(file, `${writes.line}\nnonsense: 1\n`);
    now += 1_000;
    expect(authenticate(reads.token)).not.toBeNull();
    expect(authenticate(writes.token)).toBeNull();
    expect(logged.join()).toContain('stay in force');
    expect(logged.join()).not.toMatch(/[0-9a-f]{64}/);
  });

  it.each([
    ['a name that is no name', '{"name": "a b", "scopes": ["consents:read"]}'],
    ['no scope', '{"name": "a", "scopes": []}'],
    ['an unknown scope', '{"name": "a", "scopes": ["consents:all"]}'],
    ['an unknown property', '{"name": "a", "scopes": ["consents:read"], "admin": true}'],
  ])('with %s does not start', (_, entry) => {
    expect(() => open(`"${'0'.repeat(64)}": ${entry}\n`)).toThrow(expect.objectContaining({ code: 'invalid_config' }));
  });

  it('with a token in clear does not start, and is not quoted', () => {
    expect(() => open(`${reads.token}: {name: a, scopes: [consents:read]}\n`)).toThrow(
      expect.objectContaining({ code: 'invalid_config', message: expect.not.stringContaining(reads.token) }),
    );
  });

  it('that is not there does not start', () => {
    expect(() => openApiTokens(join(folder, 'none'), log, () => now)).toThrow(/cannot be read \(ENOENT\)/);
  });
});

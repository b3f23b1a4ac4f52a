import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ENVELOPE_PREFIX,
  makeCipherMaker,
  makeEnvelopeReader,
  newDataKey,
} from '../../../../services/adapters/crypto/envelope.ts';
import { parseKeys } from '../../../../services/adapters/crypto/keys.ts';
import type { EncryptedPlace } from '../../../../services/core/data-key.ts';
import type { EnvelopeReader } from '../../../../services/core/decrypt.ts';

const random = (): string => randomBytes(32).toString('base64');
const FIRST = random();
const keysOf = (content: object) => parseKeys(JSON.stringify(content), 'keys.json');
const KEYS = keysOf({ data_key_ref: FIRST });
const TOKEN = randomBytes(32).toString('base64url');
const PLACE: EncryptedPlace = { topic: 'clean.a', purpose: 'analytics', path: 'customer.email' };
const key = newDataKey();
const cipher = makeCipherMaker(KEYS)(TOKEN, key);
const reader = makeEnvelopeReader(KEYS);

/** The value's text, or what stands in its way. */
function opened(text: string, from: EnvelopeReader = reader, topic = PLACE.topic, dataKey = key): string {
  const read = from.reference(text, topic);
  if (!read.ok) return read.problem;
  return from.value(text, topic, read.reference, dataKey) ?? 'value altered';
}

const anyText = fc
  .oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }))
  .filter((s) => s.isWellFormed());
const anyJson = fc.oneof(
  anyText.map((text) => JSON.stringify(text)),
  fc.constantFrom('1.50e3', '-0', '123456789012345678901234567890.10', 'true', 'false', '0.1E+2', '""'),
);

describe('an envelope', () => {
  it('gives back what it holds to the letter, and whose it is, wherever it stood', () => {
    fc.assert(
      fc.property(anyJson, anyText, anyText, anyText, (json, topic, purpose, path) => {
        const text = cipher.encrypt({ topic, purpose, path }, json);
        expect(text).toMatch(/^lethe:v1:[A-Za-z0-9_-]+$/);
        expect(reader.reference(text, topic)).toEqual({ ok: true, reference: { token: TOKEN, purpose, path } });
        expect(opened(text, reader, topic)).toBe(json);
      }),
    );
  });

  it('opens under no other data key and in no other topic', () => {
    const text = cipher.encrypt(PLACE, '"x"');
    expect(opened(text)).toBe('"x"');
    expect(opened(text, reader, PLACE.topic, newDataKey())).toBe('value altered');
    expect(opened(text, reader, 'clean.b')).toBe('altered');
  });

  it.each([
    ['topic', { topic: 'clean.b' }],
    ['purpose', { purpose: 'marketing' }],
    ['path', { path: 'customer.name' }],
  ])('binds the value to its %s', (_name, change) => {
    const text = cipher.encrypt(PLACE, '"x"');
    const { topic, ...reference } = { ...PLACE, ...change };
    expect(reader.value(text, topic, { token: TOKEN, ...reference }, key)).toBe(null);
    expect(reader.value(text, PLACE.topic, { token: TOKEN, ...PLACE }, key)).toBe('"x"');
  });

  it('opens with no part of it changed, cut off, or taken from another', () => {
    const text = cipher.encrypt(PLACE, '"some value"');
    const body = Buffer.from(text.slice(ENVELOPE_PREFIX.length), 'base64url');
    for (let at = 0; at < body.length; at++) {
      const changed = Buffer.from(body);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(opened(ENVELOPE_PREFIX + changed.toString('base64url'))).not.toContain('some');
      expect(opened(ENVELOPE_PREFIX + body.subarray(0, at).toString('base64url'))).not.toContain('some');
    }
    const other = Buffer.from(cipher.encrypt(PLACE, '"other value"').slice(ENVELOPE_PREFIX.length), 'base64url');
    const mixed = Buffer.concat([body.subarray(0, -30), other.subarray(-30)]);
    expect(opened(ENVELOPE_PREFIX + mixed.toString('base64url'))).not.toContain('value"');
    for (const odd of ['', 'lethe:v1:', 'lethe:v0:abc', `${text}=`, `${text} `, text.replace('v1', 'v2')]) {
      expect(opened(odd)).toBe('format');
    }
  });

  it('is one text in one way: no bit of it is free', () => {
    const lengths = Array.from({ length: 3 }, (_, size) => cipher.encrypt(PLACE, `"${'x'.repeat(size)}"`));
    for (const text of lengths) {
      const variants = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].map(
        (last) => text.slice(0, -1) + last,
      );
      expect(variants.filter((variant) => opened(variant).startsWith('"'))).toEqual([text]);
    }
  });

  it('never comes out twice the same, and shows nothing of subject, place or value', () => {
    const texts = Array.from({ length: 50 }, () => cipher.encrypt(PLACE, '"secret-value"'));
    expect(new Set(texts).size).toBe(50);
    const bodies = texts.map((text) => Buffer.from(text.slice(ENVELOPE_PREFIX.length), 'base64url').toString('latin1'));
    for (const body of bodies)
      for (const part of [TOKEN, 'customer', 'analytics', 'secret']) expect(body).not.toContain(part);
    // Whatever two of them have in common beyond version and length would link records.
    expect(new Set(bodies.map((body) => body.slice(4, 28))).size).toBe(50);
    expect(new Set(bodies.map((body) => body.slice(30, 60))).size).toBe(50);
  });

  it('outlives a rotation of data_key_ref as long as the old version is kept', () => {
    const second = random();
    const text = cipher.encrypt(PLACE, '1');
    const both = keysOf({ data_key_ref: FIRST, 'data_key_ref@2': second });
    expect(opened(text, makeEnvelopeReader(both))).toBe('1');
    expect(opened(text, makeEnvelopeReader(keysOf({ 'data_key_ref@2': second })))).toBe('key_missing');
    const later = makeCipherMaker(both)(TOKEN, key).encrypt(PLACE, '2');
    expect(opened(later)).toBe('key_missing');
    expect(opened(later, makeEnvelopeReader(both))).toBe('2');
    expect(opened(text, makeEnvelopeReader(keysOf({ data_key_ref: second })))).toBe('altered');
  });

  it('needs the key, and says which', () => {
    expect(() => makeCipherMaker(keysOf({}))).toThrow('the key "data_key_ref" is missing');
    expect(() => makeEnvelopeReader(keysOf({}))).toThrow('the key "data_key_ref" is missing');
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeJsonCodec } from '../../../../../services/core/apply/json/json-codec.ts';
import { decodeText, keyring, planOf } from './plan-fixture.ts';

/** The same bytes where nothing but the subject is declared, and where everything is. */
const UNDECLARED = planOf({ outputs: [{ id: 'keep' }] });
const SCALAR = planOf({ outputs: [{ id: 'keep', v: 'keep' }] });
const DEEP = planOf({ outputs: [{ id: 'keep', 'v.**': 'keep', 'u[].*': 'keep' }] });

function read(folder: string): readonly (readonly [name: string, bytes: Buffer])[] {
  const url = new URL(`cases/${folder}/`, import.meta.url);
  return readdirSync(url).map((name) => [name, readFileSync(new URL(name, url))]);
}

function codeOf(plan: typeof DEEP, bytes: Uint8Array): string {
  const decoded = decodeText(makeJsonCodec(plan, keyring), bytes);
  return 'code' in decoded ? decoded.code : 'ok';
}

describe('accepts', () => {
  const cases = read('valid');
  expect(cases.length).toBeGreaterThan(60);
  it.each(cases)('%s', (_, bytes) => {
    expect(codeOf(UNDECLARED, bytes)).toBe('ok');
    expect(codeOf(DEEP, bytes)).toBe('ok');
    // An object where a scalar is declared is refused for that, not for its bytes.
    expect(codeOf(SCALAR, bytes)).not.toBe('undecodable');
  });
});

describe('refuses', () => {
  const cases = read('invalid');
  expect(cases.length).toBeGreaterThan(160);
  it.each(cases)('%s', (name, bytes) => {
    // Twice is only wrong where it is declared.
    const declaredOnly = name.startsWith('twice-') && name !== 'twice-subject.json';
    expect(codeOf(UNDECLARED, bytes)).toBe(declaredOnly ? 'ok' : 'undecodable');
    expect(codeOf(DEEP, bytes)).toBe('undecodable');
    expect(codeOf(SCALAR, bytes)).toBe('undecodable');
  });
});

describe('agrees with the platform', () => {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  /** An object without half surrogate pairs that the platform parses. */
  function isValid(bytes: Uint8Array): boolean {
    try {
      const record: unknown = JSON.parse(utf8.decode(bytes));
      return typeof record === 'object' && record !== null && !Array.isArray(record) && isWellFormed(record);
    } catch {
      return false;
    }
  }

  function isWellFormed(value: unknown): boolean {
    if (typeof value === 'string') return value.isWellFormed();
    if (typeof value !== 'object' || value === null) return true;
    return Object.entries(value).every(([key, member]) => key.isWellFormed() && isWellFormed(member));
  }

  /** Long enough that no mutation makes another one. */
  const subject = 'the_subject_of_the_record';
  const undeclared = makeJsonCodec(planOf({ outputs: [{ [subject]: 'keep' }], subject }), keyring);
  const deep = makeJsonCodec(
    planOf({ outputs: [{ [subject]: 'keep', 'v.**': 'keep', '*': 'keep' }], subject }),
    keyring,
  );
  const seeds = [
    `{"${subject}":"s","v":[1,-0.5e+3,true,false,null,"é€😀\\ud83d\\ude00\\n",{"a":{},"b":[]}]}`,
    `{ "${subject}" : 1 , "v" : { "x" : [ ] , "y" : "\\u0041" } , "w" : 0 }`,
  ].map((text) => Buffer.from(text));
  const interesting = Buffer.from('"\\{}[]:,0123456789-+.eEtrufalsn/bd \t\n\r\u0000\u001f\u007f\u0080éߡ\ud7ff\uffff😀');
  const byte = fc.oneof(fc.constantFrom(...interesting), fc.nat(255));
  const mutation = fc.record({ how: fc.constantFrom('set', 'insert', 'delete', 'swap', 'cut'), at: fc.nat(), byte });

  function mutate(seed: Buffer, mutations: readonly { how: string; at: number; byte: number }[]): Buffer {
    const bytes = [...seed];
    for (const { how, at, byte: to } of mutations) {
      const place = at % (bytes.length + 1);
      const from = bytes[place] ?? 0;
      if (how === 'set') bytes[place] = to;
      else if (how === 'insert') bytes.splice(place, 0, to);
      else if (how === 'delete') bytes.splice(place, 1);
      else if (how === 'cut') bytes.length = place;
      else [bytes[place], bytes[place + 1]] = [bytes[place + 1] ?? 0x20, from];
    }
    return Buffer.from(bytes);
  }

  it('on mutated records', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.array(mutation, { maxLength: 3 }), (seed, mutations) => {
        const bytes = mutate(seed, mutations);
        const valid = isValid(bytes);
        const code = (codec: typeof deep): string => {
          const decoded = codec.decode(bytes, 0, 0);
          return decoded.ok ? 'ok' : decoded.poison.code;
        };
        expect(code(undeclared) !== 'undecodable', bytes.toString('latin1')).toBe(valid);
        if (code(deep) !== 'undecodable') expect(valid, bytes.toString('latin1')).toBe(true);
        if (valid) accepted++;
        void undeclared.begin([]);
        void deep.begin([]);
      }),
      { numRuns: 12_000 },
    );
    expect(accepted).toBeGreaterThan(1000);
  }, 30_000);

  it('on every byte in a string, every escape, and every lead byte with continuations at their edges', () => {
    const head = Buffer.from(`{"${subject}":"`);
    const check = (...inner: readonly number[]): void => {
      const bytes = Buffer.from([...head, ...inner, 0x22, 0x7d]);
      const decoded = undeclared.decode(bytes, 0, 0);
      const accepted = decoded.ok || decoded.poison.code !== 'undecodable';
      if (accepted !== isValid(bytes)) expect.fail(bytes.toString('latin1'));
    };
    const edges = [0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0];
    for (let byte = 0; byte < 256; byte++) {
      check(0x78, byte);
      check(0x5c, byte);
      check(0x5c, 0x75, byte, 0x30, 0x30, 0x30);
      for (const b of edges) check(byte, b);
    }
    for (let lead = 0xdf; lead < 0xf7; lead++) {
      for (const b of edges) for (const c of edges) for (const d of [0x41, 0x80, 0xbf, 0xc0]) check(lead, b, c, d);
    }
    void undeclared.begin([]);
  }, 30_000);
});

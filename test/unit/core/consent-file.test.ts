import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONSENT_DECISIONS } from '../../../services/core/consent-event.ts';
import { parseConsentEvents, parseConsentLine } from '../../../services/core/consent-file.ts';

const LINE = {
  subject: 'cust-1',
  purpose: 'analytics',
  decision: 'granted',
  at: '2026-01-05T10:00:00Z',
  region: 'DE',
  method: 'explicit',
  recipients: ['acme'],
  notice: '2026-01',
  expires: null,
};

const with_ = (change: Record<string, unknown>): string => JSON.stringify({ ...LINE, ...change });

function without(key: string): string {
  return JSON.stringify(Object.fromEntries(Object.entries(LINE).filter(([name]) => name !== key)));
}

describe('a line of a consents file', () => {
  it('gives the subject and the event', () => {
    expect(parseConsentLine(JSON.stringify(LINE))).toEqual({
      ok: true,
      subject: 'cust-1',
      event: {
        purpose: 'analytics',
        decision: 'granted',
        at: Date.UTC(2026, 0, 5, 10),
        region: 'DE',
        recipients: ['acme'],
        method: 'explicit',
        notice: '2026-01',
        source: null,
        expires: null,
      },
    });
  });

  it('needs no more than subject, purpose, decision and time', () => {
    const line = '{"subject":"cust-1","purpose":"*","decision":"withdrawn","at":"2026-01-05T11:00:00+01:00"}';
    expect(parseConsentLine(line)).toEqual({
      ok: true,
      subject: 'cust-1',
      event: {
        purpose: '*',
        decision: 'withdrawn',
        at: Date.UTC(2026, 0, 5, 10),
        region: null,
        recipients: [],
        method: null,
        notice: null,
        source: null,
        expires: null,
      },
    });
  });

  it('takes null for what may be absent', () => {
    const nothing = { region: null, recipients: null, method: null, notice: null, source: null, expires: null };
    expect(parseConsentLine(with_(nothing))).toMatchObject({ ok: true, event: { ...nothing, recipients: [] } });
  });

  it.each([
    ['7', '7'],
    ['0', '0'],
    ['-12', '-12'],
    ['9007199254740993', '9007199254740993'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
  ])('takes the whole number %s as its decimal text', (literal, text) => {
    const line = JSON.stringify({ ...LINE, subject: 0 }).replace('"subject":0', `"subject": ${literal}`);
    expect(parseConsentLine(line)).toMatchObject({ ok: true, subject: text });
  });

  it.each([
    ['no JSON', '{"subject":'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"cust-1"'],
    ['an unknown key', with_({ Purpose: 'x' })],
    ['an unknown key __proto__', `{"__proto__":{},${JSON.stringify(LINE).slice(1)}`],
    ['a version', with_({ version: 3 })],
    ['a key twice', `{"decision":"denied",${JSON.stringify(LINE).slice(1)}`],
    ['a key twice, once escaped', `{"d\\u0065cision":"denied",${JSON.stringify(LINE).slice(1)}`],
    ['a subject twice', `{"subject":"cust-2",${JSON.stringify(LINE).slice(1)}`],
    ['no subject', without('subject')],
    ['an empty subject', with_({ subject: '' })],
    ['a null subject', with_({ subject: null })],
    ['a fractional subject', with_({ subject: 1.5 })],
    ['a subject that is an object', with_({ subject: { id: 1 } })],
    ['a subject of half a character', with_({ subject: '\ud800' })],
    ['a subject of 1e3', JSON.stringify({ ...LINE, subject: 0 }).replace('"subject":0', '"subject":1e3')],
    ['a subject of 1.0', JSON.stringify({ ...LINE, subject: 0 }).replace('"subject":0', '"subject":1.0')],
    ['a subject of -0', JSON.stringify({ ...LINE, subject: 0 }).replace('"subject":0', '"subject":-0')],
    ['no purpose', without('purpose')],
    ['an empty purpose', with_({ purpose: '' })],
    ['a list of purposes', with_({ purpose: ['analytics'] })],
    ['no decision', without('decision')],
    ['an unknown decision', with_({ decision: 'Granted' })],
    ['a decision that any object has', with_({ decision: 'constructor' })],
    ['no time', without('at')],
    ['a time without zone', with_({ at: '2026-01-05T10:00:00' })],
    ['a bare date', with_({ at: '2026-01-05' })],
    ['epoch milliseconds', with_({ at: 1767607200000 })],
    ['a day that does not exist', with_({ at: '2026-02-30T10:00:00Z' })],
    ['an expiry that is no time', with_({ expires: 'never' })],
    ['an expiry that is a number', with_({ expires: 0 })],
    ['an empty expiry', with_({ expires: '' })],
    ['a recipient that is no list', with_({ recipients: 'acme' })],
    ['a recipient that is no text', with_({ recipients: ['acme', 7] })],
    ['an empty recipient', with_({ recipients: [''] })],
    ['a region that is a number', with_({ region: 49 })],
    ['an empty region', with_({ region: '' })],
    ['a method that is a flag', with_({ method: true })],
    ['a notice that is a number', with_({ notice: 2026 })],
    ['a source that is a list', with_({ source: [] })],
  ])('refuses %s', (_, line) => {
    expect(parseConsentLine(line)).toMatchObject({ ok: false, message: expect.any(String) });
  });

  it.each(['a"b', 'a\\', '\\"', 'x\\\\"y:{', '{"a":1,"b":2}', ':', '\u0000'])(
    'counts no keys inside the text %j',
    (purpose) => {
      expect(parseConsentLine(with_({ purpose, source: purpose }))).toMatchObject({ ok: true, event: { purpose } });
    },
  );

  it('never repeats anything of the line in its message', () => {
    const secret = fc.stringMatching(/^[A-Z]{12}$/);
    fc.assert(
      fc.property(secret, fc.constantFrom(...Object.keys(LINE), 'unknown'), fc.boolean(), (value, key, asKey) => {
        const line = asKey ? with_({ [value]: 1 }) : with_({ [key]: { [value]: [value] } });
        const result = parseConsentLine(line);
        expect(result.ok).toBe(false);
        expect(JSON.stringify(result)).not.toContain(value);
        const cut = parseConsentLine(`${line.slice(0, -1)}${value}`);
        expect(JSON.stringify(cut)).not.toContain(value);
      }),
    );
  });

  it('reads back every subject as it was written', () => {
    const subject = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.isWellFormed()),
      fc.bigInt(),
    );
    fc.assert(
      fc.property(subject, fc.constantFrom(...CONSENT_DECISIONS), (id, decision) => {
        const literal = typeof id === 'bigint' ? String(id) : JSON.stringify(id);
        const rest = JSON.stringify({ ...LINE, decision }).slice('{"subject":"cust-1"'.length);
        expect(parseConsentLine(`{"subject":${literal}${rest}`)).toMatchObject({
          ok: true,
          subject: String(id),
          event: { decision },
        });
      }),
    );
  });
});

describe('the consents of a policy test', () => {
  it('are events in the order of the list', () => {
    const list = [
      { purpose: 'analytics', decision: 'granted', at: '2026-01-05T10:00:00Z' },
      { purpose: 'analytics', decision: 'withdrawn', at: '2026-01-05T10:00:00Z' },
    ];
    expect(parseConsentEvents(list)).toMatchObject({
      ok: true,
      events: [
        { decision: 'granted', version: 0 },
        { decision: 'withdrawn', version: 1 },
      ],
    });
  });

  it('are all refused at once, each with its place', () => {
    const good = { purpose: 'analytics', decision: 'granted', at: '2026-01-05T10:00:00Z' };
    const result = parseConsentEvents([{ ...good, subject: 'cust-1' }, good, 'granted', { ...good, at: 'soon' }]);
    expect(result).toMatchObject({ ok: false, problems: [{ index: 0 }, { index: 2 }, { index: 3 }] });
  });

  it.each([[null], [{}], ['granted'], [undefined]])('refuses %j for a list', (list) => {
    expect(parseConsentEvents(list)).toMatchObject({ ok: false, problems: [{ index: -1 }] });
  });
});

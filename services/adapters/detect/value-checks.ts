/** What a text is, by libraries that keep the rules of the world: phone plans, IBANs, cards, national ids. */
import { isIP } from 'node:net';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import validator from 'validator';
import type { Checked, ValueChecks, ValueKind } from '../../core/propose/value-checks.ts';
import { nationalIdsOf } from './national-ids.ts';

const NOTHING: Checked = { kinds: [], nationalIds: [] };
/** Beyond that a text is none of these, but may hold some. */
const MAX_LENGTH = 2_048;
const SHORT = 64;

const EMAIL_WITHIN = /[\p{L}\p{N}._%+-]@[\p{L}\p{N}-]{1,63}\.[\p{L}\p{N}]/u;
const PHONE = /^\+?[\d\s()./-]{6,24}$/;
const MAC = /^(?:[0-9A-F]{2}[:-]){5}[0-9A-F]{2}$/i;
/** Modular crypt format, PHC strings, PEM. */
const SECRET = /^\$(?:2[abxy]?|5|6|argon2(?:id?|d)|scrypt|pbkdf2[a-z0-9-]*)\$|-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const USER_AGENT = /^(?:Mozilla|Opera|Dalvik|okhttp|curl|PostmanRuntime)\/\d/;
const COORDINATES = /^\(?-?\d{1,3}\.\d{2,}\s*[,;]\s*-?\d{1,3}\.\d{2,}\)?$/;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const URL_START = /^(?:https?|ftp|wss?):\/\/\S+$/i;
const CARD = /^\d(?:[ -]?\d){11,18}$/;
const IBAN = /^[A-Z]{2}\d{2}[ -]?[A-Z0-9](?:[ -]?[A-Z0-9]){10,30}$/i;
/** Countries whose people leave out their own prefix, tried where a number is written like one. */
const COUNTRIES = ['DE', 'US', 'GB', 'FR', 'ES'] as const;

/** Checks one text. Pure; no error of a library passes, whatever the text. */
export const checkValue: ValueChecks = (text) => {
  const value = text.trim();
  if (value === '') return NOTHING;
  const kinds: ValueKind[] = [];
  const is = (kind: ValueKind, yes: boolean): void => void (yes && kinds.push(kind));

  is('secret', SECRET.test(value));
  if (value.length <= MAX_LENGTH) {
    is('jwt', value.startsWith('ey') && validator.isJWT(value));
    is('user_agent', USER_AGENT.test(value));
    is('url', URL_START.test(value));
  }
  if (value.includes('@')) {
    if (value.length <= 320 && validator.isEmail(value, { allow_utf8_local_part: true, require_tld: false }))
      kinds.push('email');
    else is('email_within', EMAIL_WITHIN.test(value));
  }
  if (value.length > SHORT) return { kinds, nationalIds: [] };

  is('ip', isIP(value) !== 0 || isIP(withoutPort(value)) !== 0);
  is('mac', MAC.test(value));
  is('uuid', UUID.test(value));
  is('coordinates', COORDINATES.test(value));
  is('iban', IBAN.test(value) && validator.isIBAN(value.replaceAll('-', '').toUpperCase()));
  is('card', CARD.test(value) && validator.isCreditCard(value));
  if (PHONE.test(value) && !kinds.includes('ip')) is(...phoneKind(value));
  // Digits alone may be either: what could be a phone number is looked at further.
  const plain = kinds.every((kind) => kind === 'phone_likely');
  return { kinds, nationalIds: plain ? nationalIdsOf(value) : [] };
};

function phoneKind(value: string): [ValueKind, boolean] {
  try {
    if (value.startsWith('+')) return ['phone', parsePhoneNumberFromString(value)?.isValid() === true];
    if (value.startsWith('00')) return ['phone', parsePhoneNumberFromString(`+${value.slice(2)}`)?.isValid() === true];
    const digits = value.replaceAll(/\D/g, '');
    // `4930…`, without its plus.
    if (digits === value && parsePhoneNumberFromString(`+${digits}`)?.isValid() === true) return ['phone_likely', true];
    const written = value.startsWith('0') || /[\s()/-]/.test(value);
    const isDate = /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}$/.test(value);
    const local =
      written && !isDate && COUNTRIES.some((country) => parsePhoneNumberFromString(value, country)?.isValid() === true);
    return ['phone_likely', local];
  } catch {
    return ['phone_likely', false];
  }
}

/** `192.0.2.1:8080`, `[2001:db8::1]:8080`. */
function withoutPort(value: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(value)?.[1];
  return bracketed ?? value.replace(/^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/, '$1');
}

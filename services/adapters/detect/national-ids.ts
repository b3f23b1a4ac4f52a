/**
 * National ids and personal tax numbers by their check digits. Schemes that most numbers of the right length pass are
 * left out (of 11 digits, say, one in ten may pass; where nine in ten do, nothing is told).
 */
import validator from 'validator';

/** Schemes of validator's `isIdentityCard`. */
const IDENTITY_CARDS = ['PL', 'ES', 'FI', 'IN', 'IT', 'IR', 'NO', 'TH', 'he-IL', 'zh-CN', 'zh-HK', 'zh-TW'] as const;
/** Schemes of validator's `isTaxID`. */
const TAX_IDS = [
  'bg-BG',
  'cs-CZ',
  'de-AT',
  'de-DE',
  'dk-DK',
  'el-GR',
  'en-CA',
  'en-IE',
  'es-ES',
  'et-EE',
  'fi-FI',
  'fr-BE',
  'fr-FR',
  'fr-LU',
  'hr-HR',
  'hu-HU',
  'it-IT',
  'lt-LT',
  'lv-LV',
  'mt-MT',
  'nl-NL',
  'pl-PL',
  'pt-BR',
  'pt-PT',
  'ro-RO',
  'sl-SI',
  'sv-SE',
  'uk-UA',
] as const;

/** United States: 3-2-4 digits, no block of zeros, no area 666 or from 900 (SSA, POMS RM 10201.035). */
const SSN = /^(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}$/;
/** United Kingdom: national insurance number (HMRC, NIM39110). */
const NINO = /^(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]$/i;
/** France: number of the register of persons, 13 characters and a key of two digits (INSEE). */
const NIR = /^([1-478])(\d{2})(\d{2})(\d{2}|2[AB])(\d{3})(\d{3})(\d{2})$/i;

const LIKELY = /^[A-Z0-9][A-Z0-9 ./+-]{5,20}$/i;

/** The schemes under which a text is valid. */
export function nationalIdsOf(value: string): readonly string[] {
  if (!LIKELY.test(value) || value.replaceAll(/\D/g, '').length < 5) return [];
  const found: string[] = [];
  if (SSN.test(value)) found.push('US');
  if (NINO.test(value)) found.push('GB');
  if (isNir(value.replaceAll(' ', ''))) found.push('FR');
  for (const scheme of IDENTITY_CARDS)
    if (quietly(() => validator.isIdentityCard(value, scheme))) found.push(`card ${scheme}`);
  for (const scheme of TAX_IDS) if (quietly(() => validator.isTaxID(value, scheme))) found.push(`tax ${scheme}`);
  return found;
}

/** The key is 97 less the rest; Corsica's 2A and 2B count as 19 and 18. */
function isNir(value: string): boolean {
  const parts = NIR.exec(value);
  if (parts === null) return false;
  const number = value.slice(0, 13).toUpperCase().replace('2A', '19').replace('2B', '18');
  return 97n - (BigInt(number) % 97n) === BigInt(value.slice(13));
}

/** A text that a check cannot handle is none of its kind. */
function quietly(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

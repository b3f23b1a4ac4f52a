/** Masks: text whose tell-tale part is hidden. They work on text alone (DESIGN section 12). */
import type { Transform } from './action.ts';
import type { MaskSpec } from '../policy/plan.ts';

/** Decimal digits of every script: a number written in another script is no less a number. */
const DIGIT = /\p{Nd}/gu;
const NO_DOMAIN = /[\s\p{Cc}]/u;
const DIGITS_SHOWN = 4;

/**
 * `erika@example.com` → `e***@example.com`; a local part of one code point or none gives `***@example.com`. The last
 * `@` counts, as a quoted local part may hold others (RFC 5321 section 4.1.2). Null without an `@`, and where white
 * space follows it: then it is a sentence, of which more than a domain would leave.
 */
export function maskEmail(text: string): string | null {
  const at = text.lastIndexOf('@');
  if (at < 0) return null;
  for (let i = at; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit <= 0x20 || (unit >= 0x7f && NO_DOMAIN.test(text.slice(i)))) return null;
  }
  const first = text.codePointAt(0) ?? 0;
  const width = first > 0xffff ? 2 : 1;
  return at <= width ? `***${text.slice(at)}` : `${text.slice(0, width)}***${text.slice(at)}`;
}

/** Each digit but the last four becomes `*`; other characters stay. */
export function maskDigits(text: string): string {
  if (isAscii(text)) return maskAsciiDigits(text);
  let hidden = (text.match(DIGIT)?.length ?? 0) - DIGITS_SHOWN;
  return text.replace(DIGIT, (digit) => (hidden-- > 0 ? '*' : digit));
}

function maskAsciiDigits(text: string): string {
  let shown = 0;
  let cut = text.length;
  while (cut > 0 && shown < DIGITS_SHOWN) {
    const unit = text.charCodeAt(--cut);
    if (unit >= 0x30 && unit <= 0x39) shown++;
  }
  return text.slice(0, cut).replaceAll(/[0-9]/g, '*') + text.slice(cut);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Each code point between the ends becomes `char`; a text no longer than both ends is masked whole. */
export function maskEnds(text: string, first: number, last: number, char: string): string {
  if (isAscii(text)) {
    const hidden = text.length - first - last;
    if (hidden <= 0) return char.repeat(text.length);
    return text.slice(0, first) + char.repeat(hidden) + text.slice(text.length - last);
  }
  const points = Array.from(text);
  const hidden = points.length - first - last;
  if (hidden <= 0) return char.repeat(points.length);
  return points.slice(0, first).join('') + char.repeat(hidden) + points.slice(points.length - last).join('');
}

/** Makes the transformer of a `mask` rule. */
export function makeMask(spec: MaskSpec): Transform {
  const mask = maskOf(spec);
  return (value) => {
    const text = value.kind === 'string' ? mask(value.text) : null;
    return text === null ? null : { kind: 'string', text };
  };
}

function maskOf(spec: MaskSpec): (text: string) => string | null {
  switch (spec.style) {
    case 'email':
      return maskEmail;
    case 'phone':
    case 'card':
      return maskDigits;
    case 'ends':
      return (text) => maskEnds(text, spec.first, spec.last, spec.char);
  }
}

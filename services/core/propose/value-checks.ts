/** The port of value checks: what a text is by rules that somebody keeps (adapters/detect). */

export const VALUE_KINDS = [
  'email',
  /** Within a longer text. */
  'email_within',
  /** International form, valid under its country's plan. */
  'phone',
  /** Might be one: without its country, or within a number of another kind. */
  'phone_likely',
  'iban',
  /** Prefix, length and check digit of a payment card. */
  'card',
  'ip',
  'mac',
  'jwt',
  /** A password hash, a private key. */
  'secret',
  'uuid',
  'url',
  'user_agent',
  /** Latitude and longitude in one text. */
  'coordinates',
] as const;

export type ValueKind = (typeof VALUE_KINDS)[number];

export type Checked = {
  readonly kinds: readonly ValueKind[];
  /** The schemes of national ids under which the text is valid, by the scheme's name. */
  readonly nationalIds: readonly string[];
};

/** Pure and bounded, whatever the text. */
export type ValueChecks = (text: string) => Checked;

/** What is remembered of the scalars at a place: counts, and a few values in memory to tell how varied they are. */
import { parseInstant } from '../apply/time.ts';
import { type Datum, ExactNumber } from './datum.ts';
import { shapeOf } from './shape.ts';
import type { Checked, ValueChecks, ValueKind } from './value-checks.ts';

/** What core itself recognizes beside the kinds of the port. */
export type OwnKind = 'instant' | 'epoch_ms' | 'date' | 'region' | 'free_text' | 'degrees';
export type Kind = ValueKind | OwnKind;

/** Every value is checked up to here, then every 16th: checks cost more than all else. */
const ALL_CHECKED = 300;
const CHECK_EVERY = 16;
const MOST_DISTINCT = 64;
const MOST_SHAPES = 32;
const MOST_CHECKED_LENGTH = 4_000;
const FREE_TEXT_WORDS = 4;

/** 2001 to 2100: what is taken for a time where milliseconds are not declared. */
const EARLIEST_MS = 978_307_200_000;
const LATEST_MS = 4_102_444_800_000;
const DATE = /^(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})|\d{4}\/\d{2}\/\d{2})$/;
const REGION = /^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$/;

export class ScalarStats {
  strings = 0;
  integers = 0;
  decimals = 0;
  booleans = 0;
  nulls = 0;
  /** Scalars whose kinds were looked for. */
  checked = 0;
  /** Digits of the longest whole number. */
  digits = 0;
  readonly kinds = new Map<Kind, number>();
  readonly nationalIds = new Map<string, number>();
  readonly #distinct = new Set<string>();
  readonly #shapes = new Map<string, number>();

  /** Without nulls. */
  get count(): number {
    return this.strings + this.integers + this.decimals + this.booleans;
  }

  /** Of those seen; 64 stands for any more. */
  get distinct(): number {
    return this.#distinct.size;
  }

  /** True where some value came twice. */
  get repeats(): boolean {
    return this.#distinct.size < Math.min(this.count, MOST_DISTINCT);
  }

  /** The part of the checked values that are of a kind, from 0 to 1. */
  share(kind: Kind): number {
    return this.checked === 0 ? 0 : (this.kinds.get(kind) ?? 0) / this.checked;
  }

  add(value: Datum, checks: ValueChecks): void {
    if (value === null) {
      this.nulls++;
    } else if (typeof value === 'boolean') {
      this.booleans++;
    } else if (typeof value === 'string') {
      this.strings++;
      this.#look(value, false, checks);
    } else if (value instanceof ExactNumber) {
      this.#number(value.text, checks);
    } else if (typeof value === 'number') {
      this.#number(String(value), checks);
    }
  }

  #number(text: string, checks: ValueChecks): void {
    if (/^-?\d+$/.test(text)) {
      this.integers++;
      this.digits = Math.max(this.digits, text.replace('-', '').length);
    } else {
      this.decimals++;
    }
    this.#look(text, true, checks);
  }

  #look(text: string, isNumber: boolean, checks: ValueChecks): void {
    if (this.#distinct.size < MOST_DISTINCT) this.#distinct.add(text);
    if (this.count > ALL_CHECKED && this.count % CHECK_EVERY !== 0) return;
    this.checked++;
    const { kinds, nationalIds }: Checked = checks(text.slice(0, MOST_CHECKED_LENGTH));
    for (const kind of kinds) count(this.kinds, kind);
    for (const scheme of nationalIds) count(this.nationalIds, scheme);
    for (const kind of isNumber ? numberKinds(text) : textKinds(text)) count(this.kinds, kind);
    if (isNumber) return;
    const shape = shapeOf(text);
    if (this.#shapes.has(shape) || this.#shapes.size < MOST_SHAPES) count(this.#shapes, shape);
  }

  merge(other: ScalarStats): void {
    this.strings += other.strings;
    this.integers += other.integers;
    this.decimals += other.decimals;
    this.booleans += other.booleans;
    this.nulls += other.nulls;
    this.checked += other.checked;
    this.digits = Math.max(this.digits, other.digits);
    for (const [kind, many] of other.kinds) count(this.kinds, kind, many);
    for (const [scheme, many] of other.nationalIds) count(this.nationalIds, scheme, many);
    for (const value of other.#distinct) if (this.#distinct.size < MOST_DISTINCT) this.#distinct.add(value);
    for (const [shape, many] of other.#shapes) {
      if (this.#shapes.has(shape) || this.#shapes.size < MOST_SHAPES) count(this.#shapes, shape, many);
    }
  }

  /** One line that tells what the values look like and is none of them. */
  look(): string {
    const { strings, integers, decimals, booleans } = this;
    if (this.count === 0) return this.nulls > 0 ? 'always null' : 'never seen';
    if (strings === 0 && integers + decimals === 0) return 'true or false';
    if (strings === 0 && booleans === 0) {
      if (decimals > 0) return 'number with decimals';
      return this.digits === 1 ? 'whole number of 1 digit' : `whole number of up to ${this.digits} digits`;
    }
    if (strings < integers + decimals + booleans) return 'numbers and text';
    if (this.share('uuid') >= 0.9) return 'UUID';
    if (this.share('instant') >= 0.9) return 'RFC 3339 time';
    if (this.share('free_text') >= 0.5) return 'text of several words';
    const [shape] = [...this.#shapes].reduce((best, one) => (one[1] > best[1] ? one : best), ['text', 0]);
    return shape;
  }
}

function textKinds(text: string): OwnKind[] {
  if (DATE.test(text)) return ['date'];
  if (parseInstant(text) !== null) return ['instant'];
  if (REGION.test(text)) return ['region'];
  return text.trim().split(/\s+/u, FREE_TEXT_WORDS).length >= FREE_TEXT_WORDS ? ['free_text'] : [];
}

function numberKinds(text: string): OwnKind[] {
  const value = Number(text);
  if (Number.isInteger(value)) return value >= EARLIEST_MS && value < LATEST_MS ? ['epoch_ms'] : [];
  return Math.abs(value) <= 180 && /\.\d{3,}$/.test(text) ? ['degrees'] : [];
}

function count<K>(counts: Map<K, number>, key: K, many = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + many);
}

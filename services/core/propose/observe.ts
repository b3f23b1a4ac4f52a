/** Looks at records and remembers what is where, in memory that does not grow with their number. */
import type { AvroType } from '../policy/avro-schema.ts';
import { declareType } from './avro-places.ts';
import { type Datum, type ExactNumber, isFields } from './datum.ts';
import { looksLikeValue, settleKeys } from './map-keys.ts';
import { Place } from './place.ts';
import type { ValueChecks } from './value-checks.ts';

/** Deeper records are `undecodable` anyway (DESIGN section 12). */
const MAX_DEPTH = 512;
/** With more keys than that an object is a map, as far as its rare keys go. */
const MANY_KEYS = 512;
/** Places remembered in all: about 100 MB at the worst. */
const MAX_PLACES = 30_000;

export type Observer = {
  /** False: the value is no object, so that no policy could read it. */
  readonly observe: (datum: Datum) => boolean;
  /** Takes the next version of a schema for a record: its fields are there, without values. */
  readonly declare: (type: AvroType) => void;
  /** Takes what a schema says about records that are observed. */
  readonly describe: (type: AvroType) => void;
  /** Records observed, or versions declared. */
  readonly records: () => number;
  readonly root: Place;
};

export function makeObserver(checks: ValueChecks): Observer {
  const root = new Place();
  let records = 0;
  let places = 0;

  const at = (place: Place, datum: Datum, depth: number): void => {
    place.visit(records);
    if (Array.isArray(datum)) {
      place.items ??= made();
      if (depth < MAX_DEPTH) for (const item of datum as readonly Datum[]) at(place.items, item, depth + 1);
    } else if (datum instanceof Map) {
      if (depth >= MAX_DEPTH) return;
      for (const [key, value] of datum as ReadonlyMap<string, Datum>) mapValue(place, key, value, depth + 1);
    } else if (isFields(datum)) {
      place.objects++;
      if (depth < MAX_DEPTH) for (const key of Object.keys(datum)) field(place, key, datum[key] ?? null, depth + 1);
    } else {
      place.stats.add(datum as null | boolean | string | number | ExactNumber, checks);
    }
  };

  const mapValue = (place: Place, key: string, value: Datum, depth: number): void => {
    place.keys.add(key, checks);
    place.values ??= made();
    at(place.values, value, depth);
  };

  const field = (place: Place, key: string, value: Datum, depth: number): void => {
    const known = place.fields.get(key);
    if (known !== undefined) {
      at(known, value, depth);
      return;
    }
    const looks = !place.fixed && looksLikeValue(key, checks);
    if (looks) place.hidden = true;
    if (!looks && place.fields.size >= MANY_KEYS && !place.closed) {
      place.closed = true;
      foldKeys(place, records, place === root, checks);
    }
    if (looks || place.closed || places >= MAX_PLACES) {
      mapValue(place, key, value, depth);
      return;
    }
    const fresh = made();
    place.fields.set(key, fresh);
    at(fresh, value, depth);
  };

  const made = (): Place => {
    places++;
    return new Place();
  };

  return {
    observe: (datum) => {
      if (!isFields(datum)) return false;
      at(root, datum, 0);
      records++;
      return true;
    },
    declare: (type) => {
      declareType(root, type, records);
      records++;
    },
    describe: (type) => declareType(root, type, null),
    records: () => records,
    root,
  };
}

/**
 * Moves what stands under keys of a map to `values`, and forgets keys too rare to tell.
 *
 * @returns how many keys were forgotten.
 */
export function foldKeys(place: Place, records: number, isRoot: boolean, checks: ValueChecks): number {
  if (place.fixed) return 0;
  const uses = [...place.fields].map(([key, field]) => ({ key, count: field.seen, form: field.form() }));
  const { mapped, unsure } = settleKeys(uses, place.objects, place.hidden, isRoot);
  for (const key of [...mapped, ...unsure]) {
    const field = place.fields.get(key);
    place.fields.delete(key);
    if (field === undefined || unsure.has(key)) continue;
    place.keys.add(key, checks);
    if (place.values === null) place.values = field;
    else place.values.merge(field, records);
  }
  return unsure.size;
}

/** A place in records, and all that was seen there. Places form a tree along paths. */
import type { AvroLogical, AvroScalarKind } from '../policy/avro-schema.ts';
import { ScalarStats } from './scalar-stats.ts';

/** What schemas say about a scalar. */
export type SchemaWord = {
  readonly kind: AvroScalarKind;
  readonly logical: AvroLogical | null;
  readonly tags: readonly string[];
  readonly docs: readonly string[];
};

export class Place {
  readonly stats = new ScalarStats();
  /** Keys of maps that were seen here, as values. */
  readonly keys = new ScalarStats();
  /** Objects seen here. */
  objects = 0;
  /** Records (or versions of a schema) that had something here. */
  records = 0;
  /** Times that something was seen here: within one record there may be several. */
  seen = 0;
  readonly fields = new Map<string, Place>();
  items: Place | null = null;
  /** Values of a map. */
  values: Place | null = null;
  /** Keys that look like values were met, so that other keys are suspicious too. */
  hidden = false;
  /** New keys are those of a map from now on: there were too many. */
  closed = false;
  readonly schema: SchemaWord[] = [];
  /** A schema names the fields here: no key of them is data. */
  fixed = false;
  #last = -1;

  /** Notes that a record has something here. */
  visit(record: number): void {
    this.seen++;
    if (record === this.#last) return;
    this.#last = record;
    this.records++;
  }

  /** Takes over what was seen elsewhere. How many records both had is not known: at most all of theirs. */
  merge(other: Place, mostRecords: number): void {
    this.stats.merge(other.stats);
    this.keys.merge(other.keys);
    this.objects += other.objects;
    this.seen += other.seen;
    this.records = Math.min(mostRecords, this.records + other.records);
    this.hidden ||= other.hidden;
    this.closed ||= other.closed;
    this.schema.push(...other.schema);
    for (const [key, field] of other.fields) {
      const own = this.fields.get(key);
      if (own === undefined) this.fields.set(key, field);
      else own.merge(field, mostRecords);
    }
    this.items = merged(this.items, other.items, mostRecords);
    this.values = merged(this.values, other.values, mostRecords);
  }

  /** The kinds of what stands here, as text, to tell alike from unlike. */
  form(): string {
    const { stats } = this;
    const kinds = [
      stats.strings > 0 ? 's' : '',
      stats.integers + stats.decimals > 0 ? 'n' : '',
      stats.booleans > 0 ? 'b' : '',
      this.items === null ? '' : '[]',
      this.objects > 0 ? `{${[...this.fields.keys()].toSorted().join(' ')}}` : '',
    ];
    return kinds.join('');
  }
}

function merged(own: Place | null, other: Place | null, mostRecords: number): Place | null {
  if (own === null || other === null) return own ?? other;
  own.merge(other, mostRecords);
  return own;
}

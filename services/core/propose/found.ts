/** The tree of places, settled: every scalar's path as a policy would declare it. */
import { formatPath, type Path, type Segment } from '../policy/path.ts';
import { foldKeys, type Observer } from './observe.ts';
import type { Place } from './place.ts';
import type { ValueChecks } from './value-checks.ts';

export type Found = {
  readonly path: Path;
  readonly text: string;
  readonly place: Place;
  /** Containers stand there too: declared as a scalar, records with one would be dead letters. */
  readonly container: boolean;
  /** The keys of the nearest map above, where there is one. */
  readonly mapKeys: Place['keys'] | null;
};

export type Findings = {
  /** In the order in which they were met. */
  readonly fields: readonly Found[];
  /** What cannot be declared beside what lies beneath it. */
  readonly conflicts: readonly Found[];
  /** Keys seen too rarely to tell them from data, by the path of their object (empty: the record itself). */
  readonly unsure: ReadonlyMap<string, number>;
  /** Paths left out: there were too many. */
  readonly tooMany: number;
  /** Records looked at. */
  readonly records: number;
};

/** A policy with more is not one that a person could go through. */
const MAX_FIELDS = 2_000;

export function findFields({ root, records }: Observer, checks: ValueChecks): Findings {
  const all: Found[] = [];
  const unsure = new Map<string, number>();

  const walk = (place: Place, path: Path, mapKeys: Place['keys'] | null): void => {
    const rare = foldKeys(place, records(), path.length === 0, checks);
    if (rare > 0) unsure.set(path.length === 0 ? '' : formatPath(path), rare);
    const container = place.fields.size > 0 || place.values !== null || place.items !== null || place.objects > 0;
    const scalar = place.stats.count > 0 || place.schema.length > 0 || (place.stats.nulls > 0 && !container);
    if (scalar && path.length > 0) all.push({ path, text: formatPath(path), place, container, mapKeys });
    for (const [key, field] of place.fields) walk(field, [...path, { kind: 'key', name: key } as Segment], mapKeys);
    if (place.values !== null) walk(place.values, [...path, { kind: 'any' }], place.keys);
    if (place.items !== null) walk(place.items, [...path, { kind: 'each' }], mapKeys);
  };
  walk(root, [], null);

  const fields = all.filter(({ container }) => !container);
  return {
    fields: fields.slice(0, MAX_FIELDS),
    conflicts: all.filter(({ container }) => container),
    unsure,
    tooMany: Math.max(0, fields.length - MAX_FIELDS),
    records: records(),
  };
}

/** Which dead letters somebody asked for. */
import { type Coordinate, parseCoordinate } from './coordinate.ts';
import type { DeadLetter } from './dead-letter-record.ts';
import type { DeadLetterCode } from './outcome.ts';
import { DEAD_LETTER_TOPIC } from './own-topics.ts';

export type SelectionOptions = {
  /** Null: any. */
  readonly code: DeadLetterCode | null;
  /** The raw topic; null: any. */
  readonly topic: string | null;
  /** Epoch milliseconds, when it was dead-lettered: from `since` (inclusive) until `until` (exclusive). */
  readonly since: number | null;
  readonly until: number | null;
  /** Of raw records or of letters; empty: all. */
  readonly coordinates: readonly Coordinate[];
};

export type Selection = SelectionOptions & {
  readonly has: (partition: number, letter: DeadLetter) => boolean;
  /** Coordinates that no letter answered to so far. */
  readonly missed: () => readonly string[];
};

/** @param partition of `lethe.dead-letters`. */
export function makeSelection(options: SelectionOptions): Selection {
  const { code, topic, since, until, coordinates } = options;
  const wanted = new Set(coordinates.map(({ topic: of, partition, offset }) => `${of}/${partition}/${offset}`));
  const missed = new Set(wanted);
  return {
    ...options,
    has: (partition, letter) => {
      if (wanted.size > 0) {
        const own = `${DEAD_LETTER_TOPIC}/${partition}/${letter.offset}`;
        if (!wanted.has(letter.source) && !wanted.has(own)) return false;
        missed.delete(letter.source);
        missed.delete(own);
      }
      if (code !== null && letter.code !== code) return false;
      if (topic !== null && letter.raw.topic !== topic) return false;
      return (since === null || letter.timestamp >= since) && (until === null || letter.timestamp < until);
    },
    missed: () => [...missed],
  };
}

/** The coordinates that are none, and those that are. */
export function readCoordinates(texts: readonly string[]): {
  readonly coordinates: readonly Coordinate[];
  readonly wrong: readonly string[];
} {
  const coordinates: Coordinate[] = [];
  const wrong: string[] = [];
  for (const text of texts) {
    const coordinate = parseCoordinate(text);
    if (coordinate === null) wrong.push(text);
    else coordinates.push(coordinate);
  }
  return { coordinates, wrong };
}

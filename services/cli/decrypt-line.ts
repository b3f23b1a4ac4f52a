/** Envelopes in a line of JSON: found where they stand, and replaced there, so that all else stays to the letter. */
import { covers, type Path, parsePath, type Segment } from '../core/policy/path.ts';

export type Place = {
  /** Where the string stands in the line, quotes included. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly path: Path;
};

const PREFIX = 'lethe:v1:';
const STRING = /"(?:[^"\\]|\\.)*"/y;

/** The envelopes of a line; null where the line is no JSON. */
export function findEnvelopes(line: string): readonly Place[] | null {
  try {
    JSON.parse(line);
  } catch {
    return null;
  }
  if (!line.includes(PREFIX)) return [];
  const found: Place[] = [];
  const path: Segment[] = [];
  /** Whether each open container is an object. */
  const objects: boolean[] = [];
  let keyNext = false;
  for (let at = 0; at < line.length; at++) {
    switch (line.charAt(at)) {
      case '{':
        objects.push(true);
        path.push({ kind: 'key', name: '' });
        keyNext = true;
        break;
      case '[':
        objects.push(false);
        path.push({ kind: 'each' });
        break;
      case '}':
      case ']':
        objects.pop();
        path.pop();
        keyNext = false;
        break;
      case ',':
        keyNext = objects.at(-1) === true;
        break;
      case '"': {
        STRING.lastIndex = at;
        const [literal = '""'] = STRING.exec(line) ?? [];
        if (keyNext) {
          path[path.length - 1] = { kind: 'key', name: JSON.parse(literal) as string };
          keyNext = false;
        } else if (literal.startsWith(`"${PREFIX}`)) {
          found.push({ from: at, to: at + literal.length, text: literal.slice(1, -1), path: [...path] });
        }
        at += literal.length - 1;
        break;
      }
      default:
    }
  }
  return found;
}

/** Puts JSON texts in the places of envelopes; null: the envelope stays. */
export function replaceEnvelopes(line: string, places: readonly Place[], values: readonly (string | null)[]): string {
  let result = '';
  let done = 0;
  for (const [index, { from, to }] of places.entries()) {
    const value = values[index] ?? null;
    if (value === null) continue;
    result += line.slice(done, from) + value;
    done = to;
  }
  return result + line.slice(done);
}

/**
 * Whether a declared path names a place. Tools that print Avro as JSON put a value of a union into an object that names
 * its type: `{"string": …}` around it is looked through.
 */
export function namesPlace(declared: string, path: Path): boolean {
  const parsed = parsePath(declared);
  if (!parsed.ok) return false;
  if (covers(parsed.path, path)) return true;
  const last = path.at(-1);
  return last?.kind === 'key' && last.name === 'string' && covers(parsed.path, path.slice(0, -1));
}

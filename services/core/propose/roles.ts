/** Which fields are the subject, the event time and the region: proposals, and what else it might be. */
import { isPlain } from '../policy/path.ts';
import type { Confidence, Proposal } from './proposal.ts';
import { PEOPLE } from './name-table.ts';
import { wordList, wordsOf } from './name-words.ts';

export type Role = {
  /** Null: nothing fits. */
  readonly path: string | null;
  readonly confidence: Confidence;
  /** Other fields that fit, best first. */
  readonly others: readonly string[];
};

export type Roles = { readonly subject: Role; readonly time: Role; readonly region: Role };

type Scored = { readonly text: string; readonly score: number };

const EVENT_TIME = wordList(
  'occurred event_time event_timestamp timestamp! ts! time! zeitpunkt zeitstempel horodatage fecha_hora happened',
);
const OTHER_TIME = wordList('created datetime date_time sent_at received published');
const REGION = wordList('country land! pays! pais! region! state! nation! bundesland laendercode');
/** Places of things, not of the person. */
const ELSEWHERE = wordList(
  'shop store warehouse shipping product merchant server datacenter aws! cloud origin manufactur nationality birth',
);

const MOST_OTHERS = 4;
/** A record without it is a dead letter. */
const NEARLY_ALWAYS = 0.99;

export function proposeRoles(proposals: readonly Proposal[]): Roles {
  const plain = proposals.filter(({ found }) => isPlain(found.path));
  return {
    subject: role(plain.map(subjectScore), 60, 40),
    time: role(plain.map(timeScore), 60, 30),
    region: role(plain.map(regionScore), 50, 30),
  };
}

function role(scores: readonly Scored[], high: number, medium: number): Role {
  const ranked = scores.filter(({ score }) => score > 0).toSorted((a, b) => b.score - a.score);
  const [best, second] = ranked;
  if (best === undefined) return { path: null, confidence: 'low', others: [] };
  const clear = second === undefined || best.score > second.score;
  const confidence = best.score >= high && clear ? 'high' : best.score >= medium ? 'medium' : 'low';
  return { path: best.text, confidence, others: ranked.slice(1, 1 + MOST_OTHERS).map(({ text }) => text) };
}

/** A string or an integer that names a person, in every record. */
function subjectScore({ found, category, confidence, present }: Proposal): Scored {
  const { text, path, place } = found;
  const { stats, schema } = place;
  const typed = schema.every(({ kind }) => kind === 'string' || kind === 'int' || kind === 'long');
  const scalar = stats.booleans === 0 && stats.decimals === 0 && (stats.count > 0 || schema.length > 0) && typed;
  let score = 0;
  if (!scalar) return { text, score };
  if (category === 'user.unique_id') score = confidence === 'low' ? 30 : 60;
  else if (category === 'user.contact.email') score = 20;
  else if (category === 'user.contact.phone_number' || category === 'user.device.cookie_id') score = 10;
  else if (category === 'user.government_id' || category === 'user.device.device_id') score = 8;
  else return { text, score };
  const words = path.flatMap((segment) => (segment.kind === 'key' ? [...wordsOf(segment.name)] : []));
  if (PEOPLE(words)) score += 5;
  if (present < NEARLY_ALWAYS) score -= 15 * (1 - present) + 5;
  return { text, score: Math.max(1, score - path.length) };
}

/** Only what reads as a time everywhere: a record whose declared time cannot be read is a dead letter. */
function timeScore({ found, present }: Proposal): Scored {
  const { text, path, place } = found;
  const { stats, schema } = place;
  const logical = schema.length > 0 && schema.every((word) => word.logical?.name.startsWith('timestamp-') === true);
  const fits = stats.count === 0 ? logical : stats.share('instant') + stats.share('epoch_ms') >= 1 || logical;
  if (!fits || present < NEARLY_ALWAYS || stats.nulls > 0) return { text, score: 0 };
  const last = path.at(-1);
  const words = last?.kind === 'key' ? wordsOf(last.name) : [];
  const score = EVENT_TIME(words) ? 70 : OTHER_TIME(words) ? 45 : 20;
  return { text, score: Math.max(1, score - 3 * path.length) };
}

function regionScore({ found, present }: Proposal): Scored {
  const { text, path, place } = found;
  const words = path.flatMap((segment) => (segment.kind === 'key' ? [...wordsOf(segment.name)] : []));
  const last = path.at(-1);
  const named = last?.kind === 'key' && REGION(wordsOf(last.name));
  const { stats, schema } = place;
  const textual = schema.every(({ kind }) => kind === 'string' || kind === 'enum');
  const fits = stats.count === 0 ? schema.length > 0 && textual : stats.share('region') >= NEARLY_ALWAYS;
  if (!named || !fits || ELSEWHERE(words)) return { text, score: 0 };
  return { text, score: Math.max(1, 45 + (PEOPLE(words) ? 15 : 0) - (present < NEARLY_ALWAYS ? 10 : 0) - path.length) };
}

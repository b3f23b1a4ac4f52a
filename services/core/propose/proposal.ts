/** From what was seen of a field to a category that is proposed for it, and how sure that is. */
import type { Found } from './found.ts';
import { nameEvidence, ruleOf } from './name-evidence.ts';
import { wordsOf } from './name-words.ts';
import type { SchemaWord } from './place.ts';
import { isKin, isMoreSensitive } from './sensitivity.ts';
import { valueEvidence, valuesAgree } from './value-evidence.ts';

export type Confidence = 'high' | 'medium' | 'low';
export type Source = 'name' | 'values' | 'keys' | 'tag' | 'doc' | 'type';

export type Proposal = {
  readonly found: Found;
  readonly category: string;
  readonly confidence: Confidence;
  /** What speaks for it. Empty: nothing does, and it is taken for personal. */
  readonly by: readonly Source[];
  /** Names or tags said otherwise. */
  readonly disputed: boolean;
  /** Part of the records that had it, from 0 to 1. */
  readonly present: number;
};

type Candidate = { readonly category: string; readonly confidence: Confidence; readonly by: Source };

const RANK: Readonly<Record<Confidence, number>> = { low: 0, medium: 1, high: 2 };

/** Tags that say how much and not what. */
const PERSONAL_TAGS = /^(?:PII|PERSONAL|PERSONAL_DATA|PRIVATE|SENSITIVE|CONFIDENTIAL|GDPR|SPI)$/i;
const HEALTH_TAGS = /^(?:PHI|EPHI|HIPAA|MEDICAL)$/i;
const CARD_TAGS = /^(?:PCI|PCI_DSS|CHD|PAN)$/i;

/** Proposes a category. Where evidence disagrees, the category that is worth more protection wins. */
export function propose(found: Found, records: number): Proposal {
  const { place, path, mapKeys } = found;
  const name = nameEvidence(path);
  const candidates: Candidate[] = [];
  const add = (category: string, confidence: Confidence, by: Source): void =>
    void candidates.push({ category, confidence, by });

  for (const tag of new Set(place.schema.flatMap(({ tags }) => tags))) {
    const said = tagCategory(tag);
    if (said !== null) add(said, said === 'user' ? 'low' : 'high', 'tag');
  }
  if (name !== null) add(name.category, nameConfidence(name, found), 'name');
  for (const { category, sure, faint } of valueEvidence(place.stats)) {
    if (faint !== true) add(category, sure ? 'high' : 'low', 'values');
    else if (candidates.length === 0) add(category, 'low', 'values');
  }
  if (mapKeys !== null) {
    for (const { category, faint } of valueEvidence(mapKeys)) if (faint !== true) add(category, 'low', 'keys');
  }
  for (const doc of new Set(place.schema.flatMap(({ docs }) => docs))) {
    const said = ruleOf(wordsOf(doc));
    if (said?.sure === true && isMoreSensitive(said.category, 'user.behavior')) add(said.category, 'low', 'doc');
  }
  const typed = candidates.length === 0 ? typeCategory(place.schema) : null;
  if (typed !== null) add(typed, 'low', 'type');

  const settled = settle(candidates);
  return { found, ...settled, present: records === 0 ? 0 : Math.min(1, place.records / records) };
}

function settle(candidates: readonly Candidate[]): Pick<Proposal, 'category' | 'confidence' | 'by' | 'disputed'> {
  let best: Candidate | null = null;
  for (const one of candidates) if (best === null || isMoreSensitive(one.category, best.category)) best = one;
  if (best === null) return { category: 'user', confidence: 'low', by: [], disputed: false };
  const kin = candidates.filter(({ category }) => isKin(category, best.category));
  const category = kin.reduce((deepest, one) => (one.category.length > deepest.length ? one.category : deepest), '');
  const by = [...new Set(kin.map((one) => one.by))];
  const surest = kin.reduce<Confidence>(
    (most, one) => (RANK[one.confidence] > RANK[most] ? one.confidence : most),
    'low',
  );
  const disputed = candidates.some((one) => !isKin(one.category, best.category) && RANK[one.confidence] >= RANK.medium);
  const agreed: Confidence = by.length > 1 && surest === 'medium' ? 'high' : surest;
  return {
    category,
    confidence: disputed && agreed === 'high' && by.length === 1 && by[0] !== 'values' ? 'low' : agreed,
    by,
    disputed,
  };
}

function nameConfidence(name: { readonly category: string; readonly sure: boolean }, { place }: Found): Confidence {
  const { stats } = place;
  const agree = valuesAgree(name.category, stats);
  if (agree === true) return name.sure ? 'high' : 'medium';
  if (!name.sure) return 'low';
  // `email_verified`, `phone_count`: about it, but not it.
  if (stats.count > 0 && stats.booleans === stats.count && !name.category.startsWith('system')) return 'low';
  return agree === false ? 'medium' : stats.count === 0 ? 'medium' : 'high';
}

/** The category a tag stands for by its name; null where it says nothing that is known here. */
export function tagCategory(tag: string): string | null {
  if (HEALTH_TAGS.test(tag)) return 'user.health';
  if (CARD_TAGS.test(tag)) return 'user.financial.credit_card';
  if (PERSONAL_TAGS.test(tag)) return 'user';
  const said = ruleOf(wordsOf(tag));
  return said === null || said.category.startsWith('system') ? null : said.category;
}

function typeCategory(words: readonly SchemaWord[]): string | null {
  const logical = words.flatMap((word) => (word.logical === null ? [] : [word.logical.name]));
  if (logical.includes('date')) return 'user.demographic.date_of_birth';
  if (logical.some((one) => /^(?:local-)?timestamp-/.test(one))) return 'user.behavior';
  return logical.includes('uuid') ? 'user.unique_id' : null;
}

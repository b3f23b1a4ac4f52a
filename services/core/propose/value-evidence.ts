/** What values tell about a field, whatever it is called. */
import type { Kind, ScalarStats } from './scalar-stats.ts';

export type ValueEvidence = {
  readonly category: string;
  /** Nearly all values are of the kind, and few other texts are. */
  readonly sure: boolean;
  /** Only to be believed where the name tells nothing. */
  readonly faint?: true;
};

type Rule = {
  readonly kind: Kind;
  readonly category: string;
  /** From this part of the values on it is worth a word; where only one in a thousand other texts passes: any. */
  readonly from: number;
  readonly faint?: true;
};

/** Other texts hardly ever pass. */
const ANY = Number.MIN_VALUE;
const SURE = 0.9;
/** Values that differ, before all of them being of a kind is no accident. */
const SOME = 3;
const SEVERAL = 10;

const RULES: readonly Rule[] = [
  { kind: 'secret', category: 'user.authorization.credentials', from: ANY },
  { kind: 'jwt', category: 'user.authorization.credentials', from: ANY },
  { kind: 'card', category: 'user.financial.credit_card', from: 0.1 },
  { kind: 'iban', category: 'user.financial.account_number', from: ANY },
  { kind: 'coordinates', category: 'user.location.precise', from: 0.1 },
  { kind: 'email', category: 'user.contact.email', from: ANY },
  { kind: 'email_within', category: 'user.contact.email', from: ANY },
  { kind: 'phone', category: 'user.contact.phone_number', from: ANY },
  { kind: 'ip', category: 'user.device.ip_address', from: ANY },
  { kind: 'mac', category: 'user.device.device_id', from: 0.5 },
  { kind: 'user_agent', category: 'user.device.user_agent', from: 0.1 },
  { kind: 'phone_likely', category: 'user.contact.phone_number', from: SURE, faint: true },
  { kind: 'degrees', category: 'user.location.precise', from: SURE, faint: true },
  { kind: 'free_text', category: 'user.content', from: 0.2, faint: true },
  { kind: 'date', category: 'user.demographic.date_of_birth', from: SURE, faint: true },
  { kind: 'uuid', category: 'user.unique_id', from: SURE, faint: true },
  { kind: 'region', category: 'user.contact.address.country', from: SURE, faint: true },
  { kind: 'url', category: 'user.behavior.browsing_history', from: SURE, faint: true },
  { kind: 'instant', category: 'user.behavior', from: SURE, faint: true },
  { kind: 'epoch_ms', category: 'user.behavior', from: SURE, faint: true },
];

/** Numbers of many digits pass now and then by chance. */
const BY_CHANCE: ReadonlySet<Kind> = new Set<Kind>(['card', 'phone_likely']);

/** All that values tell, what is worth more protection first. */
export function valueEvidence(stats: ScalarStats): readonly ValueEvidence[] {
  const found: ValueEvidence[] = [];
  const national = [...stats.nationalIds.values()].reduce((most, many) => Math.max(most, many), 0);
  if (stats.checked > 0 && national / stats.checked >= SURE && stats.distinct >= SOME) {
    found.push({ category: 'user.government_id', sure: stats.distinct >= SEVERAL });
  }
  for (const { kind, category, from, faint } of RULES) {
    const share = stats.share(kind);
    if (share < from) continue;
    const sure = share >= SURE && faint !== true && (!BY_CHANCE.has(kind) || stats.distinct >= SOME);
    found.push(faint === true ? { category, sure, faint } : { category, sure });
  }
  return found;
}

/** For categories whose values can be checked: the kinds that agree. */
const AGREEING: Readonly<Record<string, readonly Kind[]>> = {
  'user.contact.email': ['email', 'email_within'],
  'user.contact.phone_number': ['phone', 'phone_likely'],
  'user.financial.account_number': ['iban'],
  'user.financial.credit_card': ['card'],
  'user.device.ip_address': ['ip'],
  'user.demographic.date_of_birth': ['date', 'instant'],
  'user.location.precise': ['degrees', 'coordinates'],
  'user.device.user_agent': ['user_agent'],
};

/** Whether values bear a category out; null where there are none, or where nothing could tell. */
export function valuesAgree(category: string, stats: ScalarStats): boolean | null {
  const kinds = AGREEING[category];
  if (kinds === undefined || stats.count === 0) return null;
  return kinds.some((kind) => stats.share(kind) >= 0.5);
}

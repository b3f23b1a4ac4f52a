/** Rules to begin with, as comments: what a person releases is for a person to say. */
import type { DraftField } from './draft.ts';

/** By category, the nearest one counts. Not listed: dropped, as without a rule. */
const ACTIONS: ReadonlyMap<string, string> = new Map([
  ['system', 'action: keep'],
  ['user.unique_id', 'action: pseudonymize'],
  ['user.contact.email', 'action: mask, mask: email'],
  ['user.contact.phone_number', 'action: mask, mask: phone'],
  ['user.contact.address.postal_code', 'action: mask, mask: { first: 2 }'],
  ['user.contact.address.country', 'action: keep'],
  ['user.device.ip_address', 'action: truncate_ip, ipv4: 24, ipv6: 48'],
  ['user.device.device_id', 'action: pseudonymize'],
  ['user.device.cookie_id', 'action: pseudonymize'],
  ['user.demographic.date_of_birth', 'action: generalize, to: year'],
  ['user.name', 'action: redact'],
]);

export function suggestedRules(fields: readonly DraftField[]): string {
  const used = new Set(fields.flatMap(({ category }) => (category === null ? [] : [category])));
  const rules = [...ACTIONS].flatMap(([category, action]) =>
    [...used].some((one) => one === category || one.startsWith(`${category}.`))
      ? [`    #   - { select: ${category}, ${action} }\n`]
      : [],
  );
  if (rules.length === 0) return '';
  return `    # Once every category is right, begin with the least that serves the purpose, for example:\n    # rules:\n${rules.join('')}`;
}

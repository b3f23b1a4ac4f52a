import { describe, expect, it } from 'vitest';
import { digestFiles } from '../../../../services/adapters/config/digest.ts';
import { compileBundle } from '../../../../services/adapters/config/load.ts';
import type { CompiledRoute } from '../../../../services/core/policy/plan.ts';
import { isSameRoute } from '../../../../services/core/shadow/same-route.ts';

const FILES = {
  'taxonomy.yaml':
    'categories: { system: {}, user: {}, user.unique_id: {}, user.contact: {}, user.health: { sensitive: true } }\n',
  'purposes.yaml':
    'purposes: { analytics: { basis: { default: consent, gdpr: opt_out }, retention: { default: P30D } } }\n',
  'regimes.yaml': 'regimes: { gdpr: [DE], ccpa: [US-CA] }\ndefault: ccpa\n',
  'policies/events.yaml': `route: events
from: { topic: raw.events, format: json }
subject: id
fields: { id: user.unique_id, mail: user.contact, ill: user.health, "tags[].*": system }
headers: { trace: system }
outputs:
  - topic: clean.a
    purpose: analytics
    rules:
      - { select: system, action: keep }
      - { select: user.contact, action: mask, mask: email }
`,
};

function route(change: (files: typeof FILES) => Partial<typeof FILES> = () => ({})): CompiledRoute {
  const files = { ...FILES, ...change(FILES) };
  const result = compileBundle({ digest: digestFiles(files), files });
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('; '));
  return result.compiled.routes[0]!;
}

const policy = (from: string, to: string) => (files: typeof FILES) => {
  const text = files['policies/events.yaml'];
  if (!text.includes(from)) throw new Error(`the policy has no ${from}`);
  return { 'policies/events.yaml': text.replace(from, to) };
};
const file = (name: keyof typeof FILES, from: string, to: string) => (files: typeof FILES) => {
  if (!files[name].includes(from)) throw new Error(`${name} has no ${from}`);
  return { [name]: files[name].replace(from, to) };
};

describe('a route of the candidate', () => {
  it.each([
    ['nothing', () => ({})],
    ['comments and lines', policy('route: events', '# about\n\nroute: events')],
    ['a category that it has no field of', file('taxonomy.yaml', 'system: {}', 'system: {}, user.other: {}')],
    [
      'a purpose that it has no output for',
      file(
        'purposes.yaml',
        'purposes: { ',
        'purposes: { ads: { basis: { default: consent }, retention: { default: P1D } }, ',
      ),
    ],
  ])('is the same where it differs in %s', (_name, change) => {
    expect(isSameRoute(route(), route(change))).toBe(true);
  });

  it.each([
    ['a rule', policy('mask: email', 'mask: phone')],
    ['a rule that is gone', policy('      - { select: user.contact, action: mask, mask: email }\n', '')],
    ['the category of a field', policy('mail: user.contact', 'mail: system')],
    ['a field more', policy('mail: user.contact', 'mail: user.contact, more: system')],
    ['a declared header', policy('trace: system', 'span: system')],
    ['its outputs', policy('topic: clean.a', 'topic: clean.b')],
    ['the key of an output', policy('purpose: analytics', 'purpose: analytics\n    key: none')],
    [
      'when consent must be in force',
      policy('purpose: analytics', 'purpose: analytics\n    consent_at: event_and_decision'),
    ],
    ['what becomes of the unconsented', policy('purpose: analytics', 'purpose: analytics\n    unconsented: strip')],
    ['its subject', policy('subject: id', 'subject: mail')],
    ['the time of a record', policy('subject: id', 'subject: id\ntime: mail')],
    ['the region of a record', policy('subject: id', 'subject: id\nregion: mail')],
    ['its raw topic', policy('topic: raw.events', 'topic: raw.others')],
    ['the flag of a category', file('taxonomy.yaml', 'user.contact: {}', 'user.contact: { sensitive: true }')],
    ['a retention', file('purposes.yaml', 'P30D', 'P31D')],
    ['a legal basis', file('purposes.yaml', 'opt_out', 'contract')],
    ['the regions of a regime', file('regimes.yaml', '[DE]', '[DE, FR]')],
    ['the default regime', file('regimes.yaml', 'default: ccpa', 'default: gdpr')],
  ])('is another where it differs in %s', (_name, change) => {
    expect(isSameRoute(route(), route(change))).toBe(false);
  });

  it('is not taken for the same where tags of schemas have a say: the plan shows nothing of them', () => {
    const tagged = policy(
      'from: { topic: raw.events, format: json }',
      'from: { topic: raw.events, format: avro }\ntags: { PII: user }',
    );
    expect(isSameRoute(route(tagged), route(tagged))).toBe(false);
    expect(isSameRoute(route(), route(tagged))).toBe(false);
  });
});

/** Small configurations for tests on real parts: each route has its own topics, so that tests can share a broker. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type SmallRoute = {
  readonly name: string;
  /** Default `raw.NAME`. */
  readonly from?: string;
  readonly format?: 'json' | 'avro';
  /** YAML of the policy after `from`; default: `BODY` with outputs `clean.NAME.a` (analytics) and `clean.NAME.f` (fraud). */
  readonly body?: string;
};

/** Records look like `{"id":1,"s":"c-1","at":1748736000000,"e":"user1@example.com","v":"x"}`. */
export const FIELDS = `subject: s
time: at
fields:
  id: system
  at: system
  s: user.unique_id
  e: user.contact.email
  v: user.behavior
`;

/** Two outputs: one needs consent, the other only bears no objection. */
export const outputsOf = (name: string): string => `outputs:
  - topic: clean.${name}.a
    purpose: analytics
    rules:
      - { select: system, action: keep }
      - { select: user.unique_id, action: pseudonymize }
      - { select: user.contact.email, action: mask, mask: email }
      - { select: user.behavior, action: keep }
  - topic: clean.${name}.f
    purpose: fraud
    rules:
      - { select: system, action: keep }
      - { select: user.unique_id, action: pseudonymize }
`;

export const analyticsOf = (name: string): string => `outputs:
  - topic: clean.${name}.a
    purpose: analytics
    rules:
      - { select: system, action: keep }
      - { select: user.unique_id, action: pseudonymize }
`;

/** Writes the folder anew and returns it. */
export function writeConfig(folder: string, routes: readonly SmallRoute[]): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'policies'), { recursive: true });
  writeFileSync(
    join(folder, 'taxonomy.yaml'),
    'categories: { system: {}, user: {}, user.unique_id: {}, user.contact.email: {}, user.behavior: {} }\n',
  );
  writeFileSync(
    join(folder, 'purposes.yaml'),
    `purposes:
  analytics: { basis: { default: consent }, retention: { default: P3650D } }
  fraud: { basis: { default: legitimate_interest }, retention: { default: P3650D } }
`,
  );
  writeFileSync(join(folder, 'regimes.yaml'), 'regimes: { gdpr: [DE] }\ndefault: gdpr\n');
  for (const { name, from = `raw.${name}`, format = 'json', body = FIELDS + outputsOf(name) } of routes) {
    const head = `route: ${name}\nfrom: { topic: ${from}, format: ${format} }\n`;
    writeFileSync(join(folder, 'policies', `${name}.yaml`), head + body);
  }
  return folder;
}

const AT = Date.parse('2025-06-01T00:00:00Z');

/** The record number `id` of subject `c-SUBJECT`. */
export const event = (id: number, subject: number | string, v = 'x'): string =>
  `{"id":${id},"s":"c-${subject}","at":${AT + id},"e":"user${subject}@example.com","v":${JSON.stringify(v)}}`;

/** A line of a consents file. */
export const consent = (
  subject: number | string,
  decision: string,
  purpose = '*',
  at = '2025-01-01T00:00:00Z',
): string => JSON.stringify({ subject: `c-${subject}`, purpose, decision, at, method: 'explicit' });

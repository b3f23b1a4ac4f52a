/** DESIGN section 4: which rule decides about a field, and what categories inherit. */
import { beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, type Replayed, replayed } from './replayed.ts';

const TAXONOMY = `
categories:
  system: {}
  system.ops: {}
  user: {}
  user.unique_id: {}
  user.contact: {}
  user.contact.email: {}
  user.contact.email.work: {}
  user.contact.phone: {}
  user.contacts: {}
  user.other: {}
  username: {}
`;
const PURPOSES = `purposes:\n  ops: { basis: { default: contract }, retention: { default: P365D } }\n`;
const FIELDS = `
  id: user.unique_id
  a.one: user.contact.email
  a.two: user.contact.email
  "a.*": user.contact
  email: user.contact.email
  work: user.contact.email.work
  phone: user.contact.phone
  contacts: user.contacts
  other: user.other
  name: username
  ops: system.ops
  "items[].sku": user.other
  "items[].price": user.other
  "m.*.v": user.other
  m.k.v: user.other
  deep.**: user.other
  deep.x.y: user.contact.email
`;
const RECORD = {
  id: 'canary',
  a: { one: 1, two: 2, three: 3 },
  email: 1,
  work: 1,
  phone: 1,
  contacts: 1,
  other: 1,
  name: 'n',
  ops: 1,
  items: [{ sku: 1, price: 2 }],
  m: { k: { v: 1 }, l: { v: 2 } },
  deep: { x: { y: 1, z: 2 }, w: 3 },
};
const redact = (select: string, text: string) => `      - { select: "${select}", action: redact, with: ${text} }`;

const OUTPUTS: Record<string, { rules: string[]; value: object }> = {
  'category.longest': {
    rules: [redact('user', 'U'), redact('user.contact', 'C'), redact('user.contact.email', 'E')],
    value: {
      id: 'U',
      a: { one: 'E', two: 'E', three: 'C' },
      email: 'E',
      work: 'E',
      phone: 'C',
      contacts: 'U',
      other: 'U',
      items: [{ sku: 'U', price: 'U' }],
      m: { k: { v: 'U' }, l: { v: 'U' } },
      deep: { x: { y: 'E', z: 'U' }, w: 'U' },
    },
  },
  'category.order-of-rules-is-no-matter': {
    rules: [redact('user.contact.email', 'E'), redact('user.contact', 'C'), redact('user', 'U')],
    value: {
      id: 'U',
      a: { one: 'E', two: 'E', three: 'C' },
      email: 'E',
      work: 'E',
      phone: 'C',
      contacts: 'U',
      other: 'U',
      items: [{ sku: 'U', price: 'U' }],
      m: { k: { v: 'U' }, l: { v: 'U' } },
      deep: { x: { y: 'E', z: 'U' }, w: 'U' },
    },
  },
  'category.inherits-downwards-alone': {
    rules: [redact('user.contact.email', 'E'), redact('system', 'S')],
    value: { a: { one: 'E', two: 'E' }, email: 'E', work: 'E', ops: 'S', deep: { x: { y: 'E' } } },
  },
  'category.a-name-is-no-prefix-of-letters': {
    rules: [redact('user.contact', 'C')],
    value: { a: { one: 'C', two: 'C', three: 'C' }, email: 'C', work: 'C', phone: 'C', deep: { x: { y: 'C' } } },
  },
  'path.exact-beats-wildcard-beats-category': {
    rules: [redact('user.contact.email', 'E'), redact('a.*', 'W'), redact('a.one', 'P')],
    value: { a: { one: 'P', two: 'W', three: 'W' }, email: 'E', work: 'E', deep: { x: { y: 'E' } } },
  },
  'path.exact-beats-category': {
    rules: [redact('email', 'P'), redact('user.contact.email', 'E'), redact('m.k.v', 'K')],
    value: { a: { one: 'E', two: 'E' }, email: 'P', work: 'E', m: { k: { v: 'K' } }, deep: { x: { y: 'E' } } },
  },
  'path.of-elements': {
    rules: [redact('items[].sku', 'P'), redact('user.other', 'O')],
    value: {
      other: 'O',
      items: [{ sku: 'P', price: 'O' }],
      m: { k: { v: 'O' }, l: { v: 'O' } },
      deep: { x: { z: 'O' }, w: 'O' },
    },
  },
  'path.wildcard-of-maps': {
    rules: [redact('m.*.v', 'W'), redact('m.k.v', 'P')],
    value: { m: { k: { v: 'P' }, l: { v: 'W' } } },
  },
  'path.everything-beneath': {
    rules: [redact('deep.**', 'W'), redact('user.contact.email', 'E')],
    value: { a: { one: 'E', two: 'E' }, email: 'E', work: 'E', deep: { x: { y: 'W', z: 'W' }, w: 'W' } },
  },
  'path.a-drop-is-a-rule-too': {
    rules: [redact('user', 'U'), '      - { select: email, action: drop }', '      - { select: "a.*", action: drop }'],
    value: {
      id: 'U',
      work: 'U',
      phone: 'U',
      contacts: 'U',
      other: 'U',
      items: [{ sku: 'U', price: 'U' }],
      m: { k: { v: 'U' }, l: { v: 'U' } },
      deep: { x: { y: 'U', z: 'U' }, w: 'U' },
    },
  },
  'category.no-match-is-dropped': { rules: [redact('username', 'N')], value: { name: 'N' } },
};

const POLICY = `
route: rules
from: { topic: raw.rules, format: json }
subject: id
fields:${FIELDS}
outputs:
${Object.entries(OUTPUTS)
  .map(([topic, { rules }]) => `  - topic: ${topic}\n    purpose: ops\n    rules:\n${rules.join('\n')}`)
  .join('\n')}
`;

describe('rules', () => {
  let run: Replayed;
  beforeAll(async () => {
    run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { rules: POLICY } },
      lines: [JSON.stringify(RECORD)],
    });
  });

  it.each(Object.keys(OUTPUTS))('%s', (topic) => {
    expect(JSON.parse(outcomeOf(run.fate(0), topic))).toEqual(OUTPUTS[topic]?.value);
  });
});

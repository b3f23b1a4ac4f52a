import { describe, expect, it } from 'vitest';
import { type ConfigurationFiles, parseConfiguration } from '../../../../services/adapters/config/parse.ts';

const GOOD: ConfigurationFiles = {
  'taxonomy.yaml': 'categories:\n  system: {}\n  user: {}\n  user.health: { sensitive: true }\n',
  'purposes.yaml':
    'purposes:\n  analytics:\n    basis: { gdpr: consent, default: consent }\n    retention: { default: P365D }\n',
  'regimes.yaml': 'regimes: { gdpr: [AT, NO], ccpa: [US-CA] }\ndefault: gdpr\n',
  'policies/orders.yaml': `route: orders
from: { topic: raw.orders, format: json }
subject: customer.id
fields:
  customer.id: user
outputs:
  - topic: clean.orders
    purpose: analytics
    rules:
      - { select: user, action: keep }
`,
};

/** The good files, one of them replaced or changed. */
function withFile(file: string, change: string | ((text: string) => string)): ConfigurationFiles {
  const text = typeof change === 'string' ? change : change(GOOD[file] ?? '');
  return { ...GOOD, [file]: text };
}

const withRule = (rule: string) =>
  withFile('policies/orders.yaml', (text) => text.replace('{ select: user, action: keep }', rule));

function findings(files: ConfigurationFiles): string[] {
  const result = parseConfiguration(files);
  if (result.ok) return [];
  return result.problems.map(({ code, position: { file, line, col } }) => `${file}:${line}:${col} ${code}`);
}

const messages = (files: ConfigurationFiles): string[] => {
  const result = parseConfiguration(files);
  return result.ok ? [] : result.problems.map(({ message, fix }) => `${message}. ${fix}`);
};

describe('a good configuration', () => {
  it('is passed on as written', () => {
    const result = parseConfiguration(GOOD);
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.docs.regimes.value.regimes).toEqual({ gdpr: ['AT', 'NO'], ccpa: ['US-CA'] });
    expect(result.docs.policies.map((policy) => policy.file)).toEqual(['policies/orders.yaml']);
    expect(result.docs.policies[0]?.value.outputs[0]?.rules).toEqual([{ select: 'user', action: 'keep' }]);
  });

  it('says where each part was written, and of what is missing, where its parent was', () => {
    const result = parseConfiguration(GOOD);
    if (!result.ok) throw new Error('not ok');
    const [policy] = result.docs.policies;
    expect(policy?.at(['from', 'format'])).toEqual({ file: 'policies/orders.yaml', line: 2, col: 28 });
    expect(policy?.at(['outputs', 0, 'rules', 0])).toMatchObject({ line: 10, col: 9 });
    expect(policy?.at(['outputs', 0, 'key'])).toMatchObject({ line: 7, col: 5 });
    expect(policy?.at(['time'])).toMatchObject({ line: 1, col: 1 });
  });

  it('holds documents that nobody can change', () => {
    const result = parseConfiguration(GOOD);
    if (!result.ok) throw new Error('not ok');
    expect(Object.isFrozen(result.docs.policies[0]?.value.outputs[0]?.rules)).toBe(true);
    expect(Object.isFrozen(result.docs.policies[0]?.value.fields)).toBe(true);
    expect(Object.isFrozen(result.docs.policies[0]?.value)).toBe(true);
  });

  it('may have keys that mean something to JavaScript', () => {
    const text = (GOOD['policies/orders.yaml'] ?? '').replace(
      '  customer.id: user\n',
      '  customer.id: user\n  __proto__: user\n  constructor: user\n  toString: system\n',
    );
    const result = parseConfiguration(withFile('policies/orders.yaml', text));
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    const [policy] = result.docs.policies;
    expect(Object.entries(policy?.value.fields ?? {})).toEqual([
      ['customer.id', 'user'],
      ['__proto__', 'user'],
      ['constructor', 'user'],
      ['toString', 'system'],
    ]);
    expect(policy?.at(['fields', '__proto__'])).toMatchObject({ line: 6, col: 3 });
  });

  it('may share a part by alias', () => {
    const files = withFile('regimes.yaml', 'regimes: { gdpr: &eu [AT], other: *eu }\ndefault: gdpr\n');
    const result = parseConfiguration(files);
    expect(result.ok && result.docs.regimes.value.regimes).toEqual({ gdpr: ['AT'], other: ['AT'] });
  });

  it('carries the schema files that policies name, from outside of the folder too', () => {
    const files = {
      ...withFile('policies/orders.yaml', (text) =>
        text.replace('format: json', 'format: avro, schema: ../../schemas/x.avsc'),
      ),
      '../schemas/x.avsc': '{"type":"record","name":"X","fields":[]}',
    };
    const result = parseConfiguration(files);
    expect(result.ok && { ...result.docs.schemas }).toEqual({
      '../schemas/x.avsc': '{"type":"record","name":"X","fields":[]}',
    });
  });
});

const P = 'policies/orders.yaml';
const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefg'
  .split('')
  .map((n, i) => `${n}: &${n} [${`*${'abcdefg'[i]},`.repeat(9)}*${'abcdefg'[i]}]`)
  .join('\n')}\n`;

describe('what is wrong is named where it stands', () => {
  it.each<[string, ConfigurationFiles, string[]]>([
    ['a missing file', withoutFile('purposes.yaml'), ['purposes.yaml:1:1 missing-file']],
    ['no policy', withoutFile(P), ['policies/:1:1 missing-file']],
    ['an empty file', withFile('regimes.yaml', ''), ['regimes.yaml:1:1 empty-file']],
    ['a file of comments', withFile('regimes.yaml', '# none\n'), ['regimes.yaml:1:1 empty-file']],
    ['a list for a file', withFile('regimes.yaml', '- a\n'), ['regimes.yaml:1:1 wrong-type']],
    [
      'an unknown key',
      withFile(P, (t) => t.replace('subject:', 'sbject:')),
      [`${P}:1:1 missing-key`, `${P}:3:1 unknown-key`],
    ],
    [
      'two unknown keys',
      withFile('taxonomy.yaml', 'categories: {}\na: 1\nb: 2\n'),
      ['taxonomy.yaml:2:1 unknown-key', 'taxonomy.yaml:3:1 unknown-key'],
    ],
    [
      'an unknown flag',
      withFile('taxonomy.yaml', 'categories:\n  user: { sensitiv: true }\n'),
      ['taxonomy.yaml:2:11 unknown-key'],
    ],
    ['a null for a mapping', withFile('taxonomy.yaml', 'categories:\n  user:\n'), ['taxonomy.yaml:2:3 wrong-type']],
    [
      'a flag as text',
      withFile('taxonomy.yaml', 'categories:\n  user: { sensitive: yes }\n'),
      ['taxonomy.yaml:2:11 wrong-type'],
    ],
    [
      'a regime name with a space',
      withFile('regimes.yaml', 'default: gdpr\nregimes: { the eu: [AT] }\n'),
      ['regimes.yaml:2:12 invalid-value'],
    ],
    [
      'an unknown basis',
      withFile('purposes.yaml', (t) => t.replace('gdpr: consent', 'gdpr: consnt')),
      ['purposes.yaml:3:14 unknown-value'],
    ],
    [
      'a duration in months',
      withFile('purposes.yaml', (t) => t.replace('P365D', 'P12M')),
      ['purposes.yaml:4:18 invalid-value'],
    ],
    [
      'an empty duration',
      withFile('purposes.yaml', (t) => t.replace('P365D', 'PT')),
      ['purposes.yaml:4:18 invalid-value'],
    ],
    [
      'a purpose without basis',
      withFile('purposes.yaml', 'purposes:\n  a:\n    retention: { default: P1D }\n'),
      ['purposes.yaml:2:3 missing-key'],
    ],
    [
      'a region in small letters',
      withFile('regimes.yaml', 'regimes: { gdpr: [AT, de] }\ndefault: gdpr\n'),
      ['regimes.yaml:1:23 invalid-value'],
    ],
    [
      'a region that is a number',
      withFile('regimes.yaml', 'regimes: { gdpr: [276] }\ndefault: gdpr\n'),
      ['regimes.yaml:1:19 wrong-type'],
    ],
    [
      'one region for a list',
      withFile('regimes.yaml', 'regimes: { gdpr: AT }\ndefault: gdpr\n'),
      ['regimes.yaml:1:12 wrong-type'],
    ],
    [
      'no default regime',
      withFile('regimes.yaml', '# head\nregimes: { gdpr: [AT] }\n'),
      ['regimes.yaml:1:1 missing-key'],
    ],
    ['an unknown format', withFile(P, (t) => t.replace('json', 'xml')), [`${P}:2:28 unknown-value`]],
    ['a missing format', withFile(P, (t) => t.replace(', format: json', '')), [`${P}:2:1 missing-key`]],
    ['a topic Kafka refuses', withFile(P, (t) => t.replace('raw.orders', 'raw/orders')), [`${P}:2:9 invalid-value`]],
    ['a topic named ..', withFile(P, (t) => t.replace('raw.orders', '..')), [`${P}:2:9 invalid-value`]],
    ['no outputs', withFile(P, (t) => `${t.split('outputs')[0]}outputs: []\n`), [`${P}:6:1 invalid-value`]],
    ['an unknown action', withRule('{ select: user, action: kep }'), [`${P}:10:25 unknown-value`]],
    ['no action', withRule('{ select: user }'), [`${P}:10:9 missing-key`]],
    ['a rule that is text', withRule('keep'), [`${P}:10:9 wrong-type`]],
    [
      'an option of another action',
      withRule('{ select: user, action: mask, mask: email, ipv4: 24 }'),
      [`${P}:10:52 unknown-key`],
    ],
    ['an option on keep', withRule('{ select: user, action: keep, with: x }'), [`${P}:10:39 unknown-key`]],
    ['mask without style', withRule('{ select: user, action: mask }'), [`${P}:10:9 missing-key`]],
    ['an unknown mask', withRule('{ select: user, action: mask, mask: mail }'), [`${P}:10:39 unknown-value`]],
    [
      'a mask option misspelt',
      withRule('{ select: user, action: mask, mask: { frist: 1 } }'),
      [`${P}:10:47 unknown-key`],
    ],
    ['a negative mask', withRule('{ select: user, action: mask, mask: { first: -1 } }'), [`${P}:10:47 invalid-value`]],
    ['a mask that is a list', withRule('{ select: user, action: mask, mask: [] }'), [`${P}:10:39 unknown-value`]],
    [
      'one prefix length of two',
      withRule('{ select: user, action: truncate_ip, ipv4: 24 }'),
      [`${P}:10:9 missing-key`],
    ],
    [
      'too long a prefix',
      withRule('{ select: user, action: truncate_ip, ipv4: 33, ipv6: 129 }'),
      [`${P}:10:46 invalid-value`, `${P}:10:56 invalid-value`],
    ],
    ['half a bit', withRule('{ select: user, action: truncate_ip, ipv4: 8.5, ipv6: 0 }'), [`${P}:10:46 wrong-type`]],
    ['a step of zero', withRule('{ select: user, action: generalize, step: 0 }'), [`${P}:10:45 invalid-value`]],
    ['an unknown unit', withRule('{ select: user, action: generalize, to: week }'), [`${P}:10:45 unknown-value`]],
    [
      'a band that is text',
      withRule('{ select: user, action: generalize, bands: [18, old] }'),
      [`${P}:10:57 wrong-type`],
    ],
    ['infinity', withRule('{ select: user, action: generalize, step: .inf }'), [`${P}:10:45 wrong-type`]],
    ['a mapping as constant', withRule('{ select: user, action: redact, with: {} }'), [`${P}:10:41 wrong-type`]],
    [
      'a number beyond 2^53',
      withRule('{ select: user, action: redact, with: 9007199254740993 }'),
      [`${P}:10:47 number-imprecise`],
    ],
    [
      '__proto__ where it is no field',
      withRule('{ select: user, action: keep, __proto__: {} }'),
      [`${P}:10:39 unknown-key`],
    ],
    [
      'an absolute schema path',
      withFile(P, (t) => t.replace('json', 'avro, schema: /x.avsc')),
      [`${P}:2:42 invalid-value`],
    ],
    [
      'a schema file that is not there',
      withFile(P, (t) => t.replace('json', 'avro, schema: x.avsc')),
      [`${P}:2:42 missing-file`],
    ],
    [
      'a schema file that is no JSON',
      { ...withFile(P, (t) => t.replace('json', 'avro, schema: x.avsc')), 'policies/x.avsc': '{\n  "a": 1,\n}' },
      ['policies/x.avsc:3:1 schema-syntax'],
    ],
    [
      'what is wrong beneath keys that mean something to JavaScript',
      withFile(P, (t) => t.replace('customer.id: user', '__proto__: 5\n  constructor: []')),
      [`${P}:5:3 wrong-type`, `${P}:6:3 wrong-type`],
    ],
    [
      'a tag that YAML knows',
      withFile('regimes.yaml', 'regimes: { gdpr: [AT] }\ndefault: !!binary Z2Rwcg==\n'),
      ['regimes.yaml:2:10 yaml-syntax'],
    ],
    [
      'a schema path of Windows',
      withFile(P, (t) => t.replace('json', 'avro, schema: ..\\x.avsc')),
      [`${P}:2:42 invalid-value`],
    ],
    ['a duplicate key', withFile(P, (t) => `${t}subject: other\n`), [`${P}:11:1 duplicate-key`]],
    [
      'a duplicate field',
      withFile(P, (t) => t.replace('customer.id: user', 'a: user\n  a: system')),
      [`${P}:6:3 duplicate-key`],
    ],
    ['a tab', withFile('regimes.yaml', 'regimes:\n\tgdpr: [AT]\ndefault: gdpr\n'), ['regimes.yaml:2:1 yaml-syntax']],
    ['two documents', withFile('regimes.yaml', (t) => `${t}---\n${t}`), ['regimes.yaml:3:1 yaml-syntax']],
    [
      'an unclosed bracket',
      withFile('regimes.yaml', 'default: gdpr\nregimes: { gdpr: [AT }\n'),
      ['regimes.yaml:2:22 yaml-syntax', 'regimes.yaml:2:23 yaml-syntax'],
    ],
    ['a byte order mark', withFile('regimes.yaml', (t) => `\uFEFF${t}`), ['regimes.yaml:1:1 byte-order-mark']],
    [
      'a tag',
      withFile('regimes.yaml', 'regimes: { gdpr: [AT] }\ndefault: !js gdpr\n'),
      ['regimes.yaml:2:10 yaml-syntax'],
    ],
    [
      'an alias of nothing',
      withFile('regimes.yaml', 'regimes: { gdpr: *eu }\ndefault: gdpr\n'),
      ['regimes.yaml:1:18 yaml-syntax'],
    ],
    [
      'an alias of itself',
      withFile('regimes.yaml', 'regimes: &r { gdpr: *r }\ndefault: gdpr\n'),
      ['regimes.yaml:1:13 yaml-too-large'],
    ],
    ['an alias bomb', withFile('regimes.yaml', bomb), ['regimes.yaml:1:24 yaml-too-large']],
    ['nesting by the hundred', withFile('regimes.yaml', deep(200)), ['regimes.yaml:1:66 yaml-too-large']],
    ['nesting by the thousand', withFile('regimes.yaml', deep(20_000)), ['regimes.yaml:1:1 yaml-too-large']],
    [
      'a merge key',
      withFile('regimes.yaml', 'x: &x {}\nregimes: { gdpr: [AT] }\ndefault: gdpr\n<<: *x\n'),
      ['regimes.yaml:1:1 unknown-key', 'regimes.yaml:4:1 unknown-key'],
    ],
    [
      'YAML 1.1, where NO is false',
      withFile('regimes.yaml', (t) => `%YAML 1.1\n---\n${t}`),
      ['regimes.yaml:1:1 yaml-version'],
    ],
    ['a number as key', withFile(P, (t) => t.replace('customer.id: user', '1e3: user')), [`${P}:5:3 key-not-text`]],
    ['a boolean as key', withFile(P, (t) => t.replace('customer.id: user', 'true: user')), [`${P}:5:3 key-not-text`]],
    ['nothing as key', withFile(P, (t) => t.replace('customer.id: user', ': user')), [`${P}:5:3 key-not-text`]],
    ['a list as key', withFile(P, (t) => t.replace('customer.id: user', '? [a]\n  : user')), [`${P}:5:5 key-not-text`]],
  ])('%s', (_, files, expected) => {
    expect(findings(files)).toEqual(expected);
  });

  it('all of it at once, over all files', () => {
    const files = {
      'taxonomy.yaml': 'categoris: {}\n',
      'purposes.yaml': 'purposes: [\n',
      'policies/a.yaml': 'route: 1\n',
      'policies/b.yml': 'route: b\nroute: c\n',
    };
    const found = findings(files);
    for (const file of ['taxonomy.yaml', 'purposes.yaml', 'regimes.yaml', 'policies/a.yaml', 'policies/b.yml']) {
      expect(found.some((line) => line.startsWith(`${file}:`))).toBe(true);
    }
  });

  it.each([
    ['NO', 'NO'],
    ['on', 'on'],
    ['2026-01-05', '2026-01-05'],
    ['"1e3"', '1e3'],
    ["'true'", 'true'],
  ])('takes the key %s as text', (key, text) => {
    const result = parseConfiguration(withFile(P, (t) => t.replace('customer.id: user', `${key}: user`)));
    expect(result.ok && Object.keys(result.docs.policies[0]?.value.fields ?? {})).toEqual([text]);
  });
});

describe('what to do about it', () => {
  it.each<[ConfigurationFiles, string]>([
    [withFile(P, (t) => t.replace('subject:', 'subjcet:')), 'unknown key `subjcet`. Did you mean `subject`?'],
    [
      withRule('{ select: user, action: maks }'),
      '`action` cannot be "maks". Did you mean `mask`? Allowed: keep, drop, nullify, encrypt, redact, mask, pseudonymize, truncate_ip, generalize.',
    ],
    [
      withRule('{ select: user, action: keep, color: 1 }'),
      'unknown key `color` in `outputs[0].rules[0]`. Allowed: select, action.',
    ],
    [
      withFile('taxonomy.yaml', 'categories:\n  user:\n'),
      '`user` must be a mapping, not empty. Write `{}` if it has none.',
    ],
    [
      withFile('regimes.yaml', 'regimes: { gdpr: [276] }\ndefault: gdpr\n'),
      'entry 1 must be text, not a number. Write it in quotes.',
    ],
    [withFile('purposes.yaml', 'purposes:\n  a:\n    basis: {}\n'), '`retention` is missing in `purposes.a`. Add it.'],
    [withRule('{ select: user, action: generalize, step: 0 }'), '`step` is too small. Use more than 0.'],
    [
      withRule('{ select: user, action: redact, with: [] }'),
      '`with` must be text or a number or true or false, not a list. Write text or a number or true or false.',
    ],
  ])('is said', (files, message) => {
    expect(messages(files)).toContain(message);
  });
});

function withoutFile(file: string): ConfigurationFiles {
  return Object.fromEntries(Object.entries(GOOD).filter(([name]) => name !== file));
}

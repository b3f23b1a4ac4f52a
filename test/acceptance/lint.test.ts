/** DESIGN sections 4, 8 and 12, "Lint": every mistake at once, each at its place. */
import { beforeAll, describe, expect, it } from 'vitest';
import { folderOf, lethe, type Ran } from './command.ts';
import { configFiles } from './replayed.ts';

/**
 * `⟦` stands where a mistake must be reported, which is at the key for a value that belongs to one; `⟪` on its line (what
 * is missing is reported at its parent's line).
 */
const MARK = /[⟦⟪]/u;

type Place = { readonly file: string; readonly line: number; readonly col: number | null };

const TAXONOMY = `
categories:
  system: {}
  user: {}
  user.contact.email: {}
  plain: {}
`;
const PURPOSES = `
purposes:
  ops: { basis: { default: contract }, retention: { default: P30D } }
  partner.acme: { recipient: acme, basis: { default: consent }, retention: { default: P30D } }
`;
const HEAD = (n: number) => `route: r${n}\nfrom: { topic: raw.r${n}, format: json }\nsubject: id\n`;
const FIELDS = `fields:\n  e: system\n  email: user.contact.email\n  "list[].x": user\n  "map.*": user\n`;
const OUTPUT = (n: number, rules: string, more = '') =>
  `outputs:\n  - topic: clean.r${n}\n    purpose: ops\n${more}    rules:\n${rules}`;
const RULE = '      - { select: system, action: keep }\n';
const rule = (text: string) => (n: number) => `${HEAD(n)}${FIELDS}${OUTPUT(n, `      - ${text}\n`)}`;
const fields = (text: string) => (n: number) => `${HEAD(n)}fields:\n  e: system\n${text}\n${OUTPUT(n, RULE)}`;

/** Name, the policy, what the message must name. */
type Mistake = [string, (n: number) => string, RegExp];

/** Mistakes of shape: seen without knowing what names mean. */
const SHAPES: Mistake[] = [
  ['an unknown key at the top', (n) => `${HEAD(n)}⟦typo: 1\n${FIELDS}${OUTPUT(n, RULE)}`, /typo/],
  ['an unknown key of an output', (n) => `${HEAD(n)}${FIELDS}${OUTPUT(n, RULE, '    ⟦kye: none\n')}`, /kye/],
  [
    'an unknown key under from',
    (n) =>
      `route: r${n}\nfrom: { topic: raw.r${n}, format: json, ⟦offset: 1 }\nsubject: id\n${FIELDS}${OUTPUT(n, RULE)}`,
    /offset/,
  ],
  ['an unknown key of a rule', rule('{ select: email, action: keep, ⟦mask: email }'), /mask/],
  ['an option of another action', rule('{ select: email, action: redact, ⟦step: 5 }'), /step/],
  ['an unknown action', rule('{ select: email, ⟦action: hash }'), /action/],
  ['no action', rule('⟪{ select: email }'), /action/],
  ['no select', rule('⟪{ action: keep }'), /select/],
  [
    'no subject',
    (n) => `⟪route: r${n}\nfrom: { topic: raw.r${n}, format: json }\n${FIELDS}${OUTPUT(n, RULE)}`,
    /subject/,
  ],
  ['no outputs', (n) => `⟪${HEAD(n)}${FIELDS}`, /outputs/],
  [
    'no topic of the raw records',
    (n) => `route: r${n}\n⟪from: { format: json }\nsubject: id\n${FIELDS}${OUTPUT(n, RULE)}`,
    /topic/,
  ],
  ['no purpose', (n) => `${HEAD(n)}${FIELDS}outputs:\n  ⟪- topic: clean.r${n}\n    rules: []\n`, /purpose/],
  ['no rules', (n) => `${HEAD(n)}${FIELDS}outputs:\n  ⟪- topic: clean.r${n}\n    purpose: ops\n`, /rules/],
  ['an empty list of outputs', (n) => `${HEAD(n)}${FIELDS}⟦outputs: []\n`, /outputs/],
  ['a mask without its kind', rule('⟪{ select: email, action: mask }'), /mask/],
  ['an unknown mask', rule('{ select: email, action: mask, ⟦mask: iban }'), /mask/],
  ['truncate_ip without a length', rule('⟪{ select: email, action: truncate_ip, ipv4: 24 }'), /ipv6/],
  ['truncate_ip without the other', rule('⟪{ select: email, action: truncate_ip, ipv6: 48 }'), /ipv4/],
  ['more bits than an address has', rule('{ select: email, action: truncate_ip, ⟦ipv4: 33, ipv6: 48 }'), /ipv4|32/],
  ['a length below zero', rule('{ select: email, action: truncate_ip, ipv4: 24, ⟦ipv6: -1 }'), /ipv6|128/],
  ['an unknown unit', rule('{ select: email, action: generalize, ⟦to: week }'), /to|year/],
  ['a step of nothing', rule('{ select: email, action: generalize, ⟦step: 0 }'), /step|0/],
  [
    'an unknown format',
    (n) => `route: r${n}\nfrom: { topic: raw.r${n}, ⟦format: xml }\nsubject: id\n${FIELDS}${OUTPUT(n, RULE)}`,
    /format|json/,
  ],
  [
    'an unknown way with the unconsented',
    (n) => `${HEAD(n)}${FIELDS}${OUTPUT(n, RULE, '    ⟦unconsented: publish\n')}`,
    /unconsented|strip/,
  ],
  [
    'a topic that Kafka refuses',
    (n) => `route: r${n}\nfrom: { ⟦topic: "raw r", format: json }\nsubject: id\n${FIELDS}${OUTPUT(n, RULE)}`,
    /topic/i,
  ],
  ['a list where a map is expected', (n) => `${HEAD(n)}⟦fields: [e]\n${OUTPUT(n, RULE)}`, /fields/],
  ['a key twice', (n) => `${HEAD(n)}⟦subject: other\n${FIELDS}${OUTPUT(n, RULE)}`, /subject|twice|unique/i],
  ['a field twice', (n) => `${HEAD(n)}fields:\n  e: system\n  ⟦e: user\n${OUTPUT(n, RULE)}`, /twice|unique|e/],
];

/** Mistakes of meaning. */
const MEANINGS: Mistake[] = [
  ['a category nobody listed', fields('  ⟦email: user.contact.emial'), /user\.contact\.emial/],
  ['a rule for a category nobody listed', rule('{ ⟦select: user.kontact, action: keep }'), /user\.kontact/],
  ['a rule for a path nobody declared', rule('{ ⟦select: email.work, action: keep }'), /email\.work/],
  [
    'a select that is both a path and a category',
    (n) => `${HEAD(n)}fields:\n  plain: user\n${OUTPUT(n, '      - { ⟦select: plain, action: keep }\n')}`,
    /plain/,
  ],
  [
    'a select that is both under a wildcard',
    (n) =>
      `${HEAD(n)}fields:\n  "user.contact.*": system\n${OUTPUT(n, '      - { select: "user.contact.*", action: keep }\n      - { ⟦select: user.contact.email, action: keep }\n')}`,
    /user\.contact\.email/,
  ],
  [
    'an unknown purpose',
    (n) => `${HEAD(n)}${FIELDS}outputs:\n  - topic: clean.r${n}\n    ⟦purpose: analytix\n    rules: []\n`,
    /analytix/,
  ],
  ['a path with an empty step', fields('  ⟦a..b: system'), /a\.\.b/],
  ['a path that ends with a dot', fields('  ⟦"a.": system'), /a\./],
  ['a path with half a bracket', fields('  ⟦"a[": system'), /a\[/],
  ['an index in a path', fields('  ⟦"a[0]": system'), /a\[0\]/],
  ['a field that is scalar and container', fields('  a: system\n  ⟦a.b: system'), /a\.b|a/],
  [
    'a field that is object and array is fine, a scalar array is not',
    fields('  "a[]": system\n  ⟦"a[].b": system'),
    /a\[\]/,
  ],
  [
    'a subject that no path is',
    (n) => `route: r${n}\nfrom: { topic: raw.r${n}, format: json }\n⟦subject: "a..b"\n${FIELDS}${OUTPUT(n, RULE)}`,
    /a\.\.b/,
  ],
  [
    'a subject of which there are several',
    (n) => `route: r${n}\nfrom: { topic: raw.r${n}, format: json }\n⟦subject: "list[].x"\n${FIELDS}${OUTPUT(n, RULE)}`,
    /list/,
  ],
  ['a time of which there are several', (n) => `${HEAD(n)}⟦time: "map.*"\n${FIELDS}${OUTPUT(n, RULE)}`, /map/],
  ['a key that nobody declared', (n) => `${HEAD(n)}${FIELDS}${OUTPUT(n, RULE, '    ⟦key: nowhere\n')}`, /nowhere/],
  ['a key that no rule releases', (n) => `${HEAD(n)}${FIELDS}${OUTPUT(n, RULE, '    ⟦key: email\n')}`, /email/],
  [
    'a header of a category nobody listed',
    (n) => `${HEAD(n)}headers: { ⟦traceparent: sytsem }\n${FIELDS}${OUTPUT(n, RULE)}`,
    /sytsem/,
  ],
  ['generalize without saying how', rule('⟪{ select: email, action: generalize }'), /generalize/],
  ['generalize in two ways', rule('⟪{ select: email, action: generalize, to: year, step: 5 }'), /generalize|to|step/],
  ['bands that do not rise', rule('⟪{ select: email, action: generalize, bands: [18, 18] }'), /bands|rise|ascend/],
  [
    'two rules for one category',
    (n) => `${HEAD(n)}${FIELDS}${OUTPUT(n, `${RULE}      - { ⟦select: system, action: drop }\n`)}`,
    /system/,
  ],
  [
    'an output that is its own input',
    (n) => `${HEAD(n)}${FIELDS}outputs:\n  - ⟦topic: raw.r${n}\n    purpose: ops\n    rules: []\n`,
    /raw\.r/,
  ],
  [
    'one topic for two outputs',
    (n) => `${HEAD(n)}${FIELDS}${OUTPUT(n, RULE)}  - ⟦topic: clean.r${n}\n    purpose: ops\n    rules: []\n`,
    /clean\.r/,
  ],
  [
    'one of Lethe’s own topics',
    (n) => `${HEAD(n)}${FIELDS}outputs:\n  - ⟦topic: lethe.audit\n    purpose: ops\n    rules: []\n`,
    /lethe\.audit/,
  ],
  [
    'a route named before',
    (n) => `⟦route: rz\nfrom: { topic: raw.r${n}, format: json }\nsubject: id\n${FIELDS}${OUTPUT(n, RULE)}`,
    /rz/,
  ],
];

function placed(file: string, text: string): { text: string; places: Place[] } {
  const places: Place[] = [];
  let clean = '';
  for (const char of text) {
    if (MARK.test(char)) {
      const lines = clean.split('\n');
      places.push({ file, line: lines.length, col: char === '⟦' ? (lines.at(-1)?.length ?? 0) + 1 : null });
    } else clean += char;
  }
  return { text: clean, places };
}

function folderWith(
  mistakes: readonly Mistake[],
  more: Record<string, string> = {},
): { folder: string; places: Map<string, Place[]> } {
  const places = new Map<string, Place[]>();
  const files: Record<string, string> = {
    ...configFiles({ taxonomy: TAXONOMY, purposes: PURPOSES, policies: {} }),
    ...more,
  };
  for (const [i, [, policy]] of mistakes.entries()) {
    files[`config/policies/p${String(i).padStart(2, '0')}.yaml`] = policy(i);
  }
  for (const [name, marked] of Object.entries(files)) {
    const found = placed(name, marked);
    files[name] = found.text;
    places.set(name, found.places);
  }
  return { folder: folderOf(files), places };
}

const LINE = /^(.+?):(\d+):(\d+) ([a-z0-9-]+) (.+)$/;

type Found = { file: string; line: number; col: number; code: string; message: string };

function findings({ stdout }: Ran): Found[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((text) => {
      const [, file = '', line, col, code = '', message = ''] = LINE.exec(text) ?? [];
      if (file === '') throw new Error(`not file:line:col code message: ${text}`);
      return { file, line: Number(line), col: Number(col), code, message };
    });
}

const errorsOf = (all: Found[]): Found[] => all.filter(({ message }) => !message.startsWith('warning'));

describe.each([
  ['shape', SHAPES],
  ['meaning', MEANINGS],
])('mistakes of %s', (_, mistakes) => {
  const made =
    mistakes === MEANINGS
      ? folderWith(mistakes, {
          'config/policies/aa.yaml': `route: rz\nfrom: { topic: raw.rz, format: json }\nsubject: id\n${FIELDS}outputs:\n  - topic: clean.rz\n    purpose: ops\n    rules: []\n`,
        })
      : folderWith(mistakes);
  let ran: Ran;
  beforeAll(async () => {
    ran = await lethe(['lint', 'config'], { cwd: made.folder });
  });

  it('end with 1, on stdout', () => {
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 1, stderr: '' });
  });

  it.each(mistakes.map((one, i) => [...one, i] as const))('%s', (_name, _policy, names, i) => {
    const file = `config/policies/p${String(i).padStart(2, '0')}.yaml`;
    const found = errorsOf(findings(ran)).filter((one) => one.file === file);
    const [place] = made.places.get(file) ?? [];
    expect(found.map(({ line, col }) => ({ line, col: place?.col === null ? null : col }))).toEqual([
      { line: place?.line, col: place?.col },
    ]);
    expect(`${found[0]?.code} ${found[0]?.message}`).toMatch(names);
  });
});

describe('mistakes in the other files', () => {
  const GOOD = `${HEAD(0)}${FIELDS}${OUTPUT(0, RULE)}`;
  const FILES = ['taxonomy', 'purposes', 'regimes'] as const;
  it.each([
    ['taxonomy', 'categories:\n  system: { ⟦sensitiv: true }\n  user: {}\n  user.contact.email: {}\n', /sensitiv/],
    ['taxonomy', 'categories:\n  system: {}\n  user: {}\n  user.contact.email: {}\n  ⟦user..x: {}\n', /user\.\.x/],
    [
      'purposes',
      'purposes:\n  ops: { ⟦bases: { default: contract }, basis: { default: contract }, retention: { default: P30D } }\n',
      /bases/,
    ],
    ['purposes', 'purposes:\n  ops: { basis: { ⟦default: consents }, retention: { default: P30D } }\n', /consent/],
    ['purposes', 'purposes:\n  ops: { basis: { default: contract }, retention: { ⟦default: P1M } }\n', /P1M|duration/],
    [
      'purposes',
      'purposes:\n  ops: { basis: { default: contract }, retention: { ⟦default: 30 } }\n',
      /duration|text|string/,
    ],
    ['purposes', 'purposes:\n  ⟪ops: { retention: { default: P30D } }\n', /basis/],
    ['purposes', 'purposes:\n  ⟪ops: { basis: { default: contract } }\n', /retention/],
    ['purposes', 'purposes:\n  ops: { ⟪basis: { gdpr: contract }, retention: { default: P30D } }\n', /default/],
    ['purposes', 'purposes:\n  ops: { basis: { default: contract }, ⟪retention: { user: P30D } }\n', /default/],
    [
      'purposes',
      'purposes:\n  ops: { basis: { default: contract, ⟦gpdr: consent }, retention: { default: P30D } }\n',
      /gpdr/,
    ],
    [
      'purposes',
      'purposes:\n  ops: { basis: { default: contract }, retention: { default: P30D, ⟦user.lokation: P1D } }\n',
      /user\.lokation/,
    ],
    ['regimes', 'regimes: { gdpr: [DE] }\n⟦default: gpdr\n', /gpdr/],
    ['regimes', 'regimes: { gdpr: [DE], ccpa: [US-CA, ⟦DE] }\ndefault: gdpr\n', /DE/],
    ['regimes', '⟪regimes: { gdpr: [DE] }\n', /default/],
    ['regimes', 'regimes: { gdpr: [⟦Germany] }\ndefault: gdpr\n', /Germany|ISO/],
    ['regimes', 'regimes: { gdpr: [DE]\n⟪default: gdpr\n', /yaml/i],
  ] as [(typeof FILES)[number], string, RegExp][])('%s: %s', async (name, text, names) => {
    const { folder, places } = folderWith([['', () => GOOD, /^/]], { [`config/${name}.yaml`]: text });
    const ran = await lethe(['lint', 'config'], { cwd: folder });
    const [place] = places.get(`config/${name}.yaml`) ?? [];
    const found = errorsOf(findings(ran));
    expect(found).toContainEqual(
      expect.objectContaining({
        file: place?.file,
        line: place?.line,
        ...(place?.col === null ? {} : { col: place?.col }),
      }),
    );
    expect(found.map(({ code, message }) => `${code} ${message}`).join('\n')).toMatch(names);
    expect(ran.code).toBe(1);
  });

  it('all are told at once, a missing file too', async () => {
    const folder = folderOf({
      'config/taxonomy.yaml': 'categories:\n  system: { typo: 1 }\n',
      'config/purposes.yaml': 'purposes: { ops: { basis: { default: contract }, retention: { default: P1Y } } }\n',
      'config/policies/a.yaml': `${HEAD(1)}typo: 1\n${OUTPUT(1, RULE)}`,
      'config/policies/b.yaml': `${HEAD(2)}typo: 1\nother: 2\n${OUTPUT(2, RULE)}`,
    });
    const ran = await lethe(['lint', 'config'], { cwd: folder });
    expect(
      findings(ran)
        .map(({ file, line, col }) => `${file}:${line}:${col}`)
        .sort(),
    ).toEqual([
      'config/policies/a.yaml:4:1',
      'config/policies/b.yaml:4:1',
      'config/policies/b.yaml:5:1',
      'config/purposes.yaml:1:63',
      'config/regimes.yaml:1:1',
      'config/taxonomy.yaml:2:13',
    ]);
  });
});

describe('warnings', () => {
  const POLICY = `${HEAD(1)}fields:\n  ⟦"purchase.**": user\n  "meta.**": system\n${OUTPUT(1, '      - { select: user, action: redact }\n      - { select: system, action: keep }\n')}`;
  const REGIMES = 'regimes: { gdpr: [DE], ccpa: [US-CA] }\n⟦default: ccpa\n';
  const made = folderWith([['', () => POLICY, /^/]], {
    'config/regimes.yaml': REGIMES,
    'config/purposes.yaml':
      'purposes:\n  ops: { basis: { gdpr: consent, default: opt_out }, retention: { default: P30D } }\n',
  });
  const places = [...made.places.values()].flat();

  it('print and exit 0', async () => {
    const ran = await lethe(['lint', 'config'], { cwd: made.folder });
    expect(ran.code).toBe(0);
    const found = findings(ran);
    expect(
      found.map(({ file, line, col }) => ({ file, line, col })).sort((a, b) => a.file.localeCompare(b.file)),
    ).toEqual(places.sort((a, b) => a.file.localeCompare(b.file)));
    expect(errorsOf(found)).toEqual([]);
  });

  it('exit 1 where they are denied, until each is acknowledged with a reason', async () => {
    expect((await lethe(['lint', 'config', '--deny-warnings'], { cwd: made.folder })).code).toBe(1);
    const acknowledged = folderWith(
      [['', () => POLICY.replace('fields:\n', 'fields:\n  # lethe-ignore: deep-wildcard-personal a test\n'), /^/]],
      {
        'config/regimes.yaml': REGIMES.replace('ccpa\n', 'ccpa # lethe-ignore: default-regime-not-strictest a test\n'),
        'config/purposes.yaml':
          'purposes:\n  ops: { basis: { gdpr: consent, default: opt_out }, retention: { default: P30D } }\n',
      },
    );
    const ran = await lethe(['lint', 'config', '--deny-warnings'], { cwd: acknowledged.folder });
    expect(ran).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('do not keep a replay from running, and stay off its stdout', async () => {
    const folder = made.folder;
    const key = Buffer.alloc(32, 7).toString('base64');
    const inputs = folderOf({
      'in.jsonl': '{"id":"canary"}\n',
      'keys.json': JSON.stringify({ subject: key, pseudonym: key, dead_letter: key }),
    });
    const ran = await lethe(
      ['replay', 'config', '--in', `${inputs}/in.jsonl`, '--out', `${inputs}/out`, '--keys', `${inputs}/keys.json`],
      { cwd: folder },
    );
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout).records).toBe(1);
    expect(ran.stderr).toContain('config/regimes.yaml:2:1 ');
  });
});

describe('formats', () => {
  const made = folderWith([['', (n) => `${HEAD(n)}⟦typo: 1\n${FIELDS}${OUTPUT(n, RULE)}`, /^/]]);
  const place = { file: 'config/policies/p00.yaml', line: 4, col: 1 };
  const run = (format: string) => lethe(['lint', 'config', '--format', format], { cwd: made.folder });

  it('json', async () => {
    const { code, stdout } = await run('json');
    expect(code).toBe(1);
    const [problem, ...more] = JSON.parse(stdout);
    expect(more).toEqual([]);
    expect(problem).toMatchObject({
      severity: 'error',
      code: expect.stringMatching(/^[a-z-]+$/),
      message: expect.stringContaining('typo'),
    });
    expect({ ...problem, ...problem.position }).toMatchObject(place);
  });

  it('sarif', async () => {
    const { code, stdout } = await run('sarif');
    expect(code).toBe(1);
    const log = JSON.parse(stdout);
    expect(log.version).toBe('2.1.0');
    const [result, ...more] = log.runs[0].results;
    expect(more).toEqual([]);
    expect(log.runs[0].tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
    expect(result.level).toBe('error');
    expect(result.locations[0].physicalLocation).toMatchObject({
      artifactLocation: { uri: place.file },
      region: { startLine: place.line, startColumn: place.col },
    });
  });

  it('github', async () => {
    const { code, stdout } = await run('github');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^::error file=config\/policies\/p00\.yaml,line=4,col=1,title=[a-z-]+::.*typo.*\n$/);
  });

  it('a good configuration says nothing in text, and an empty list in json', async () => {
    const good = folderWith([['', (n) => `${HEAD(n)}${FIELDS}${OUTPUT(n, RULE)}`, /^/]]);
    const text = await lethe(['lint', 'config'], { cwd: good.folder });
    expect({ code: text.code, stderr: text.stderr, errors: errorsOf(findings(text)) }).toEqual({
      code: 0,
      stderr: '',
      errors: [],
    });
    const json = await lethe(['lint', 'config', '--format', 'json'], { cwd: good.folder });
    expect(JSON.parse(json.stdout).filter(({ severity }: { severity: string }) => severity === 'error')).toEqual([]);
    const sarif = await lethe(['lint', 'config', '--format', 'sarif'], { cwd: good.folder });
    expect(JSON.parse(sarif.stdout).runs[0].results.length).toBe(JSON.parse(json.stdout).length);
  });

  it('the examples of the repository are good', async () => {
    expect(await lethe(['lint', 'config', '--deny-warnings'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});

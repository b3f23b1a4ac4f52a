import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestFiles } from '../../../../services/adapters/config/digest.ts';
import { compileBundle, type LoadResult, loadBundle } from '../../../../services/adapters/config/load.ts';

const ROOT = join(import.meta.dirname, '../../../..');

let base = '';
let config = '';
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'lethe-config-'));
  config = join(base, 'config');
  cpSync(join(ROOT, 'config'), config, { recursive: true });
  mkdirSync(join(base, 'schemas'));
  cpSync(join(ROOT, 'schemas/examples'), join(base, 'schemas/examples'), { recursive: true });
});
afterEach(() => rmSync(base, { recursive: true }));

const write = (file: string, content: string | Uint8Array) => writeFileSync(join(config, file), content);
const change = (file: string, from: string, to: string) => {
  const text = readFileSync(join(config, file), 'utf8');
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
  write(file, text.replace(from, to));
};

function found(result: LoadResult): string[] {
  const problems = result.ok ? result.warnings : result.problems;
  return problems.map(({ code, severity, position: { file, line } }) => `${file}:${line} ${severity} ${code}`);
}

describe('loading a folder', () => {
  it('gives a bundle that needs nothing outside of itself', async () => {
    const loaded = await loadBundle(config);
    if (!loaded.ok) throw new Error(found(loaded).join('\n'));
    expect(Object.keys(loaded.bundle.files).sort()).toEqual([
      '../schemas/examples/clickstream.avsc',
      'guards.yaml',
      'policies/clickstream.yaml',
      'policies/customer-events.yaml',
      'purposes.yaml',
      'regimes.yaml',
      'taxonomy.yaml',
    ]);
    expect(loaded.bundle.digest).toBe(digestFiles(loaded.bundle.files));
    const stored = JSON.parse(JSON.stringify(loaded.bundle));
    rmSync(base, { recursive: true });
    mkdirSync(base);
    const again = compileBundle(stored);
    if (!again.ok) throw new Error(found(again).join('\n'));
    expect(again.compiled.routes.map(({ plan }) => plan)).toEqual(loaded.compiled.routes.map(({ plan }) => plan));
    expect(again.compiled.routes.map(({ schemaText }) => schemaText)).toEqual([
      loaded.bundle.files['../schemas/examples/clickstream.avsc'],
      null,
    ]);
  });

  it.each(['guards.yml', 'guard.yaml', 'Guards.yaml'])('does not let guards go unread: %s', async (file) => {
    write(file, 'guards: []\n');
    expect(found(await loadBundle(config))).toEqual([`${file}:1 error unread-file`]);
  });

  it('reads no guards where there are none', async () => {
    rmSync(join(config, 'guards.yaml'));
    const loaded = await loadBundle(config);
    expect(loaded.ok && loaded.compiled.guards).toEqual([]);
  });

  it('does not read tests, settings, hidden files or anything else', async () => {
    const before = await loadBundle(config);
    write('policies/customer-events.test.yaml', 'tests: []\n');
    write('policies/other.test.yml', 'x');
    write('policies/README.md', 'x');
    write('policies/.#clickstream.yaml', 'x');
    write('gateway.yaml', 'x');
    write('notes.txt', 'x');
    const after = await loadBundle(config);
    expect(found(after)).toEqual([]);
    expect(after.ok && before.ok && after.bundle.digest === before.bundle.digest).toBe(true);
  });

  it('follows the links that Kubernetes mounts configuration as', async () => {
    const mounted = join(base, 'mounted');
    mkdirSync(join(mounted, 'policies'), { recursive: true });
    cpSync(config, join(mounted, '..data'), { recursive: true });
    const files = ['taxonomy.yaml', 'purposes.yaml', 'regimes.yaml', 'guards.yaml', 'policies/customer-events.yaml'];
    for (const file of files) {
      symlinkSync(join(mounted, '..data', file), join(mounted, file));
    }
    rmSync(join(config, 'policies/clickstream.yaml'));
    const [linked, plain] = [await loadBundle(mounted), await loadBundle(config)];
    expect(linked.ok && plain.ok && linked.bundle.digest === plain.bundle.digest).toBe(true);
  });

  it('reads .yml policies too', async () => {
    cpSync(join(config, 'policies/clickstream.yaml'), join(config, 'policies/second.yml'));
    expect(found(await loadBundle(config)).join()).toContain('policies/second.yml:');
  });

  it('changes the digest with any byte, of a schema file too', async () => {
    const before = await loadBundle(config);
    const schema = join(base, 'schemas/examples/clickstream.avsc');
    writeFileSync(schema, `${readFileSync(schema, 'utf8')} `);
    const after = await loadBundle(config);
    expect(after.ok && before.ok && after.bundle.digest !== before.bundle.digest).toBe(true);
  });
});

describe('what is wrong with a folder', () => {
  it('is said of all files at once', async () => {
    change('taxonomy.yaml', 'user.name: {}', 'user.name: { sensitiv: true }');
    change('policies/clickstream.yaml', 'purpose: analytics', 'purpose: nobody-listed-this');
    change('policies/customer-events.yaml', 'subject: customer.id', 'subject: 5');
    rmSync(join(config, 'regimes.yaml'));
    write('purposes.yaml', Buffer.from('purposes:\n  a: "\xff"\n', 'latin1'));
    expect(found(await loadBundle(config))).toEqual([
      'policies/customer-events.yaml:8 error wrong-type',
      'purposes.yaml:2 error not-utf8',
      'regimes.yaml:1 error missing-file',
      'taxonomy.yaml:11 error unknown-key',
    ]);
  });

  it('is said of shapes and meanings at once, in one file and across files', async () => {
    change('taxonomy.yaml', 'user.name: {}', 'user.name: { sensitiv: true }');
    change('guards.yaml', 'category: user.biometric', 'category: user.nobody_listed_this');
    write(
      'policies/extra.yaml',
      `route: extra
typo: 1
from: { topic: raw.extra, format: json }
subject: id
fields: { id: user.unique_id }
outputs:
  - topic: clean.extra
    purpose: analytics
    key: id
    rules:
      - { select: user.unique_id, action: pseudonymise }
      - { select: user.nowhere, action: keep }
      - { select: system, action: mask, mask: nothing }
      - { select: user.nobody, action: keep }
  - purpose: analytics
    rules: []
  - { topic: clean.extra2, purpose: nobody, rules: [] }
`,
    );
    change('policies/customer-events.yaml', 'subject: customer.id', 'subject: 5');
    expect(found(await loadBundle(config))).toEqual([
      expect.stringMatching(/^guards.yaml:\d+ error category-unknown$/),
      'policies/customer-events.yaml:8 error wrong-type',
      'policies/extra.yaml:2 error unknown-key',
      'policies/extra.yaml:11 error unknown-value',
      'policies/extra.yaml:12 error select-unknown',
      'policies/extra.yaml:13 error unknown-value',
      'policies/extra.yaml:14 error select-unknown',
      'policies/extra.yaml:15 error missing-key',
      'policies/extra.yaml:17 error purpose-unknown',
      'taxonomy.yaml:11 error unknown-key',
    ]);
  });

  it('is not guessed at where the shape of what others name is wrong', async () => {
    change('purposes.yaml', '    retention: { default: P180D }', '    retention: { default: P6M }');
    write('taxonomy.yaml', 'categories: [system, user]\n');
    expect(found(await loadBundle(config))).toEqual([
      expect.stringMatching(/^purposes.yaml:\d+ error invalid-value$/),
      'taxonomy.yaml:1 error wrong-type',
    ]);
  });

  it('does not blame the rules that are left for one that cannot be read', async () => {
    change('policies/customer-events.yaml', 'subject: customer.id', 'subject: customer.id\ntypo: 1');
    const lines = found(await loadBundle(config));
    expect(lines).toEqual(['policies/customer-events.yaml:9 error unknown-key']);
    const guarded = (rule: string) => `route: extra
from: { topic: raw.extra, format: json }
subject: id
fields: { id: user.unique_id, sick: user.health }
outputs:
  - topic: clean.extra
    purpose: marketing
    rules:
      - { select: user.health, action: ${rule} }
      - { select: user, action: keep }
`;
    write('policies/extra.yaml', guarded('dorp'));
    expect(found(await loadBundle(config))).toEqual([...lines, 'policies/extra.yaml:9 error unknown-value']);
    write('policies/extra.yaml', guarded('redact'));
    expect(found(await loadBundle(config))).toEqual([...lines, 'policies/extra.yaml:9 error guard-broken']);
  });

  it('is said of meanings where all shapes are right', async () => {
    change('policies/clickstream.yaml', 'purpose: analytics', 'purpose: nobody-listed-this');
    change('policies/customer-events.yaml', 'event_type: system', 'event_type: sytem');
    const lines = found(await loadBundle(config));
    expect(lines.some((line) => line.startsWith('policies/clickstream.yaml:28 error'))).toBe(true);
    expect(lines.some((line) => line.startsWith('policies/customer-events.yaml:14 error'))).toBe(true);
  });

  it.each<[string, () => void, string[]]>([
    ['a folder that is not there', () => rmSync(config, { recursive: true }), ['.:1 error missing-folder']],
    ['no policies', () => rmSync(join(config, 'policies'), { recursive: true }), ['policies/:1 error missing-file']],
    [
      'a folder for a file',
      () => {
        rmSync(join(config, 'regimes.yaml'));
        mkdirSync(join(config, 'regimes.yaml'));
      },
      ['regimes.yaml:1 error unreadable-file'],
    ],
    ['a huge file', () => write('regimes.yaml', '#'.repeat(3_000_000)), ['regimes.yaml:1 error file-too-large']],
    ['a byte order mark', () => change('regimes.yaml', '#', '\uFEFF#'), ['regimes.yaml:1 error byte-order-mark']],
    [
      'UTF-16',
      () => write('regimes.yaml', Buffer.from('\uFEFFdefault: x', 'utf16le')),
      ['regimes.yaml:1 error not-utf8'],
    ],
    [
      'a missing schema',
      () => rmSync(join(base, 'schemas'), { recursive: true }),
      ['policies/clickstream.yaml:6 error missing-file'],
    ],
    [
      'a schema that is no UTF-8',
      () => writeFileSync(join(base, 'schemas/examples/clickstream.avsc'), Buffer.from([0x22, 0xff, 0x22])),
      ['../schemas/examples/clickstream.avsc:1 error not-utf8'],
    ],
    [
      'the only policy unreadable',
      () => {
        rmSync(join(config, 'policies/clickstream.yaml'));
        write('policies/customer-events.yaml', Buffer.from([0xff]));
      },
      ['policies/customer-events.yaml:1 error not-utf8'],
    ],
    ['a policy too deep', () => mkdirSync(join(config, 'policies/more')), ['policies/more/:1 warning unread-file']],
    ['a name that is not read', () => write('taxonomy.yml', ''), ['taxonomy.yml:1 warning unread-file']],
  ])('%s', async (_, spoil, expected) => {
    spoil();
    expect(found(await loadBundle(config))).toEqual(expected);
  });
});

describe('a stored bundle', () => {
  it('is refused where its content is not what the digest names', async () => {
    const loaded = await loadBundle(config);
    if (!loaded.ok) throw new Error('not ok');
    const files = { ...loaded.bundle.files, 'regimes.yaml': `${loaded.bundle.files['regimes.yaml']} ` };
    expect(found(compileBundle({ digest: loaded.bundle.digest, files }))).toEqual(['(bundle):1 error digest-mismatch']);
    expect(compileBundle({ digest: digestFiles(files), files }).ok).toBe(true);
  });

  it('reports what is wrong like a folder does', () => {
    const files = { 'taxonomy.yaml': 'categories: []\n' };
    expect(found(compileBundle({ digest: digestFiles(files), files }))).toContain('taxonomy.yaml:1 error wrong-type');
  });
});

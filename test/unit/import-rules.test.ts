import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What is planted, and the rule that must report it, or null where it must be let through. */
const PLANTED: readonly (readonly [file: string, source: string, rule: string | null])[] = [
  // core imports only core
  ['services/core/a/clean.ts', `import '../b.ts'; import type { B } from '../c/b.ts'; export type A = B;`, null],
  ['services/core/builtin.ts', `import 'node:fs';`, 'boundaries'],
  ['services/core/builtin-unprefixed.ts', `import 'fs/promises';`, 'boundaries'],
  ['services/core/package.ts', `import 'zod';`, 'boundaries'],
  ['services/core/adapter.ts', `import '../adapters/kafka/a.ts';`, 'boundaries'],
  [
    'services/core/type-of-adapter.ts',
    `import type { A } from '../adapters/kafka/a.ts'; export type B = A;`,
    'boundaries',
  ],
  ['services/core/inline-type.ts', `export type A = import('../adapters/kafka/a.ts').A;`, 'boundaries'],
  ['services/core/again.ts', `export * from '../gateway/a.ts';`, 'boundaries'],
  ['services/core/again-named.ts', `export { a } from '../gateway/a.ts';`, 'boundaries'],
  ['services/core/late.ts', `export const a = () => import('../gateway/a.ts');`, 'boundaries'],
  ['services/core/computed.ts', `export const a = (b: string) => import(b);`, 'boundaries'],
  ['services/core/main.ts', `import '../adapters/kafka/a.ts';`, 'boundaries'],
  ['services/core/absolute.ts', `import '/services/core/a.ts';`, 'boundaries'],
  ['services/core/url.ts', `import 'file:///services/core/a.ts';`, 'boundaries'],
  ['services/core/look-alike.ts', `import '../core-more/a.ts';`, 'boundaries'],
  ['services/core/roundabout.ts', `import './../core/../adapters/a/b.ts';`, 'boundaries'],
  // core is pure
  ['services/core/now.ts', `export const a = Date.now();`, 'pure'],
  ['services/core/now-in-brackets.ts', `export const a = Date['now']();`, 'pure'],
  ['services/core/new-date.ts', `export const a = new Date();`, 'pure'],
  ['services/core/dated.ts', `export const a = (at: number) => new Date(at);`, null],
  ['services/core/random.ts', `export const a = Math.random();`, 'pure'],
  ['services/core/process.ts', `export const a = process.env;`, 'no-restricted-globals'],
  ['services/core/fetch.ts', `export const a = () => fetch('http://127.0.0.1');`, 'no-restricted-globals'],
  ['services/core/console.ts', `console.log('a');`, 'no-console'],
  ['services/gateway/clock.ts', `export const a = Date.now();`, null],
  // an adapter imports core, itself, node and its own library
  [
    'services/adapters/kafka/clean.ts',
    `import 'kafkajs'; import 'node:net'; import '../../core/a.ts'; import './b/c.ts';`,
    null,
  ],
  ['services/adapters/kafka/deep/clean.ts', `import '../a.ts'; import '../../../core/a.ts';`, null],
  ['services/adapters/registry/scoped.ts', `import '@kafkajs/confluent-schema-registry/x';`, null],
  ['services/adapters/redis/foreign.ts', `import 'kafkajs';`, 'boundaries'],
  ['services/adapters/crypto/package.ts', `import 'zod';`, 'boundaries'],
  ['services/adapters/brand-new/package.ts', `import 'zod';`, 'boundaries'],
  ['services/adapters/redis/other.ts', `import '../kafka/a.ts';`, 'boundaries'],
  ['services/adapters/redis/look-alike.ts', `import '../redis-more/a.ts';`, 'boundaries'],
  ['services/adapters/redis/main.ts', `import '../kafka/a.ts';`, 'boundaries'],
  ['services/adapters/redis/gateway.ts', `import '../../gateway/a.ts';`, 'boundaries'],
  ['services/adapters/redis/test.ts', `import '../../../test/a.ts';`, 'boundaries'],
  ['services/adapters/nobody.ts', `import './kafka/a.ts';`, 'boundaries'],
  // programs import core and themselves; main.ts wires
  ['services/gateway/clean.ts', `import '../core/a.ts'; import './b.ts'; import 'node:timers/promises';`, null],
  ['services/gateway/main.ts', `import '../adapters/kafka/a.ts'; import '../core/a.ts';`, null],
  ['services/cli/main.ts', `import '../gateway/main.ts'; import './push.main.ts';`, null],
  ['services/cli/push.main.ts', `import '../adapters/redis/a.ts';`, null],
  ['services/cli/commander.ts', `import 'commander';`, null],
  ['services/gateway/wires.ts', `import '../adapters/kafka/a.ts';`, 'boundaries'],
  ['services/gateway/domain.ts', `import '../adapters/kafka/a.ts';`, 'boundaries'],
  ['services/gateway/package.ts', `import 'kafkajs';`, 'boundaries'],
  ['services/gateway/control.ts', `import '../control/a.ts';`, 'boundaries'],
  ['services/control/gateway.ts', `import '../gateway/a.ts';`, 'boundaries'],
  ['services/cli/gateway.ts', `import '../gateway/a.ts';`, 'boundaries'],
  ['services/cli/deploy/main.ts', `import '../../../deploy/a.ts';`, 'boundaries'],
  // the rest of the tree may look at everything
  ['test/unit/clean.ts', `import '../../services/adapters/kafka/a.ts'; import 'zod'; import 'node:fs';`, null],
  // the other rules that `npm run check` promises
  ['services/gateway/floating.ts', `const a = async () => 1; export const b = () => { a(); };`, 'no-floating-promises'],
  [
    'services/gateway/switch.ts',
    `export const a = (b: 'x' | 'y') => { switch (b) { case 'x': return 1; } return 2; };`,
    'switch-exhaustiveness-check',
  ],
  ['services/gateway/cycle-a.ts', `export * from './cycle-b.ts';`, 'no-cycle'],
  ['services/gateway/cycle-b.ts', `export * from './cycle-a.ts';`, 'no-cycle'],
];

describe('the import rules', () => {
  const copy = mkdtempSync(join(tmpdir(), 'lethe-imports-'));
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  let status: number | null = null;
  const reported = new Map<string, Set<string>>();

  beforeAll(() => {
    for (const part of ['.oxlintrc.json', '.ci', 'tsconfig.json', 'package.json']) {
      cpSync(join(root, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    for (const [file, source] of PLANTED) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      writeFileSync(join(copy, file), `${source}\n`);
    }
    // The very command of `npm run check`.
    const run = spawnSync(
      process.execPath,
      [join(root, 'node_modules/oxlint/bin/oxlint'), '--deny-warnings', '--format', 'json'],
      {
        cwd: copy,
        encoding: 'utf8',
      },
    );
    status = run.status;
    const { diagnostics } = JSON.parse(run.stdout) as { diagnostics: { filename: string; code: string }[] };
    for (const { filename, code } of diagnostics) {
      const rules = reported.get(filename) ?? new Set();
      rules.add(/\((.+)\)/.exec(code)?.[1] ?? code);
      reported.set(filename, rules);
    }
  }, 60_000);

  it('make the lint fail', () => {
    expect(status).toBe(1);
  });

  it.each(PLANTED.filter(([, , rule]) => rule !== null))('report %s: %s', (file, _, rule) => {
    expect([...(reported.get(file) ?? [])]).toContain(rule);
  });

  it.each(PLANTED.filter(([, , rule]) => rule === null))('let %s through: %s', (file) => {
    expect([...(reported.get(file) ?? [])]).toEqual([]);
  });
});

import { relative } from 'node:path';
import { formatProblems } from '../adapters/config/format.ts';
import { inOrder, loadBundle } from '../adapters/config/load.ts';
import { loadPolicyTests } from '../adapters/config/policy-tests.ts';
import { makeKeyring } from '../adapters/crypto/keyring.ts';
import { KEY_NAMES, parseKeys } from '../adapters/crypto/keys.ts';
import { makeJsonCodec } from '../core/apply/json/json-codec.ts';
import { makeEngine } from '../core/engine.ts';
import { standInCiphers } from '../core/apply/encrypt.ts';
import { LetheError } from '../core/errors.ts';
import { watchPseudonyms } from '../core/policy-test/run.ts';
import type { TestOptions } from './commands/test.ts';
import { EXIT } from './exit.ts';
import { planOfRoute } from './routes.ts';
import { runPolicyTests } from './test.ts';
import { formatTestRun } from './test-report.ts';

/** The same everywhere, and known to all: pseudonyms in tests are stable and worth nothing. */
const TEST_KEYS = JSON.stringify(
  Object.fromEntries(KEY_NAMES.map((name, index) => [name, Buffer.alloc(32, index + 1).toString('base64')])),
);

/** `lethe test DIR`: results on stdout; exit 1 where a test fails, none was run, or too little was covered. */
export async function test(dir: string, options: TestOptions): Promise<number> {
  const loaded = await loadBundle(dir);
  const { suites, rules, problems } = await loadPolicyTests(dir, loaded.ok ? loaded.bundle : null);
  const all = inOrder([...(loaded.ok ? loaded.warnings : loaded.problems), ...problems]);
  if (!loaded.ok || problems.length > 0) {
    process.stderr.write(formatProblems(all, 'text', relative('.', dir)));
    throw new LetheError('invalid_config', `${dir} cannot be tested: see the problems listed above`, {
      fix: `Correct them; "lethe lint ${dir}" lists them again.`,
    });
  }

  const { keyring, watched } = watchPseudonyms(makeKeyring(parseKeys(TEST_KEYS, 'the keys of policy tests')));
  const run = await runPolicyTests({
    suites,
    routes: loaded.compiled.routes.map((route) => {
      const plan = planOfRoute(route);
      return { plan, codec: makeJsonCodec(plan, keyring), rules: rules.get(route.name) ?? [] };
    }),
    engine: makeEngine({ keyring, ciphers: standInCiphers(keyring) }),
    pseudonyms: watched,
    strict: options.strict === true,
    ...(options.filter === undefined ? {} : { filter: options.filter }),
  });

  process.stdout.write(formatTestRun(run, options, relative('.', dir)));
  const { complaint } = run.verdict(options.coverageMin ?? null);
  if (complaint !== null) process.stderr.write(`lethe: ${complaint}\n`);
  return complaint === null ? EXIT.ok : EXIT.findings;
}

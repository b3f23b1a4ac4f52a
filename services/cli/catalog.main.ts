import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { valueSubject } from '../adapters/avro/output-schemas.ts';
import { formatProblems } from '../adapters/config/format.ts';
import { parseConfiguration } from '../adapters/config/parse.ts';
import { loadPolicyTests } from '../adapters/config/policy-tests.ts';
import { makeRegistry } from '../adapters/registry/registry.ts';
import { makeJsonCodec } from '../core/apply/json/json-codec.ts';
import { makeCatalog } from '../core/catalog/catalog.ts';
import { collectExamples, EXAMPLE_KEYRING } from '../core/catalog/example.ts';
import { consentStateOf } from '../core/decide/consent-state.ts';
import { makeEngine } from '../core/engine.ts';
import { standInCiphers } from '../core/apply/encrypt.ts';
import { LetheError } from '../core/errors.ts';
import type { PolicyTestSuite } from '../core/policy-test/policy-test.ts';
import type { CompiledBundle } from '../core/policy/plan.ts';
import type { Bundle } from '../core/ports.ts';
import { catalogAsHtml } from './catalog-html.ts';
import { catalogAsJson } from './catalog-json.ts';
import { catalogAsMarkdown } from './catalog-markdown.ts';
import { type ExampleSource, gatherExamples } from './catalog-examples.ts';
import type { CatalogOptions } from './commands/catalog.ts';
import { usableConfiguration } from './configuration.main.ts';
import { EXIT } from './exit.ts';
import { bytesOf, sizeOfFile } from './files.ts';
import { NO_SCHEMAS, rawSchemasOf } from './raw-schemas.ts';
import { readReplayConsents } from './replay-consents.ts';
import { chooseRoute, planOfRoute } from './routes.ts';
import { commandSettings } from './settings.main.ts';
import { timeOption } from './time-option.ts';

const RENDER = { html: catalogAsHtml, md: catalogAsMarkdown, json: catalogAsJson } as const;

/** `lethe catalog DIR`: the catalogue on stdout, or in the file of `--out`. */
export async function catalog(dir: string, options: CatalogOptions): Promise<number> {
  refuseWithoutInput(options);
  const { bundle, compiled } = await usableConfiguration(dir);
  const settings = commandSettings(options, [], ['registry']);
  const source = await recordsOf(options, compiled);
  if (source === null) return EXIT.findings;
  const suites = await testsIn(dir, bundle);
  const registry = settings.registry === null ? null : makeRegistry(settings.registry);
  const schemas = await rawSchemasOf(compiled, registry, valueSubject);
  const examples = collectExamples();
  const engine = makeEngine({ keyring: EXAMPLE_KEYRING, ciphers: standInCiphers(EXAMPLE_KEYRING) });
  for (const route of compiled.routes) {
    const plan = planOfRoute(route);
    const codec = makeJsonCodec(plan, EXAMPLE_KEYRING, settings.limits);
    const bench = { plan, codec, engine, maxBytes: settings.limits.maxBytes };
    const tests = suites.flatMap((suite) => (suite.route === route.name ? [suite] : []));
    await gatherExamples(examples, bench, source.route === route.name ? source : { kind: 'tests', suites: tests });
  }
  const made = makeCatalog({
    digest: bundle.digest,
    compiled,
    purposes: purposesIn(bundle),
    schemasOf: ({ name }) => schemas.get(name) ?? NO_SCHEMAS,
    examplesOf: examples.of,
  });
  print(RENDER[options.format](made), options.out);
  return EXIT.ok;
}

function refuseWithoutInput({ in: file, route, consents, now }: CatalogOptions): void {
  if (file !== undefined) return;
  for (const [flag, value] of Object.entries({ '--route': route, '--consents': consents, '--now': now })) {
    if (value === undefined) continue;
    throw new LetheError('usage', `${flag}: it is about the records of --in, and none are given`, {
      fix: 'Give --in FILE as well, or leave it out.',
    });
  }
}

type Source = (ExampleSource & { readonly route: string }) | { readonly kind: 'tests'; readonly route: null };

/** Null: the consents file has bad lines, which are told on stderr. */
async function recordsOf(options: CatalogOptions, compiled: CompiledBundle): Promise<Source | null> {
  const { in: file, consents: consentsFile } = options;
  if (file === undefined) return { kind: 'tests', route: null };
  sizeOfFile(file, '--in');
  const now = options.now === undefined ? Date.now() : timeOption(options.now, '--now');
  const { name } = chooseRoute(compiled, options.route);
  if (consentsFile !== undefined) sizeOfFile(consentsFile, '--consents');
  const consents = consentsFile === undefined ? null : await readReplayConsents(consentsFile, bytesOf(consentsFile));
  if (consents !== null && !consents.ok) {
    process.stderr.write(`${consents.problems.join('\n')}\n`);
    return null;
  }
  const stateOf = consents === null ? () => consentStateOf([]) : consents.stateOf;
  return { kind: 'records', route: name, file, open: () => bytesOf(file), stateOf, now };
}

async function testsIn(dir: string, bundle: Bundle): Promise<readonly PolicyTestSuite[]> {
  const { suites, problems } = await loadPolicyTests(dir, bundle);
  if (problems.length === 0) return suites;
  process.stderr.write(formatProblems(problems, 'text', relative('.', dir)));
  throw new LetheError('invalid_config', `the policy tests of ${dir} cannot be used for examples: see above`, {
    fix: `Correct them; "lethe test ${dir}" lists the problems again.`,
  });
}

function purposesIn({ files, digest }: Bundle) {
  const parsed = parseConfiguration(files);
  if (parsed.ok) return parsed.docs.purposes.value.purposes;
  throw new LetheError('bug', `the bundle ${digest} compiles, and yet cannot be parsed`);
}

function print(text: string, file: string | undefined): void {
  if (file === undefined) {
    process.stdout.write(text);
    return;
  }
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new LetheError('usage', `--out ${file}: the file cannot be written`, {
      fix: 'Name a file in a folder that exists and that you may write to.',
      cause: error,
    });
  }
}

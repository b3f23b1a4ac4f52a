import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { SETTING_NAMES } from '../../services/adapters/config/settings-shape.ts';
import { didYouMean } from '../../services/core/policy/nearest.ts';
import type { Log } from '../local/error.ts';
import { goTool } from '../local/go-tools.ts';
import { capture } from '../local/run-command.ts';
import { linesOf } from './check.ts';
import { KUBERNETES_VERSIONS, schemaLocations } from './kubernetes-schemas.ts';

export const CHART = new URL('../helm/lethe', import.meta.url).pathname;
export const RULES = new URL('../prometheus/rules', import.meta.url).pathname;

/** What the checks of a chart run; made once, for it may have to be built. */
export type ChartTools = {
  readonly helm: string;
  readonly kubeconform: string;
  readonly schemas: readonly string[];
};

/** One after the other: each may build or fetch, and they share a machine. */
export const chartTools = async (log: Log): Promise<ChartTools> => ({
  schemas: await schemaLocations(log),
  kubeconform: await goTool('kubeconform', log),
  helm: await goTool('helm', log),
});

/** The values files that stand for the topologies the chart is for. */
export const topologies = (chart: string = CHART): string[] =>
  readdirSync(join(chart, 'ci')).filter((name) => name.endsWith('.yaml'));

/** The templates do not ask which version they are for. */
const OLDEST = KUBERNETES_VERSIONS[0];

// Helm tells of each symbolic link, and that a chart has no icon.
const NOISE = /found symbolic link in path|icon is recommended|^==> |chart\(s\) linted|Use --debug flag/;

/**
 * What is wrong with a chart under the given values: Helm's own lint, the values against values.schema.json, what is
 * rendered against the schemas of Kubernetes and of the custom resources (a field that they do not have is an error),
 * settings that Lethe does not have or cannot read, and rules that are not those of `rules`.
 */
export const chartProblems = async (
  tools: ChartTools,
  chart: string,
  values: string,
  rules: string = RULES,
): Promise<string[]> => {
  const lint = await capture(tools.helm, ['lint', '--strict', chart, '--values', values]);
  if (lint.code !== 0) return linesOf(lint.output, NOISE);
  const folder = mkdtempSync(join(tmpdir(), 'lethe-chart-'));
  try {
    const failed = await render(tools, chart, values, folder);
    if (failed.length > 0) return failed;
    const manifests = manifestsIn(folder);
    const problems = [...wrongSettings(manifests), ...differingRules(manifests, rules)];
    for (const version of KUBERNETES_VERSIONS) problems.push(...(await invalidManifests(tools, folder, version)));
    return problems;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Renders into `folder`; gives what is wrong. */
export const render = async (
  { helm }: Pick<ChartTools, 'helm'>,
  chart: string,
  values: string,
  folder: string,
): Promise<string[]> => {
  const release = ['template', 'lethe', chart, '--namespace', 'lethe', '--values', values];
  const { code, output } = await capture(helm, [...release, '--kube-version', OLDEST, '--output-dir', folder]);
  return code === 0 ? [] : linesOf(output, NOISE);
};

/** The documents of every rendered file. */
export const manifestsIn = (folder: string): Manifest[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), 'utf8'), { version: '1.1' }))
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);

type Container = { readonly env?: readonly { readonly name: string; readonly value?: string }[] };

/** Of a manifest what is looked at here. */
export type Manifest = {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly groups?: unknown;
    readonly template?: { readonly spec: { readonly containers: readonly Container[] } };
  };
};

const invalidManifests = async (tools: ChartTools, folder: string, version: string): Promise<string[]> => {
  const locations = tools.schemas.flatMap((location) => ['-schema-location', location]);
  const flags = ['-strict', '-kubernetes-version', version, ...locations];
  const { code, output } = await capture(tools.kubeconform, [...flags, folder]);
  const lines = linesOf(output).map((line) => `Kubernetes ${version}: ${line.replaceAll(`${folder}/`, '')}`);
  return code === 0 ? [] : lines;
};

/** Settings that Lethe does not have, and numbers written as it does not read them: Helm's are floats, 2e+06. */
const wrongSettings = (manifests: readonly Manifest[]): string[] =>
  manifests.flatMap(({ kind, metadata, spec }) =>
    (spec?.template?.spec.containers ?? [])
      .flatMap(({ env }) => env ?? [])
      .flatMap(({ name, value = '' }) => {
        const known = (SETTING_NAMES as readonly string[]).includes(name);
        if (!known) return [`Lethe has no setting ${name}.${didYouMean(name, SETTING_NAMES)}`];
        return /^[\d.]+e[+-]?\d+$/i.test(value) ? [`Lethe does not read ${value} as a number in ${name}.`] : [];
      })
      .map((problem) => `${kind} ${metadata.name}: ${problem}`),
  );

/** Rules reach Kubernetes through a chart and Prometheus as files: they must be the same. */
const differingRules = (manifests: readonly Manifest[], rules: string): string[] => {
  const written = readdirSync(rules)
    .filter((name) => name.endsWith('.yml'))
    .toSorted()
    .flatMap((name) => (parse(readFileSync(join(rules, name), 'utf8')) as { groups: unknown[] }).groups);
  return manifests
    .filter(({ kind, spec }) => kind === 'PrometheusRule' && !isDeepStrictEqual(spec?.groups, written))
    .map(({ metadata }) => `PrometheusRule ${metadata.name}: its groups are not those of deploy/prometheus/rules`);
};

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { cached } from '../local/cache.ts';
import type { Log } from '../local/error.ts';
import { copyFromGoModule } from './go-module.ts';
import { type Schema, schemasOfDefinition } from './strict-schema.ts';
import { wheelFiles } from './wheel.ts';

/** The oldest Kubernetes that the chart is for (Chart.yaml says so too) and the newest whose schemas we have. */
export const KUBERNETES_VERSIONS = ['1.30.0', '1.37.0'] as const;

const WHEEL = {
  name: 'kubernetes-validate',
  version: '1.37.0',
  sha256: ['85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9'],
};

/** Who defines the custom resources that the chart makes, and in which of its files. */
const DEFINITIONS = [
  {
    module: 'github.com/kedacore/keda/v2@v2.21.0',
    files: ['config/crd/bases/keda.sh_scaledobjects.yaml', 'config/crd/bases/keda.sh_triggerauthentications.yaml'],
  },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    files: [
      'example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml',
      'example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml',
    ],
  },
] as const;

const METADATA = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const DEFINITIONS_FILE = '_definitions.json';
const NEWEST = KUBERNETES_VERSIONS.at(-1);
/** In the name of the cached directory: another version, or another way of converting, makes another. */
const CACHED = `kubernetes-schemas-${WHEEL.version}-keda-2.21.0-operator-0.85.0-3`;

/** kubeconform's `-schema-location`s: Kubernetes' own resources and the custom ones, strict, without any network. */
export const schemaLocations = async (log: Log): Promise<readonly string[]> => {
  const home = await cached(CACHED, log, async (directory) => {
    const versions = KUBERNETES_VERSIONS.map((version) => version.replaceAll('.', '\\.')).join('|');
    const wheel = await wheelFiles(WHEEL, `/v(${versions})-local-strict/`, log);
    for (const version of KUBERNETES_VERSIONS) {
      const name = `v${version}-local-strict`;
      takeOffline(join(wheel, 'kubernetes_validate/kubernetes-json-schema', name), join(directory, name));
    }

    const definitions = join(directory, 'definitions');
    for (const { module, files } of DEFINITIONS) await copyFromGoModule(module, files, definitions, log);
    // Any schema of Kubernetes' own holds that of metadata.
    const metadata = { $ref: `../../v${NEWEST}-local-strict/configmap-v1.json#/$defs/${METADATA}` };
    for (const file of readdirSync(definitions)) {
      const definition = parse(readFileSync(join(definitions, file), 'utf8')) as Parameters<
        typeof schemasOfDefinition
      >[0];
      for (const [name, schema] of schemasOfDefinition(definition, metadata)) {
        const target = join(directory, 'custom', name);
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, JSON.stringify(schema, withoutProse));
      }
    }
  });
  return [
    `${home}/{{ .NormalizedKubernetesVersion }}-local{{ .StrictSuffix }}/{{ .ResourceKind }}{{ .KindSuffix }}.json`,
    `${home}/custom/{{ .Group }}/{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json`,
  ];
};

/**
 * The wheel's schemas name each other by addresses on the web. Each of ours holds what it needs, and no more: a schema is
 * compiled for every manifest, and all definitions together are a megabyte.
 */
const takeOffline = (from: string, to: string): void => {
  mkdirSync(to);
  const { $defs } = JSON.parse(readFileSync(join(from, DEFINITIONS_FILE), 'utf8')) as { $defs: Record<string, Schema> };
  for (const file of readdirSync(from)) {
    const text = readFileSync(join(from, file), 'utf8').replaceAll(`"/api/${DEFINITIONS_FILE}#`, '"#');
    const { $id: _, ...schema } = JSON.parse(text) as Schema;
    if (schema['x-kubernetes-group-version-kind'] === undefined || /list-/.test(file)) continue;
    writeFileSync(join(to, file), JSON.stringify({ ...schema, $defs: reachable(schema, $defs) }, withoutProse));
  }
};

/** The definitions that a schema names, and those that they name. */
const reachable = (schema: Schema, all: Readonly<Record<string, Schema>>): Record<string, Schema> => {
  const found: Record<string, Schema> = {};
  const visit = (part: Schema): void => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/\$defs\/([^"]+)"/g)) {
      const definition = all[name];
      if (definition === undefined || found[name] !== undefined) continue;
      found[name] = definition;
      visit(definition);
    }
  };
  visit(schema);
  return found;
};

/** Most of a schema is text for people, and it is read anew for every manifest. A field named "description" is no text. */
const withoutProse = (key: string, value: unknown): unknown =>
  key === 'description' && typeof value === 'string' ? undefined : value;

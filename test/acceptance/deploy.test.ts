/** That deploy/validate.sh sees what is wrong: each breach here is planted in a copy. */
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CHART,
  type ChartTools,
  chartProblems,
  chartTools,
  type Manifest,
  manifestsIn,
  RULES,
  render,
  topologies,
} from '../../deploy/validate/chart.ts';
import { COMPOSE, composeLoader, composeProblems } from '../../deploy/validate/compose-file.ts';
import { DOCKERFILE, dockerfileProblems, hadolint } from '../../deploy/validate/dockerfile.ts';
import { imageProblems } from '../../deploy/validate/image.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
/** On a machine where nothing is built yet. */
const FIRST_TIME_MS = 900_000;
const silent = (): void => undefined;

const folder = mkdtempSync(join(tmpdir(), 'lethe-deploy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const written = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

/** The text with `from`, which must be there, replaced. */
const changed = (text: string, from: string, to: string): string => {
  expect(text).toContain(from);
  return text.replace(from, to);
};

describe('the chart', () => {
  let tools: ChartTools;
  beforeAll(async () => {
    tools = await chartTools(silent);
  }, FIRST_TIME_MS);

  it('refuses values that are misspelt, missing, of a wrong type or not safe', async () => {
    const values = written(
      'values.yaml',
      `
      image: { repository: registry.example.com/lethe, tag: latest }
      keys: { secret: "" }
      kafka: { brokers: ["kafka:9092"], sasl: { mechanism: plain } }
      redis: { url: "redis://user:password@redis:6379" }
      gatway: { replicas: 2 }
      gateway: { replicas: two, terminationGracePeriodSeconds: 10 }
      control: { api: { enabled: true } }
      settings: { LETHE_VAULT_TOKEN: secret, OTEL_EXPORTER_OTLP_HEADERS: secret, LETHE_HTTP_PORT: 9000 }
      keda: { enabled: true }
      `,
    );
    const problems = (await chartProblems(tools, CHART, values)).join('\n');
    for (const wrong of [
      /'\/image\/tag'/,
      /'\/keys\/secret'/,
      /'\/kafka\/sasl\/secret'/,
      /'\/redis\/url'/,
      /'gatway'/,
      /'\/gateway\/replicas'/,
      /'\/gateway\/terminationGracePeriodSeconds'/,
      /'\/control\/api\/tokens\/secret'/,
      /LETHE_VAULT_TOKEN/,
      /OTEL_EXPORTER_OTLP_HEADERS/,
      /LETHE_HTTP_PORT/,
      /'\/keda\/topics'/,
    ]) {
      expect(problems).toMatch(wrong);
    }
  });

  it('is held to the schemas of what it makes, to the settings that there are and to the rules of Prometheus', async () => {
    const chart = join(folder, 'chart');
    // Links of the chart lead out of the copy: nothing may be planted where they point to.
    cpSync(CHART, chart, { recursive: true, filter: (path) => !lstatSync(path).isSymbolicLink() });
    cpSync(RULES, join(chart, 'rules'), { recursive: true });
    const plant = (file: string, from: string, to: string): void => {
      const path = join(chart, file);
      writeFileSync(path, changed(readFileSync(path, 'utf8'), from, to));
    };
    plant('templates/_pod.tpl', 'readOnlyRootFilesystem', 'readOnlyRootFileSystem');
    plant('templates/_pod.tpl', 'name: LETHE_GROUP_ID', 'name: LETHE_GRUOP_ID');
    plant('templates/_pod.tpl', '(printf "%.0f" (float64 $value))', '(toString $value)');
    plant('templates/scaling.yaml', 'maxReplicaCount', 'maxReplicas');
    plant('templates/monitoring.yaml', 'podMetricsEndpoints', 'endpoints');
    plant('templates/disruption.yaml', 'maxUnavailable: {{', 'maxUnavailable: [2] #{{');
    plant('rules/alerts.yml', '- alert: ', '- alert: Not');
    const problems = (await chartProblems(tools, chart, join(CHART, 'ci/many.yaml'))).join('\n');
    for (const wrong of [
      /1\.30\.0: .*Deployment lethe-gateway is invalid.*'readOnlyRootFileSystem'/,
      /1\.37\.0: .*Job lethe-push is invalid.*'readOnlyRootFileSystem'/,
      /Deployment lethe-control: Lethe has no setting LETHE_GRUOP_ID. Did you mean `LETHE_GROUP_ID`\?/,
      /Deployment lethe-gateway: Lethe does not read 2\.097152e\+06 as a number in LETHE_BATCH_BYTES/,
      /ScaledObject lethe-gateway is invalid.*'maxReplicas'/,
      /PodMonitor lethe-gateway is invalid.*'endpoints'/,
      /PodDisruptionBudget lethe-gateway is invalid/,
      /PrometheusRule lethe: its groups are not those of deploy\/prometheus\/rules/,
    ]) {
      expect(problems).toMatch(wrong);
    }
  }, 180_000);

  it('gives every pod no right that it does not need, and keeps secrets out of the environment', async () => {
    type Pod = {
      automountServiceAccountToken: boolean;
      terminationGracePeriodSeconds?: number;
      securityContext: object;
      containers: {
        image: string;
        env: { name: string; value?: string; valueFrom?: unknown }[];
        securityContext: object;
        resources: object;
        volumeMounts: { mountPath: string; readOnly?: boolean; subPath?: string }[];
        readinessProbe?: object;
        livenessProbe?: object;
      }[];
    };
    const values = topologies().filter((name) => ['many.yaml', 'tls.yaml'].includes(name));
    expect(values).toHaveLength(2);
    for (const name of values) {
      const target = join(folder, name);
      mkdirSync(target);
      expect(await render(tools, CHART, join(CHART, 'ci', name), target)).toEqual([]);
      const manifests = manifestsIn(target);
      expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([]);
      const pods = manifests.filter(({ kind }: Manifest) => ['Deployment', 'Job'].includes(kind));
      expect(pods.length).toBeGreaterThanOrEqual(2);
      for (const { kind, spec } of pods) {
        const pod = spec?.template?.spec as unknown as Pod;
        expect(pod.automountServiceAccountToken).toBe(false);
        expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
        if (kind === 'Deployment') expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(10);
        for (const container of pod.containers) {
          expect(container.image).toMatch(/(:\d+\.\d+\.\d+|@sha256:[0-9a-f]{64})$/);
          expect(container.securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
          expect(container.resources).toMatchObject({
            requests: { cpu: expect.anything(), memory: expect.anything() },
            limits: { memory: expect.anything() },
          });
          for (const { readOnly, subPath } of container.volumeMounts) {
            expect(readOnly).toBe(true);
            // A file mounted by a subPath never changes, and secrets are read again when they do.
            expect(subPath).toBeUndefined();
          }
          for (const { name: setting, value } of container.env) {
            expect(value, setting).toBeTypeOf('string');
            expect(setting).not.toMatch(/(PASSWORD|TOKEN|SECRET)$/);
          }
          if (kind === 'Deployment') {
            expect(container.readinessProbe).toMatchObject({ httpGet: { path: '/readyz', port: 'metrics' } });
            expect(container.livenessProbe).toMatchObject({ httpGet: { path: '/livez', port: 'metrics' } });
          }
        }
      }
    }
  });

  it('gives each role the Secrets that are its own, and keys to nobody who only pushes', async () => {
    const all = { image: { repository: 'registry.example.com/lethe' }, keys: { secret: 'all-keys' } };
    const secrets = (role: string) => ({ kafkaSasl: `${role}-kafka`, redis: `${role}-redis` });
    const values = written(
      'roles.yaml',
      JSON.stringify({
        ...all,
        kafka: { brokers: ['kafka:9092'], sasl: { mechanism: 'plain', secret: 'all-kafka' } },
        redis: { secret: 'all-redis' },
        gateway: { secrets: { keys: 'gateway-keys', ...secrets('gateway') } },
        push: { enabled: true, configMap: 'c', items: [{ key: 'a', path: 'a' }], secrets: secrets('push') },
      }),
    );
    const target = join(folder, 'roles');
    mkdirSync(target);
    expect(await render(tools, CHART, values, target)).toEqual([]);
    const mounted = manifestsIn(target)
      .filter(({ kind }) => ['Deployment', 'Job'].includes(kind))
      .map(({ metadata, spec }) => {
        const pod = spec?.template?.spec as unknown as { volumes: { secret?: { secretName: string } }[] };
        return [metadata.name, pod.volumes.flatMap(({ secret }) => (secret === undefined ? [] : [secret.secretName]))];
      });
    expect(Object.fromEntries(mounted)).toEqual({
      'lethe-gateway': ['gateway-kafka', 'gateway-keys', 'gateway-redis'],
      'lethe-control': ['all-kafka', 'all-keys', 'all-redis'],
      'lethe-push': ['push-kafka', 'push-redis'],
    });
    const unused = written(
      'unused.yaml',
      JSON.stringify({
        ...all,
        kafka: { brokers: ['kafka:9092'] },
        redis: { url: 'redis://redis:6379' },
        gateway: { secrets: { redis: 'gateway-redis' } },
      }),
    );
    expect((await render(tools, CHART, unused, target)).join('\n')).toMatch(/gateway\.secrets\.redis stands in for/);
  });
});

describe('the Compose file', () => {
  let loader: string;
  beforeAll(async () => {
    loader = await composeLoader(silent);
  }, FIRST_TIME_MS);

  it.each([
    ['a field that there is not', 'services:\n', 'servces: {}\nservices:\n', /servces/],
    ['a value of a wrong type', 'profiles: [lethe]', 'profiles: lethe', /profiles/],
    [
      'a service that is not there',
      'depends_on: [prometheus]',
      'depends_on: [promethus]',
      /service grafana: .*promethus/,
    ],
    ['a moving tag', 'redis:7', 'redis:latest', /service redis: the image "redis:latest" has no fixed tag/],
    ['no tag', 'prom/prometheus:v3.5.0', 'prom/prometheus', /service prometheus: the image .* has no fixed tag/],
    ['an open port', '127.0.0.1:${LETHE_STACK_GRAFANA', '${LETHE_STACK_GRAFANA', /service grafana: port 3000 is open/],
    [
      'a mount of nothing',
      'source: grafana/dashboards',
      'source: grafana/dashbords',
      /service grafana: what is mounted/,
    ],
  ])('may not have %s', (_, from, to, problem) => {
    const text = changed(readFileSync(COMPOSE, 'utf8'), from, to);
    expect(composeProblems(loader, written('compose.yaml', text)).join('\n')).toMatch(problem);
  });
});

describe('the Dockerfile', () => {
  let linter: string;
  beforeAll(async () => {
    linter = await hadolint(silent);
  }, FIRST_TIME_MS);

  it.each([
    ['a moving tag', /node:24-bookworm-slim@sha256:\w+/, 'node:latest', /DL3007|node:latest is not pinned/],
    ['a base image without a digest', /:nonroot@sha256:\w+/, ':nonroot', /nonroot is not pinned by tag and digest/],
    ['root', /^USER .*$/m, 'USER 0', /names no user by a number other than 0/],
    ['a user that may be root', /^USER .*$/m, 'USER nonroot', /names no user by a number other than 0/],
    ['a misspelt instruction', /^EXPOSE/m, 'EXPOSED', /Dockerfile:\d+:\d+ /],
  ])('may not have %s', async (_, from, to, problem) => {
    const text = readFileSync(DOCKERFILE, 'utf8');
    expect(text).toMatch(from);
    expect((await dockerfileProblems(linter, written('Dockerfile', text.replace(from, to)))).join('\n')).toMatch(
      problem,
    );
  });

  it('may not copy what the build does not get', () => {
    const text = changed(readFileSync(DOCKERFILE, 'utf8'), 'COPY schemas schemas', 'COPY test test');
    expect(imageProblems(ROOT, written('Dockerfile', text))).toEqual(['COPY test: .dockerignore leaves it out']);
  });

  it('makes an image in which no production code needs a development package', () => {
    const root = join(folder, 'root');
    for (const name of ['.dockerignore', '.npmrc', 'package.json', 'package-lock.json', 'schemas', 'services']) {
      cpSync(join(ROOT, name), join(root, name), { recursive: true });
    }
    const file = join(root, 'services/adapters/log/logger.ts');
    writeFileSync(file, `import 'fast-check';\n${readFileSync(file, 'utf8')}`);
    expect(imageProblems(root).join('\n')).toMatch(/Cannot find package 'fast-check'/);
  }, 240_000);
});

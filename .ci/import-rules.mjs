/**
 * Who may import whom (services/README.md has the picture). An oxlint plugin, so that it runs with every lint and in
 * editors; test/unit/import-rules.test.ts plants a violation of each kind, because a rule that silently stopped
 * running looks exactly like a clean tree.
 *
 * - core imports core: no package, nothing of node
 * - an adapter imports core, itself, node, and the packages listed for it here and no other
 * - gateway, control and cli import core, themselves and node
 * - `main.ts` and `*.main.ts` of those three are composition roots: they may import everything under services
 */
import { isBuiltin } from 'node:module';
import { posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Each adapter's own libraries. An adapter that is not here has none. */
const PACKAGES = {
  'services/adapters/avro': ['avsc'],
  'services/adapters/avro-single-object': ['avsc'],
  'services/adapters/callbacks': ['ipaddr.js'],
  'services/adapters/config': ['yaml', 'zod'],
  'services/adapters/detect': ['libphonenumber-js', 'validator'],
  'services/adapters/http': ['fastify', '@fastify/rate-limit'],
  'services/adapters/kafka': ['kafkajs', 'kafkajs-snappy', 'lz4-napi'],
  'services/adapters/log': ['pino'],
  'services/adapters/metrics': ['prom-client'],
  'services/adapters/redis': ['ioredis', 'cluster-key-slot'],
  'services/adapters/registry': ['@kafkajs/confluent-schema-registry', 'avsc'],
  'services/adapters/tcf': ['@iabtcf/core'],
  'services/adapters/tracing': [
    '@opentelemetry/api',
    '@opentelemetry/exporter-trace-otlp-http',
    '@opentelemetry/exporter-trace-otlp-proto',
    '@opentelemetry/resources',
    '@opentelemetry/sdk-trace',
  ],
  'services/cli': ['commander'],
  'services/control': ['zod'],
};

/** The parts under services besides core and adapters. */
const PROGRAMS = ['services/gateway', 'services/control', 'services/cli'];

/**
 * @param {string} file path from the root, with slashes
 * @returns {{ self: string, folders: string[], node: boolean, packages: string[] } | null} null: not under services
 */
const ruleOf = (file) => {
  const [top, part, name, ...rest] = file.split('/');
  if (top !== 'services') return null;
  if (part === 'core') return { self: 'services/core', folders: ['services/core'], node: false, packages: [] };
  if (part === 'adapters') {
    // A file right under adapters belongs to no adapter: it has no folder of its own to import from.
    const self = rest.length > 0 ? `services/adapters/${name}` : 'services/adapters';
    const own = rest.length > 0 ? [self] : [];
    return { self, folders: ['services/core', ...own], node: true, packages: PACKAGES[self] ?? [] };
  }
  const self = `services/${part}`;
  const root = PROGRAMS.includes(self) && /(^|[/.])main\.ts$/.test(file);
  const folders = root ? ['services'] : ['services/core', self];
  return { self, folders, node: true, packages: PACKAGES[self] ?? [] };
};

/**
 * Why this import may not be, or null.
 *
 * @param {string} file path from the root, with slashes
 * @param {string} specifier
 */
const objection = (file, specifier) => {
  const rule = ruleOf(file);
  if (rule === null) return null;
  if (isBuiltin(specifier)) return rule.node ? null : `${rule.self} imports nothing of node`;
  if (/^\.\.?\//.test(specifier)) {
    const target = posix.join(posix.dirname(file), specifier);
    if (rule.folders.some((folder) => target.startsWith(`${folder}/`))) return null;
    return `${rule.self} imports only ${rule.folders.join(' and ')}, not ${target}`;
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (rule.packages.includes(name)) return null;
  return `${rule.self} imports ${rule.packages.length > 0 ? `only the packages ${rule.packages.join(', ')}` : 'no packages'}, not ${name}`;
};

const boundaries = {
  create(context) {
    const file = relative(ROOT, context.filename).split(sep).join('/');
    const check = (node, source) => {
      if (source === null || source === undefined) return;
      const message =
        typeof source.value === 'string'
          ? objection(file, source.value)
          : ruleOf(file) && 'an import whose target is computed cannot be checked';
      if (message) context.report({ node, message });
    };
    return {
      ImportDeclaration: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => check(node, node.source),
      ImportExpression: (node) => check(node, node.source),
      TSImportType: (node) => check(node, node.source ?? node.argument),
      TSExternalModuleReference: (node) => check(node, node.expression),
    };
  },
};

/** For core: the clock and randomness are arguments (other impure globals are in .oxlintrc.json). */
const pure = {
  create: (context) => ({
    MemberExpression: (node) => {
      const { object, property } = node;
      const name = `${object.name}.${property.name ?? property.value}`;
      if (['Date.now', 'Math.random'].includes(name))
        context.report({ node, message: `services/core calls no ${name}` });
    },
    NewExpression: (node) => {
      if (node.callee.name === 'Date' && node.arguments.length === 0) {
        context.report({ node, message: 'services/core reads no clock: give new Date a time' });
      }
    },
  }),
};

export default { meta: { name: 'lethe' }, rules: { boundaries, pure } };

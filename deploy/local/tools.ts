import { type Log, StackError } from './error.ts';
import type { PartName } from './part.ts';
import { capture } from './run-command.ts';

/**
 * `kcat` is the tests' referee of what a topic holds, `chromium` of pages, `go` builds go-tools.ts, `pip3` fetches what
 * deploy/validate.sh checks against, `faketime` sets a worker's clock wrong, `prometheus` and `promtool` try rules and dashboards; the stack does without.
 */
export type Tool =
  | 'java'
  | 'mvn'
  | 'redis-server'
  | 'tar'
  | 'openssl'
  | 'kcat'
  | 'nginx'
  | 'chromium'
  | 'faketime'
  | 'go'
  | 'pip3'
  | 'prometheus'
  | 'promtool';

/** What a person installs, by package manager. Of several apt packages the first that the release has is taken. */
const PACKAGES: Record<Tool, { apt: readonly string[]; brew: string; what: string }> = {
  java: {
    apt: ['openjdk-17-jre-headless', 'openjdk-21-jre-headless', 'default-jre-headless'],
    brew: 'openjdk@17',
    what: 'Java 17 or newer',
  },
  mvn: { apt: ['maven'], brew: 'maven', what: 'Maven 3' },
  'redis-server': { apt: ['redis-server'], brew: 'redis', what: 'Redis 7' },
  tar: { apt: ['tar'], brew: 'gnu-tar', what: 'tar' },
  openssl: { apt: ['openssl'], brew: 'openssl', what: 'OpenSSL' },
  kcat: { apt: ['kcat', 'kafkacat'], brew: 'kcat', what: 'kcat' },
  chromium: { apt: ['chromium'], brew: '--cask chromium', what: 'Chromium' },
  nginx: { apt: ['nginx-light', 'nginx'], brew: 'nginx', what: 'nginx' },
  faketime: { apt: ['faketime'], brew: 'libfaketime', what: 'faketime' },
  go: { apt: ['golang-go'], brew: 'go', what: 'Go' },
  pip3: { apt: ['python3-pip'], brew: 'python', what: 'pip of Python 3' },
  // Where services are started as they are installed, the package starts a Prometheus of its own, on 9090.
  prometheus: { apt: ['prometheus'], brew: 'prometheus', what: 'Prometheus 2.42 or newer' },
  promtool: { apt: ['prometheus'], brew: 'prometheus', what: 'promtool' },
};

const MIN_JAVA = 17;

/** What the machine can do; given by tests. */
export type Machine = {
  /** Runs a command to its end; code null where it cannot be run. */
  readonly capture: (command: string, args: readonly string[]) => Promise<{ code: number | null; output: string }>;
  readonly isRoot: boolean;
};

export const thisMachine: Machine = {
  capture: (command, args) =>
    capture(command, args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: 600_000 }),
  isRoot: process.getuid?.() === 0,
};

/** The major version in the output of `java -version` (`"17.0.15"`; of old `"1.8.0_402"`), or 0. */
export const javaMajor = (output: string): number => {
  const match = /version "(?:1\.)?(\d+)/.exec(output);
  return match ? Number(match[1]) : 0;
};

/** What a local process of each part needs; downloads need their tools only where the cache lacks the part. */
export const toolsFor = (parts: readonly PartName[], missingDownloads: readonly PartName[]): Tool[] => {
  const tools = new Set<Tool>();
  for (const part of parts) tools.add(part === 'redis' ? 'redis-server' : 'java');
  for (const part of missingDownloads) {
    tools.add('mvn');
    if (part === 'registry') tools.add('tar');
  }
  return [...tools];
};

const VERSION_FLAG: Partial<Record<Tool, string>> = {
  java: '-version',
  openssl: 'version',
  kcat: '-V',
  nginx: '-v',
  go: 'version',
};

const has = async (machine: Machine, tool: Tool): Promise<boolean> => {
  const { code, output } = await machine.capture(tool, [VERSION_FLAG[tool] ?? '--version']);
  return code === 0 && (tool !== 'java' || javaMajor(output) >= MIN_JAVA);
};

export const missingTools = async (machine: Machine, tools: readonly Tool[]): Promise<Tool[]> => {
  const found = await Promise.all(tools.map((tool) => has(machine, tool)));
  return tools.filter((_, index) => !found[index]);
};

/** The message for a person whose machine lacks tools that we may not install. */
export const installMessage = (missing: readonly Tool[]): string =>
  [
    `the local stack needs ${missing.map((tool) => `${PACKAGES[tool].what} (${tool})`).join(', ')}.`,
    'Install with one of:',
    `  Debian, Ubuntu:  sudo apt-get update && sudo apt-get install -y ${missing.map((tool) => PACKAGES[tool].apt[0]).join(' ')}`,
    `  macOS:           brew install ${missing.map((tool) => PACKAGES[tool].brew).join(' ')}`,
    'or start a Docker engine, or set KAFKA_BROKERS, SCHEMA_REGISTRY_URL and REDIS_URL to servers you have.',
  ].join('\n');

const aptPackage = async (machine: Machine, candidates: readonly string[]): Promise<string> => {
  for (const name of candidates) {
    if ((await machine.capture('apt-cache', ['show', name])).code === 0) return name;
  }
  return candidates[0] ?? '';
};

/**
 * Makes sure that the tools are there: installs by apt as root, else throws what to install.
 *
 * @throws StackError naming every missing tool
 */
export const ensureTools = async (tools: readonly Tool[], log: Log, machine: Machine = thisMachine): Promise<void> => {
  const missing = await missingTools(machine, tools);
  if (missing.length === 0) return;
  const hasApt = (await machine.capture('apt-get', ['--version'])).code === 0;
  if (!machine.isRoot || !hasApt) throw new StackError(installMessage(missing));

  const apt = async (...args: string[]): Promise<void> => {
    // Another apt may hold its lock; it is waited for, not fought.
    const { code, output } = await machine.capture('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args]);
    if (code === 0) return;
    const end = output.trimEnd().split('\n').slice(-8).join('\n');
    throw new StackError(`apt-get ${args.join(' ')} failed:\n${end}\n${installMessage(missing)}`);
  };
  log(`missing: ${missing.join(', ')}; asking apt for its newest lists`);
  await apt('update', '-q');
  const packages = await Promise.all(missing.map((tool) => aptPackage(machine, PACKAGES[tool].apt)));
  log(`installing ${packages.join(', ')}`);
  await apt('install', '-y', '-q', '--no-install-recommends', ...packages);
  const still = await missingTools(machine, missing);
  if (still.length > 0) throw new StackError(`apt installed ${packages.join(', ')}, yet ${installMessage(still)}`);
};

import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { type Log, StackError } from './error.ts';
import { ensureTools, type Machine, thisMachine } from './tools.ts';

/** What we build of Go modules: neither npm nor Debian has them. `binary` is the last part of the package's path. */
const MODULES = {
  helm: { package: 'helm.sh/helm/v3/cmd/helm', version: 'v3.20.2', binary: 'helm', what: 'Helm' },
  kubeconform: {
    package: 'github.com/yannh/kubeconform/cmd/kubeconform',
    version: 'v0.8.0',
    binary: 'kubeconform',
    what: 'kubeconform',
  },
  // The loader that `docker compose` itself reads its files with.
  'compose-spec': {
    package: 'github.com/compose-spec/compose-go/v2/cmd',
    version: 'v2.16.2',
    binary: 'cmd',
    what: 'the Compose loader',
  },
  'toxiproxy-server': {
    package: 'github.com/Shopify/toxiproxy/v2/cmd/server',
    version: 'v2.12.0',
    binary: 'server',
    what: 'Toxiproxy',
  },
} as const;

export type GoTool = keyof typeof MODULES;

/** Builds them all, and is fetched as a module itself where the machine's Go (Debian 12: 1.19) is older. */
export const GO_VERSION = '1.26.1';

/** `go version go1.26.8 linux/amd64` → [1, 26]; [0, 0] where it says no such thing. */
export const goVersion = (output: string): readonly [number, number] => {
  const match = /go version go(\d+)\.(\d+)/.exec(output);
  return match ? [Number(match[1]), Number(match[2])] : [0, 0];
};

const isNewEnough = (output: string): boolean => {
  const [major, minor] = goVersion(output);
  const [wantedMajor, wantedMinor] = goVersion(`go version go${GO_VERSION}`);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
};

/** As Go names the machine. */
const goArch = (): string => ({ x64: 'amd64', ia32: '386' })[arch() as 'x64' | 'ia32'] ?? arch();

/** Modules are unpacked without the right to run what is in them. */
const makeRunnable = (directory: string): void => {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) makeRunnable(join(directory, entry.name));
    else chmodSync(join(directory, entry.name), 0o755);
  }
};

const failed = (what: string, output: string): StackError =>
  new StackError(
    `${what} could not be built. Check that Go reaches its module proxy (or set GOPROXY).\n` +
      output.trimEnd().split('\n').slice(-10).join('\n'),
  );

/**
 * A command line of a Go that is new enough: the machine's, else of the module that holds one, fetched by whatever Go the
 * machine has.
 */
const newGo = async (machine: Machine, work: string, env: readonly string[], log: Log): Promise<readonly string[]> => {
  const own = await machine.capture('go', ['version']);
  if (own.code === 0 && isNewEnough(own.output)) return [...env, 'go'];
  await ensureTools(['go'], log, machine);
  log(`Go ${GO_VERSION}: the machine's is older; fetching it as a module, about 70 MB`);
  const module = `golang.org/toolchain@v0.0.1-go${GO_VERSION}.${platform()}-${goArch()}`;
  const { code, output } = await machine.capture('env', [...env, 'go', 'mod', 'download', module]);
  const home = join(work, 'mod', module);
  if (code !== 0 || !existsSync(home)) throw failed(`Go ${GO_VERSION}`, output);
  makeRunnable(join(home, 'bin'));
  makeRunnable(join(home, 'pkg', 'tool'));
  return [...env, `GOROOT=${home}`, join(home, 'bin', 'go')];
};

/**
 * The path of a tool that comes as a Go module, built into the cache the first time (a minute or two), with what Go
 * checks of every module: its checksum database.
 *
 * @throws StackError where there is no Go and none may be installed, or a module cannot be fetched or built
 */
export const goTool = async (name: GoTool, log: Log, machine: Machine = thisMachine): Promise<string> => {
  const tool = MODULES[name];
  const home = await cached(`${name}-${tool.version}`, log, async (directory) => {
    log(`${tool.what} ${tool.version}: first time here, building it by Go`);
    const work = join(directory, 'work');
    mkdirSync(work);
    const env = [
      `GOPATH=${work}`,
      `GOMODCACHE=${join(work, 'mod')}`,
      `GOCACHE=${join(work, 'build')}`,
      `GOBIN=${join(work, 'bin')}`,
      // Else what is fetched could not be removed again.
      'GOFLAGS=-modcacherw',
      'CGO_ENABLED=0',
      'GOTOOLCHAIN=local',
    ];
    const go = await newGo(machine, work, env, log);
    const install = ['install', '-trimpath', '-ldflags=-s -w', `${tool.package}@${tool.version}`];
    const { code, output } = await machine.capture('env', [...go, ...install]);
    if (code !== 0) throw failed(`${tool.what} ${tool.version}`, output);
    renameSync(join(work, 'bin', tool.binary), join(directory, name));
    rmSync(work, { recursive: true, force: true });
  });
  return join(home, name);
};

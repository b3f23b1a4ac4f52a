import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GO_VERSION, goTool, goVersion } from '../../../deploy/local/go-tools.ts';
import type { Machine } from '../../../deploy/local/tools.ts';

/** A machine whose `go install` leaves the binary of toxiproxy's package, and whose `go mod download` a Go. */
const machine = (own: string | null, options: { installFails?: boolean } = {}) => {
  const calls: string[][] = [];
  let go = own;
  const pretend: Machine = {
    isRoot: true,
    capture: async (command, args) => {
      calls.push([command, ...args]);
      if (command === 'go') return go === null ? { code: null, output: 'ENOENT' } : { code: 0, output: go };
      if (command === 'apt-get' && args.includes('install')) go = 'go version go1.19.8 linux/amd64';
      const setting = (name: string): string =>
        args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
      if (command === 'env' && args.includes('download')) {
        const home = join(setting('GOMODCACHE'), args.at(-1) ?? '');
        mkdirSync(join(home, 'bin'), { recursive: true });
        mkdirSync(join(home, 'pkg', 'tool'), { recursive: true });
        writeFileSync(join(home, 'bin', 'go'), '', { mode: 0o444 });
      }
      if (command === 'env' && args.includes('install')) {
        if (options.installFails) return { code: 1, output: 'dial tcp: no route to host' };
        mkdirSync(setting('GOBIN'), { recursive: true });
        writeFileSync(join(setting('GOBIN'), 'server'), 'a binary');
      }
      return { code: 0, output: '' };
    },
  };
  return { pretend, calls };
};

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'go-tools-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true, force: true });
});

const silent = (): void => {};

describe('goVersion', () => {
  it.each([
    ['go version go1.26.8 linux/amd64', [1, 26]],
    ['go version go1.9 darwin/arm64', [1, 9]],
    ['sh: go: not found', [0, 0]],
  ])('of %j is %j', (output, version) => {
    expect(goVersion(output)).toEqual(version);
  });
});

describe('goTool', () => {
  it('builds with the machine’s Go once, and keeps nothing but the binary', async () => {
    const { pretend, calls } = machine(`go version go${GO_VERSION} linux/amd64`);
    const path = await goTool('toxiproxy-server', silent, pretend);
    expect(readFileSync(path, 'utf8')).toBe('a binary');
    expect(existsSync(join(path, '..', 'work'))).toBe(false);
    expect(calls.filter(([command]) => command === 'apt-get')).toEqual([]);
    const before = calls.length;
    expect(await goTool('toxiproxy-server', silent, pretend)).toBe(path);
    expect(calls).toHaveLength(before);
  });

  it.each([
    ['an older Go', 'go version go1.19.8 linux/amd64', false],
    ['no Go', null, true],
  ])('fetches a newer Go as a module where there is %s', async (_, own, installs) => {
    const { pretend, calls } = machine(own);
    await goTool('toxiproxy-server', silent, pretend);
    expect(calls.some(([command, ...args]) => command === 'apt-get' && args.includes('golang-go'))).toBe(installs);
    const install = calls.find((call) => call.includes('install') && call[0] === 'env') ?? [];
    const home = install.find((arg) => arg.startsWith('GOROOT='))?.slice('GOROOT='.length);
    expect(home).toContain(`golang.org/toolchain@v0.0.1-go${GO_VERSION}`);
    expect(install).toContain(`${home}/bin/go`);
  });

  it('says what to check where a build fails, and leaves nothing that looks built', async () => {
    const { pretend } = machine(`go version go${GO_VERSION} linux/amd64`, { installFails: true });
    await expect(goTool('toxiproxy-server', silent, pretend)).rejects.toThrow(/GOPROXY[^]*no route to host/);
    expect(existsSync(join(cache, 'lethe', 'toxiproxy-server-v2.12.0'))).toBe(false);
  });
});

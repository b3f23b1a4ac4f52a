import { describe, expect, it } from 'vitest';
import { StackError } from '../../../deploy/local/error.ts';
import { ensureTools, installMessage, javaMajor, type Machine, toolsFor } from '../../../deploy/local/tools.ts';

const JAVA_17 = 'openjdk version "17.0.15" 2025-04-15';

/** A machine with some commands; `apt-get install` adds what its packages hold. */
const machine = (
  has: Record<string, string>,
  options: { isRoot?: boolean; packages?: Record<string, string[]>; aptFailsAt?: string } = {},
) => {
  const commands = { ...has };
  const calls: string[] = [];
  const pretend: Machine = {
    isRoot: options.isRoot ?? true,
    capture: async (command, args) => {
      calls.push([command, ...args].join(' '));
      const output = commands[command];
      if (command === 'apt-cache') return { code: (args[1] ?? '') in (options.packages ?? {}) ? 0 : 100, output: '' };
      if (output === undefined) return { code: null, output: 'ENOENT' };
      if (command === 'apt-get' && args.includes('install')) {
        for (const name of args) {
          for (const tool of options.packages?.[name] ?? []) commands[tool] = JAVA_17;
        }
      }
      if (options.aptFailsAt && args.includes(options.aptFailsAt)) return { code: 100, output: 'E: no network' };
      return { code: 0, output };
    },
  };
  return { pretend, calls };
};

const silent = (): void => {};
const DEBIAN_12 = { 'openjdk-17-jre-headless': ['java'], maven: ['mvn'], 'redis-server': ['redis-server'] };

describe('javaMajor', () => {
  it.each([
    [JAVA_17, 17],
    ['java version "1.8.0_402"', 8],
    ['openjdk version "21" 2023-09-19', 21],
    ['openjdk version "25-ea" 2025-09-16', 25],
    ['command not found', 0],
  ])('of %j is %i', (output, major) => {
    expect(javaMajor(output)).toBe(major);
  });
});

describe('toolsFor', () => {
  it.each([
    [['redis'], [], ['redis-server']],
    [['kafka'], [], ['java']],
    [['kafka'], ['kafka'], ['java', 'mvn']],
    [
      ['kafka', 'registry', 'redis'],
      ['kafka', 'registry'],
      ['java', 'redis-server', 'mvn', 'tar'],
    ],
  ] as const)('%j, to download %j', (parts, downloads, tools) => {
    expect(toolsFor([...parts], [...downloads])).toEqual(tools);
  });
});

describe('ensureTools', () => {
  it('does nothing where all is there', async () => {
    const { pretend, calls } = machine({ java: JAVA_17, mvn: '' });
    await ensureTools(['java', 'mvn'], silent, pretend);
    expect(calls).toEqual(['java -version', 'mvn --version']);
  });

  it('installs what is missing by apt as root, after asking for the newest lists', async () => {
    const { pretend, calls } = machine({ 'apt-get': '', mvn: '' }, { packages: DEBIAN_12 });
    const said: string[] = [];
    await ensureTools(['java', 'mvn', 'redis-server'], (line) => said.push(line), pretend);
    const apt = calls.filter((call) => call.startsWith('apt-get -o'));
    expect(apt[0]).toMatch(/ update /);
    expect(apt[1]).toMatch(/ install -y .* openjdk-17-jre-headless redis-server$/);
    expect(apt).toHaveLength(2);
    expect(said.join('\n')).toContain('installing openjdk-17-jre-headless, redis-server');
  });

  it('takes the Java that the release has', async () => {
    const { pretend, calls } = machine({ 'apt-get': '' }, { packages: { 'openjdk-21-jre-headless': ['java'] } });
    await ensureTools(['java'], silent, pretend);
    expect(calls.some((call) => call.endsWith(' openjdk-21-jre-headless'))).toBe(true);
  });

  it('counts an old Java as none', async () => {
    const { pretend } = machine({ java: 'java version "11.0.2"' }, { isRoot: false });
    await expect(ensureTools(['java'], silent, pretend)).rejects.toThrow('Java 17 or newer');
  });

  it.each([
    ['nobody special, with apt', { 'apt-get': '' }, false],
    ['root without apt', {}, true],
  ])('installs nothing as %s, and names exactly what to install', async (_, has, isRoot) => {
    const { pretend, calls } = machine(has, { isRoot, packages: DEBIAN_12 });
    const failure = await ensureTools(['java', 'mvn', 'redis-server'], silent, pretend).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(StackError);
    expect((failure as StackError).exitCode).toBe(69);
    expect((failure as StackError).message).toContain(
      'sudo apt-get update && sudo apt-get install -y openjdk-17-jre-headless maven redis-server',
    );
    expect(calls.some((call) => call.includes(' install '))).toBe(false);
  });

  it.each(['update', 'install'])('says what apt said when its %s fails, and what to install', async (step) => {
    const { pretend } = machine({ 'apt-get': '' }, { packages: DEBIAN_12, aptFailsAt: step });
    const failure = ensureTools(['mvn'], silent, pretend);
    await expect(failure).rejects.toThrow(new RegExp(`apt-get ${step}.* failed:\nE: no network`));
    await expect(failure).rejects.toThrow('sudo apt-get update && sudo apt-get install -y maven');
  });

  it('does not believe apt where the tool is still missing', async () => {
    const { pretend } = machine({ 'apt-get': '' }, { packages: { maven: [] } });
    await expect(ensureTools(['mvn'], silent, pretend)).rejects.toThrow('apt installed maven, yet');
  });
});

describe('installMessage', () => {
  it('speaks to Debian, to macOS, and to those who have servers or Docker', () => {
    const message = installMessage(['mvn', 'redis-server']);
    expect(message).toContain('needs Maven 3 (mvn), Redis 7 (redis-server).');
    expect(message).toContain('brew install maven redis');
    expect(message).toContain('Docker');
    expect(message).toContain('KAFKA_BROKERS, SCHEMA_REGISTRY_URL and REDIS_URL');
  });
});

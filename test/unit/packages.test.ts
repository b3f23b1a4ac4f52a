import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(fileURLToPath(new URL(file, root)), 'utf8');

type Locked = {
  readonly version?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};
const locked = (JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }).packages;
const manifest = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
};

describe('package-lock.json', () => {
  it('names no registry, so that it serves whichever one a machine has', () => {
    expect(Object.entries(locked).filter(([, each]) => each.resolved !== undefined)).toEqual([]);
  });

  it('lists every optional dependency, or `npm ci` refuses it where a registry lacks the other platforms', () => {
    const missing = Object.entries(locked).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => {
        const places = [...path.matchAll(/\/?node_modules\//g)].map(({ index }) => path.slice(0, index));
        const nested = [...places, path].map((place) => `${place === '' ? '' : `${place}/`}node_modules/${name}`);
        return !nested.some((place) => locked[place]?.version !== undefined);
      }),
    );
    // npm leaves them out where the registry does not have them: add {version, os, cpu, libc, optional} by hand.
    expect(missing).toEqual([]);
  });
});

describe('package.json', () => {
  it('pins exact versions', () => {
    const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('says of every install script whether it may run: newer npm runs none that is not listed', () => {
    const withScripts = Object.entries(locked).flatMap(([path, { hasInstallScript }]) =>
      hasInstallScript === true ? [path.replace(/^.*node_modules\//, '')] : [],
    );
    // By name alone: npm cannot match a version where the lock file has no URLs.
    const verdicts = withScripts.map((name) => [name, manifest.allowScripts[name]] as const);
    expect(verdicts.filter(([, verdict]) => verdict === undefined)).toEqual([]);
    expect(verdicts.filter(([, verdict]) => verdict).map(([name]) => name)).toEqual(['node']);
  });

  it.each(Object.entries(manifest.scripts))('%s sets itself up first', (_, script) => {
    expect(script).toMatch(/^node deploy\/local\/setup\.mjs( && |$)/);
  });

  it.each(['lethe', 'demo', 'bench', 'stack', 'test'])(
    '%s ends as the program itself, so that signals reach it and its exit code is kept',
    (name) => {
      expect(manifest.scripts[name]).toMatch(/ && exec node_modules\/\.bin\/node \S+( \S+)*$/);
    },
  );
});

describe('the top level', () => {
  it('holds what the design names, and dot files', () => {
    const named =
      'LICENSE README.md config deploy node_modules package-lock.json package.json schemas services test tsconfig.json';
    const others = readdirSync(fileURLToPath(root)).filter(
      (name) => !name.startsWith('.') && !named.split(' ').includes(name),
    );
    expect(others).toEqual([]);
  });
});

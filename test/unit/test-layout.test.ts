import { globSync } from 'node:fs';
import { matchesGlob } from 'node:path';
import { expect, it } from 'vitest';
import config from '../vitest.config.ts';

const root = new URL('../..', import.meta.url).pathname;
const projects = (config.test?.projects ?? []) as { test: { include: string[]; exclude?: string[] } }[];

const isIn = (patterns: readonly string[], file: string): boolean =>
  patterns.some((pattern) => matchesGlob(file, pattern));

it('every test file runs in exactly one project', () => {
  const files = globSync('test/**/*.{test,spec}.*', { cwd: root });
  expect(files.length).toBeGreaterThan(5);
  const homes = (file: string): number =>
    projects.filter(({ test }) => isIn(test.include, file) && !isIn(test.exclude ?? [], file)).length;
  expect(files.filter((file) => homes(file) !== 1)).toEqual([]);
});

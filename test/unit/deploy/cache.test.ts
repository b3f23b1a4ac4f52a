import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheDir, cached } from '../../../deploy/local/cache.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cache-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const lines: string[] = [];
const log = (line: string): void => void lines.push(line);
const fillWith = (text: string) => async (partial: string) => writeFileSync(join(partial, 'file'), text);
const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

describe('cacheDir', () => {
  it.each([
    [{ XDG_CACHE_HOME: '/var/cache/me' }, /^\/var\/cache\/me\/lethe$/],
    [{ XDG_CACHE_HOME: 'relative' }, /\.cache\/lethe$/],
    [{ XDG_CACHE_HOME: '' }, /\.cache\/lethe$/],
    [{}, /\.cache\/lethe$/],
  ])('of %j', (env, expected) => {
    expect(cacheDir(env)).toMatch(expected);
  });
});

describe('cached', () => {
  it('fills once and then finds what is there', async () => {
    const first = await cached('thing', log, fillWith('first'), directory);
    expect(await cached('thing', log, fillWith('second'), directory)).toBe(first);
    expect(readFileSync(join(first, 'file'), 'utf8')).toBe('first');
    expect(readdirSync(directory)).toEqual(['thing']);
  });

  it('shows nothing of a download that broke, and tries again', async () => {
    const broken = cached(
      'thing',
      log,
      async (partial) => {
        writeFileSync(join(partial, 'file'), 'half');
        throw new Error('connection reset');
      },
      directory,
    );
    await expect(broken).rejects.toThrow('connection reset');
    expect(readdirSync(directory)).toEqual([]);
    const path = await cached('thing', log, fillWith('whole'), directory);
    expect(readFileSync(join(path, 'file'), 'utf8')).toBe('whole');
  });

  it('does not show a thing before it is whole', async () => {
    await cached(
      'thing',
      log,
      async (partial) => {
        await fillWith('half')(partial);
        expect(existsSync(join(directory, 'thing'))).toBe(false);
      },
      directory,
    );
    expect(existsSync(join(directory, 'thing'))).toBe(true);
  });

  it('lets one of several work, and the others find it done', async () => {
    let fills = 0;
    const fill = async (partial: string): Promise<void> => {
      fills += 1;
      await sleep(100);
      await fillWith('once')(partial);
    };
    const paths = await Promise.all([1, 2, 3].map(() => cached('thing', log, fill, directory)));
    expect(paths).toEqual(Array.from({ length: 3 }, () => join(directory, 'thing')));
    expect(fills).toBe(1);
    expect(readdirSync(directory)).toEqual(['thing']);
  });

  it('waits for another living run and says so', async () => {
    // Our parent lives as long as we do.
    writeFileSync(join(directory, 'lock-thing'), String(process.ppid));
    lines.length = 0;
    const waiting = cached('thing', log, fillWith('mine'), directory);
    await sleep(300);
    expect(lines).toEqual([`thing: another run (pid ${process.ppid}) prepares it; waiting`]);
    mkdirSync(join(directory, 'thing'));
    writeFileSync(join(directory, 'thing', 'file'), 'theirs');
    rmSync(join(directory, 'lock-thing'));
    expect(readFileSync(join(await waiting, 'file'), 'utf8')).toBe('theirs');
  });

  it('takes the lock of a dead run and sweeps what it left half done', async () => {
    const pid = deadPid();
    writeFileSync(join(directory, 'lock-thing'), String(pid));
    mkdirSync(join(directory, `partial-${pid}-abcdef`));
    await cached('thing', log, fillWith('mine'), directory);
    expect(readdirSync(directory)).toEqual(['thing']);
  });

  it('takes the other one where two finished at once', async () => {
    const path = await cached(
      'thing',
      log,
      async (partial) => {
        await fillWith('mine')(partial);
        mkdirSync(join(directory, 'thing'));
        writeFileSync(join(directory, 'thing', 'file'), 'theirs');
      },
      directory,
    );
    expect(readFileSync(join(path, 'file'), 'utf8')).toBe('theirs');
    expect(readdirSync(directory)).toEqual(['thing']);
  });
});

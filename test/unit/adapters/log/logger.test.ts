import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { makeLog } from '../../../../services/adapters/log/logger.ts';

const lines = (level: string | undefined) => {
  const written: Record<string, unknown>[] = [];
  const log = makeLog(level, { write: (line) => void written.push(JSON.parse(line) as Record<string, unknown>) });
  return { log, written };
};

describe('makeLog', () => {
  it('writes one JSON object a line with level, time, fields and message', () => {
    const { log, written } = lines(undefined);
    log.info({ topic: 'raw', partition: 3 }, 'Consuming');
    expect(written).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        pid: process.pid,
        topic: 'raw',
        partition: 3,
        msg: 'Consuming',
      },
    ]);
  });

  it.each([
    ['silent', []],
    ['error', ['error']],
    ['WARN', ['warn', 'error']],
    [undefined, ['info', 'warn', 'error']],
    ['', ['info', 'warn', 'error']],
    ['debug', ['debug', 'info', 'warn', 'error']],
  ])('at level %s writes %j', (level, expected) => {
    const { log, written } = lines(level);
    for (const each of ['debug', 'info', 'warn', 'error'] as const) log[each]({}, 'said');
    expect(written.map((line) => line['level'])).toEqual(expected);
  });

  it('says so and goes on at info where the level is none', () => {
    const { log, written } = lines('loud');
    log.info({}, 'said');
    expect(written.map((line) => line['level'])).toEqual(['warn', 'info']);
    expect(written[0]?.['msg']).toContain('LETHE_LOG_LEVEL');
  });

  it('writes to stderr and leaves stdout alone', () => {
    const file = fileURLToPath(new URL('../../../../services/adapters/log/logger.ts', import.meta.url));
    const program = `import { makeLog } from ${JSON.stringify(file)}; makeLog('info').warn({ a: 1 }, 'said');`;
    const run = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', program], { encoding: 'utf8' });
    expect(run.stdout).toBe('');
    expect(JSON.parse(run.stderr)).toMatchObject({ level: 'warn', a: 1, msg: 'said' });
  });
});

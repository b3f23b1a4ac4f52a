import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const file = fileURLToPath(new URL('../../../../services/adapters/log/warnings.ts', import.meta.url));

const stderrOf = (program: string): string =>
  spawnSync(
    process.execPath,
    [
      '--input-type=module-typescript',
      '-e',
      `import { silenceNegativeTimeoutWarning } from ${JSON.stringify(file)};\n${program}`,
    ],
    { encoding: 'utf8' },
  ).stderr;

// kafkajs #1704: https://github.com/tulios/kafkajs/issues/1704
describe('silenceNegativeTimeoutWarning', () => {
  it('is needed: Node warns about a negative timeout', () => {
    expect(stderrOf('setTimeout(() => {}, -5);')).toContain('TimeoutNegativeWarning');
  });

  it('keeps that one warning out', () => {
    expect(stderrOf('silenceNegativeTimeoutWarning(); setTimeout(() => {}, -5);')).toBe('');
  });

  it.each([
    [`setTimeout(() => {}, NaN)`, 'TimeoutNaNWarning'],
    [`process.emitWarning('told', 'OtherWarning', 'X01')`, '[X01] OtherWarning: told'],
    [`process.emitWarning('told', { type: 'OtherWarning', code: 'X01' })`, '[X01] OtherWarning: told'],
    [`process.emitWarning(new Error('told'))`, 'told'],
    [`process.emitWarning('told')`, 'Warning: told'],
  ])('leaves %s', (program, shown) => {
    expect(stderrOf(`silenceNegativeTimeoutWarning(); ${program};`)).toContain(shown);
  });

  it('can be undone', () => {
    expect(stderrOf('silenceNegativeTimeoutWarning()(); setTimeout(() => {}, -5);')).toContain(
      'TimeoutNegativeWarning',
    );
  });
});

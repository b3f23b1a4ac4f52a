import { describe, expect, it } from 'vitest';
import { LetheError } from '../../../services/core/errors.ts';
import { parseEpochs, pseudonymEpochs } from '../../../services/core/pseudonym-epochs.ts';

const DAY = 86_400_000;
const JUNE = Date.UTC(2026, 5, 1);
const DECEMBER = Date.UTC(2026, 11, 1);
const BOTH = new Map([
  [2, JUNE],
  [3, DECEMBER],
]);

describe('parseEpochs', () => {
  it.each([
    ['2=2026-06-01T00:00:00Z', [[2, JUNE]]],
    [
      ' 3=2026-12-01T00:00:00Z , 2=2026-06-01T00:00:00Z',
      [
        [3, DECEMBER],
        [2, JUNE],
      ],
    ],
  ])('reads %s', (text, epochs) => {
    expect([...(parseEpochs(text) ?? [])]).toEqual(epochs);
  });

  it.each([
    ['nothing', ''],
    ['no time', '2'],
    ['a bare date', '2=2026-06-01'],
    ['version 0', '0=2026-06-01T00:00:00Z'],
    ['a version twice', '2=2026-06-01T00:00:00Z,2=2026-07-01T00:00:00Z'],
    ['a later version that begins earlier', '2=2026-06-01T00:00:00Z,3=2026-05-01T00:00:00Z'],
    ['two that begin at once', '2=2026-06-01T00:00:00Z,3=2026-06-01T00:00:00Z'],
  ])('takes no %s', (_what, text) => {
    expect(parseEpochs(text)).toBeNull();
  });
});

describe('pseudonymEpochs', () => {
  const over = (versions: readonly number[], keepMs: number | null, now: number, epochs = BOTH) =>
    pseudonymEpochs(versions, { epochs, keepMs }, now).map((epoch) => [epoch.version, epoch.over]);

  it('end where the next one begins', () => {
    expect(pseudonymEpochs([3, 2, 1], { epochs: BOTH, keepMs: null }, JUNE)).toEqual([
      { version: 3, from: DECEMBER, until: null, signs: true, over: false },
      { version: 2, from: JUNE, until: DECEMBER, signs: false, over: false },
      { version: 1, from: null, until: JUNE, signs: false, over: false },
    ]);
  });

  it('end where the next one began of which the key is no longer there', () => {
    expect(pseudonymEpochs([3, 1], { epochs: BOTH, keepMs: null }, JUNE)[1]).toMatchObject({ version: 1, until: JUNE });
  });

  it.each([
    [
      'on the last day',
      JUNE + 90 * DAY,
      [
        [2, false],
        [1, false],
      ],
    ],
    [
      'a moment later',
      JUNE + 90 * DAY + 1,
      [
        [2, false],
        [1, true],
      ],
    ],
  ])('are over after the time they are kept: %s', (_when, now, expected) => {
    expect(over([2, 1], 90 * DAY, now)).toEqual(expected);
  });

  it('are never over without such a time, nor is the one that signs', () => {
    expect(over([3, 2, 1], null, JUNE + 10_000 * DAY)).toEqual([
      [3, false],
      [2, false],
      [1, false],
    ]);
    expect(over([3], 1, JUNE + 10_000 * DAY)).toEqual([[3, false]]);
  });

  it('are not guessed: without the beginning of the next one nobody knows how long to keep them', () => {
    expect(() => over([2, 1], DAY, JUNE, new Map())).toThrow(LetheError);
    expect(over([2, 1], null, JUNE, new Map())).toEqual([
      [2, false],
      [1, false],
    ]);
  });
});

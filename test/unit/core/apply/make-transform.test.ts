import { describe, expect, it } from 'vitest';
import type { Scalar } from '../../../../services/core/apply/action.ts';
import { makeTransform } from '../../../../services/core/apply/make-transform.ts';
import type { GeneralizeSpec } from '../../../../services/core/policy/plan.ts';

const keyring = {
  subjectTokens: () => [],
  pseudonym: (domain: string, text: string) => `${domain}|${text}`,
  pseudonymsOf: () => [],
};

const string = (text: string): Scalar => ({ kind: 'string', text });
const number = (text: string): Scalar => ({ kind: 'number', text });

describe('generalize', () => {
  const generalize = (by: GeneralizeSpec) => makeTransform({ kind: 'generalize', by }, keyring);

  it.each([
    ['10', '137', '130'],
    ['10', '-1', '-10'],
    ['10', '-10', '-10'],
    ['10', '0', '0'],
    ['10', '-0', '0'],
    ['10', '9', '0'],
    ['10', '12.99', '10'],
    ['10', '-12.99', '-20'],
    ['10', '1.5e2', '150'],
    ['0.5', '12.75', '12.5'],
    ['0.1', '0.3', '0.3'],
    ['0.05', '52.52', '52.5'],
    ['1e3', '12345', '12000'],
    ['3', '9007199254740993', '9007199254740993'],
    ['2', '9007199254740993', '9007199254740992'],
    ['100', '1e20', '100000000000000000000'],
    ['1e20', '5', '0'],
  ])('step %s: %s → %s', (step, literal, floored) => {
    expect(generalize({ how: 'step', step })(number(literal))).toEqual(number(floored));
  });

  it.each([
    [2, '52.520008', '52.52'],
    [2, '-13.409', '-13.4'],
    [2, '13.405', '13.4'],
    [0, '-0.9', '0'],
    [0, '7', '7'],
    [3, '1.5', '1.5'],
    [1, '1.999', '1.9'],
    [1, '1.29e1', '12.9'],
    [2, '0.000001', '0'],
  ])('decimals %d: %s → %s', (decimals, literal, cut) => {
    expect(generalize({ how: 'decimals', decimals })(number(literal))).toEqual(number(cut));
  });

  it.each([
    ['17', '<18'],
    ['17.999999999999999999999', '<18'],
    ['18', '18-25'],
    ['18.0', '18-25'],
    ['24.9', '18-25'],
    ['25', '25-65'],
    ['65', '65+'],
    ['1e3', '65+'],
    ['-1', '<18'],
    ['0', '<18'],
  ])('bands: %s → %s', (literal, band) => {
    expect(generalize({ how: 'bands', bands: [18, 25, 65] })(number(literal))).toEqual(string(band));
  });

  it('dates and times', () => {
    expect(generalize({ how: 'date', to: 'year' })(string('1984-05-12'))).toEqual(string('1984'));
    expect(generalize({ how: 'date', to: 'month' })(number('453215655000'))).toEqual(string('1984-05'));
  });

  it('handles no text but dates, no dates but dates, nothing outsized', () => {
    const numeric: readonly GeneralizeSpec[] = [
      { how: 'step', step: '10' },
      { how: 'decimals', decimals: 2 },
      { how: 'bands', bands: [18] },
    ];
    for (const by of numeric) {
      expect(generalize(by)(string('42'))).toBeNull();
      expect(generalize(by)({ kind: 'boolean', text: 'true' })).toBeNull();
      expect(generalize(by)(number('1e999999'))).toBeNull();
    }
    expect(generalize({ how: 'date', to: 'year' })(string('soon'))).toBeNull();
    expect(generalize({ how: 'date', to: 'year' })({ kind: 'boolean', text: 'true' })).toBeNull();
  });

  it('with a nonsensical rule handles nothing', () => {
    expect(generalize({ how: 'step', step: '0' })(number('5'))).toBeNull();
    expect(generalize({ how: 'step', step: '-1' })(number('5'))).toBeNull();
    expect(generalize({ how: 'bands', bands: [] })(number('5'))).toBeNull();
    expect(generalize({ how: 'bands', bands: [Number.NaN] })(number('5'))).toBeNull();
  });
});

describe('redact', () => {
  it.each([
    ['[redacted]', string('[redacted]')],
    [0, number('0')],
    [-0, number('0')],
    [1.5, number('1.5')],
    [false, { kind: 'boolean', text: 'false' }],
  ] as const)('puts %j in the place of anything', (constant, scalar) => {
    const redact = makeTransform({ kind: 'redact', with: constant }, keyring);
    expect(redact(string('x'))).toEqual(scalar);
    expect(redact(number('1'))).toEqual(scalar);
    expect(redact({ kind: 'boolean', text: 'true' })).toEqual(scalar);
  });

  it('refuses a constant that no number literal can say', () => {
    expect(makeTransform({ kind: 'redact', with: Number.NaN }, keyring)(string('x'))).toBeNull();
  });
});

it('pseudonymize hashes the text of any scalar under its domain', () => {
  const pseudonymize = makeTransform({ kind: 'pseudonymize', domain: 'analytics' }, keyring);
  expect(pseudonymize(string('cust-1'))).toEqual(string('analytics|cust-1'));
  expect(pseudonymize(number('42'))).toEqual(string('analytics|42'));
  expect(pseudonymize({ kind: 'boolean', text: 'true' })).toEqual(string('analytics|true'));
});

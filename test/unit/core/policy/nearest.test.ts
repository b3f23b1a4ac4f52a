import { expect, it } from 'vitest';
import { nearest } from '../../../../services/core/policy/nearest.ts';

const known = ['system', 'user.contact.email', 'user.contact.phone', 'a'];

it.each([
  ['sytem', 'system'],
  ['user.contct.emial', 'user.contact.email'],
  ['user.contact.phones', 'user.contact.phone'],
  ['system', null],
  ['purchase.total', null],
  ['b', null],
])('for %s suggests %s', (name, expected) => {
  expect(nearest(name, known)).toBe(expected);
});

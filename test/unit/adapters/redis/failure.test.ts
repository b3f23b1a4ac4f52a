import { describe, expect, it } from 'vitest';
import { reasonOf, redisUnavailable } from '../../../../services/adapters/redis/failure.ts';

const reply = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' });

describe('why Redis failed', () => {
  it.each([
    [Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [new Error('Command timed out'), 'no answer in time'],
    [reply('WRONGPASS invalid username-password pair'), 'it answered WRONGPASS'],
    [reply("ERR unknown command 'AUTH', with args beginning with: 'secret'"), 'it answered ERR'],
    [Object.assign(new Error('all nodes'), { lastNodeError: reply('NOAUTH secret') }), 'it answered NOAUTH'],
    [new Error('Connection is closed.'), null],
    [new Error('secret'), null],
    ['secret', null],
  ])('%s', (error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });
});

it.each([
  [reply('WRONGPASS secret'), /REDIS_PASSWORD/],
  [reply('NOAUTH secret'), /REDIS_PASSWORD/],
  [reply('NOPERM secret'), /lethe check/],
  [Object.assign(new Error('secret'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), /REDIS_CA/],
  [Object.assign(new Error('secret'), { code: 'ERR_SSL_WRONG_VERSION_NUMBER' }), /redis:\/\//],
  [Object.assign(new Error('secret'), { code: 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' }), /REDIS_KEY/],
  [Object.assign(new Error('secret'), { code: 'ECONNREFUSED' }), /Check that it runs/],
])('says what to do about %s', (error, fix) => {
  const told = redisUnavailable('h:1', reasonOf(error) ?? '');
  expect(told.fix).toMatch(fix);
  expect(told.message + told.fix).not.toContain('secret');
});

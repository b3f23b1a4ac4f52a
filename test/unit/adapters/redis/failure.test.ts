import { describe, expect, it } from 'vitest';
import { reasonOf } from '../../../../services/adapters/redis/failure.ts';

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

import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { makeFileWrapper } from '../../../../services/adapters/crypto/file-wrapper.ts';
import { parseKeys } from '../../../../services/adapters/crypto/keys.ts';
import type { KeyWrapper } from '../../../../services/core/data-key.ts';
import { keyWrapperContract } from '../../../contract/key-wrapper.ts';

const random = (): string => randomBytes(32).toString('base64');
const of = (content: object): KeyWrapper => makeFileWrapper(parseKeys(JSON.stringify(content), 'keys.json'));

keyWrapperContract('keys file', async () => {
  const [first, second] = [random(), random()];
  return {
    wrapper: of({ data_key: first }),
    rotated: async ({ without }) => of(without ? { 'data_key@2': second } : { data_key: first, 'data_key@2': second }),
    close: async () => {},
  };
});

it('needs the key, and says which', () => {
  expect(() => of({})).toThrow('keys.json: the key "data_key" is missing');
});

it('opens nothing under another key of the same version', async () => {
  const key = Uint8Array.from(randomBytes(32));
  const [wrapped = ''] = await of({ data_key: random() }).wrap([{ token: 't', key }]);
  expect(await of({ data_key: random() }).unwrap([{ token: 't', wrapped }])).toEqual([null]);
});

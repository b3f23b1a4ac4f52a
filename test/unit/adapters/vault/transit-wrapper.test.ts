import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeVaultWrapper } from '../../../../services/adapters/vault/transit-wrapper.ts';
import type { KeyWrapper } from '../../../../services/core/data-key.ts';
import { LetheError } from '../../../../services/core/errors.ts';
import { keyWrapperContract } from '../../../contract/key-wrapper.ts';
import { DOUBLE_TOKEN, startTransitDouble, type TransitDouble } from './transit-double.ts';

const wrapperOf = ({ address }: TransitDouble, more: { token?: string; key?: string } = {}): KeyWrapper =>
  makeVaultWrapper({
    ...{ address: `${address}/`, token: DOUBLE_TOKEN, key: 'lethe-kek', mount: '/secret/transit/', timeoutMs: 300 },
    ...more,
  });

keyWrapperContract('Vault transit', async () => {
  const vault = await startTransitDouble();
  let turned = false;
  return {
    wrapper: wrapperOf(vault),
    rotated: async ({ without }) => {
      if (!turned) vault.rotate();
      turned = true;
      if (without) vault.forgetBelow(2);
      return wrapperOf(vault);
    },
    close: vault.close,
  };
});

describe('Vault transit', () => {
  let vault: TransitDouble;
  beforeEach(async () => {
    vault = await startTransitDouble();
  });
  afterEach(() => vault.close());

  const key = new Uint8Array(32).fill(7);
  const failure = async (work: Promise<unknown>): Promise<LetheError> => {
    const error = await work.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(LetheError);
    return error as LetheError;
  };

  it('asks once for many keys', async () => {
    await wrapperOf(vault).wrap(Array.from({ length: 300 }, (_, index) => ({ token: `t${index}`, key })));
    expect(vault.requests.map(({ path }) => path)).toEqual(['/v1/secret/transit/encrypt/lethe-kek']);
  });

  it.each([
    ['a sealed Vault', 503, 'it is sealed'],
    ['an unknown failure', 500, 'it answered 500'],
    ['silence', 'silence', 'it does not answer'],
    ['nonsense', 'nonsense', 'it answered 200'],
  ] as const)('throws unavailable on %s, and shows nothing of what was sent', async (_name, how, words) => {
    vault.failWith(how);
    const error = await failure(wrapperOf(vault).wrap([{ token: 'token-1', key }]));
    expect(error).toMatchObject({ code: 'unavailable', retryable: true });
    expect(error.message).toContain(words);
    const told = JSON.stringify([error.message, error.fix, String(error.cause), error.stack]);
    for (const secret of ['token-1', DOUBLE_TOKEN, Buffer.from(key).toString('base64').slice(0, 20)]) {
      expect(told).not.toContain(secret);
    }
  });

  it.each([
    ['another token', { token: 'wrong' }, '403'],
    ['another key', { key: 'none' }, '404'],
  ] as const)('says that Vault refuses %s', async (_name, more, words) => {
    expect((await failure(wrapperOf(vault, more).version())).message).toContain(words);
  });

  it('is away where nothing listens', async () => {
    const wrapper = makeVaultWrapper({ address: 'http://127.0.0.1:9', token: 't', key: 'k' });
    expect((await failure(wrapper.version())).message).toBe(
      'Vault at 127.0.0.1:9 (LETHE_VAULT_ADDR): it does not answer',
    );
  });
});

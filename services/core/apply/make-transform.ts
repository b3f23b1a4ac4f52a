import type { MakeTransform } from './action.ts';
import { makeEncrypt } from './encrypt.ts';
import { makeGeneralize } from './generalize.ts';
import { makeMask } from './mask.ts';
import { makeRedact } from './redact.ts';
import { makeTruncateIp } from './truncate-ip.ts';

/** The transformer of each action of DESIGN section 4 that changes a value. */
export const makeTransform: MakeTransform = (action, keyring, encrypting) => {
  switch (action.kind) {
    case 'redact':
      return makeRedact(action.with);
    case 'mask':
      return makeMask(action.mask);
    case 'pseudonymize':
      return (value) => ({ kind: 'string', text: keyring.pseudonym(action.domain, value.text) });
    case 'truncate_ip':
      return makeTruncateIp(action.ipv4, action.ipv6);
    case 'generalize':
      return makeGeneralize(action.by);
    case 'encrypt':
      return encrypting === undefined ? () => null : makeEncrypt(encrypting);
  }
};

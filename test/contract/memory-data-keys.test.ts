import { digestFiles } from '../../services/adapters/config/digest.ts';
import { makeMemoryStores } from '../../services/adapters/memory/stores.ts';
import { dataKeyStoreContract } from './data-key-store.ts';

dataKeyStoreContract('memory', async () => {
  const { consents, dataKeys } = makeMemoryStores(digestFiles);
  return { consents, keys: dataKeys, close: async () => {} };
});

import { digestFiles } from '../../services/adapters/config/digest.ts';
import { makeMemoryStores } from '../../services/adapters/memory/stores.ts';
import { bundleStoreContract } from './bundle-store.ts';
import { consentStoreContract, type OpenedStores } from './consent-store.ts';

async function open(): Promise<OpenedStores> {
  return { ...makeMemoryStores(digestFiles), close: async () => {} };
}

consentStoreContract('memory', open);
bundleStoreContract('memory', open);

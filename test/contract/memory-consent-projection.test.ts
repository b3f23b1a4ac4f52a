import { digestFiles } from '../../services/adapters/config/digest.ts';
import { makeMemoryStores } from '../../services/adapters/memory/stores.ts';
import { consentProjectionContract } from './consent-projection.ts';

const stores = makeMemoryStores(digestFiles);
consentProjectionContract('consent projection in memory', () => stores);

import { makeMemoryConsentLog } from '../../services/adapters/memory/consent-log.ts';
import { consentLogContract } from './consent-log.ts';

consentLogContract('memory', async () => {
  const log = makeMemoryConsentLog();
  return {
    log,
    readAll: async () => log.entries.map((entry, version) => ({ ...entry, version })),
    close: async () => {},
  };
});

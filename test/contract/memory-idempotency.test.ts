import { makeMemoryIdempotency } from '../../services/adapters/memory/idempotency.ts';
import { idempotencyStoreContract } from './idempotency-store.ts';

idempotencyStoreContract('memory', async () => ({ store: makeMemoryIdempotency(), close: async () => {} }));

import { describe, expect, it } from 'vitest';
import { makeMemoryStores } from '../../../services/adapters/memory/stores.ts';
import { readConsents } from '../../../services/core/consent-report.ts';
import type { ConsentEvent } from '../../../services/core/consent-event.ts';
import { event } from '../../contract/consent-store.ts';

const NOW = Date.UTC(2026, 5, 1);
const keyring = { subjectTokens: () => ['signing', 'older'] };

async function report(
  ...events: readonly (ConsentEvent & { readonly token?: string })[]
): ReturnType<typeof readConsents> {
  const stores = makeMemoryStores(() => '');
  await stores.consents.add(events.map(({ token = 'signing', ...one }) => ({ token, event: one })));
  stores.setWatermark({ at: NOW, offsets: {} });
  return readConsents('cust-secret', keyring, stores.consents, NOW);
}

describe('what a subject has consented to', () => {
  it('shows the state of every purpose that was spoken of, and the events behind it', async () => {
    const shown = await report(
      event(1, { purpose: '*', at: Date.UTC(2026, 0, 1), expires: Date.UTC(2026, 1, 1) }),
      event(2, { purpose: 'marketing', decision: 'denied', at: Date.UTC(2026, 0, 2), region: 'US-CA' }),
      event(3, { purpose: 'marketing', at: Date.UTC(2027, 0, 1) }),
    );
    expect(JSON.parse(JSON.stringify(shown))).toEqual({
      tokens: ['signing', 'older'],
      now: '2026-06-01T00:00:00.000Z',
      viewOf: '2026-06-01T00:00:00.000Z',
      erased: false,
      region: 'US-CA',
      purposes: {
        '*': {
          decision: 'granted',
          expired: true,
          at: '2026-01-01T00:00:00.000Z',
          version: 1,
          region: 'DE',
          recipients: ['acme'],
          method: 'explicit',
          notice: '2026-01',
          source: null,
          expires: '2026-02-01T00:00:00.000Z',
        },
        marketing: {
          decision: 'denied',
          expired: false,
          at: '2026-01-02T00:00:00.000Z',
          version: 2,
          region: 'US-CA',
          recipients: ['acme'],
          method: 'explicit',
          notice: '2026-01',
          source: null,
          expires: null,
        },
      },
      events: [
        expect.objectContaining({ purpose: '*', version: 1 }),
        expect.objectContaining({ purpose: 'marketing', version: 2 }),
        expect.objectContaining({ purpose: 'marketing', version: 3, at: '2027-01-01T00:00:00.000Z' }),
      ],
    });
    expect(JSON.stringify(shown)).not.toContain('cust-secret');
  });

  it('merges what was said under every version of the key', async () => {
    const shown = await report(event(9, { token: 'older' } as never), {
      ...event(1, { decision: 'withdrawn', at: Date.UTC(2026, 0, 6) }),
      token: 'signing',
    });
    expect(shown.purposes['analytics']?.decision).toBe('withdrawn');
    expect(shown.events).toHaveLength(2);
  });

  it('shows an erasure, and that grants before it count no more', async () => {
    const erasure = event(2, { purpose: 'analytics', decision: 'erased', at: Date.UTC(2026, 1, 1) });
    expect((await report(event(1), erasure)).erased).toBe(true);
    const lifted = await report(event(1), erasure, event(3, { decision: 'reinstated', at: Date.UTC(2026, 2, 1) }));
    expect(lifted.erased).toBe(false);
    expect(lifted.purposes['analytics']).toEqual({ decision: null, expired: false });
  });

  it('shows one who never said anything', async () => {
    expect(await report()).toMatchObject({ erased: false, region: null, purposes: {}, events: [] });
  });
});

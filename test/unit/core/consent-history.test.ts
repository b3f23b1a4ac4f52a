import { describe, expect, it } from 'vitest';
import { makeMemoryStores } from '../../../services/adapters/memory/stores.ts';
import type { ConsentEvent } from '../../../services/core/consent-event.ts';
import { readConsentHistory } from '../../../services/core/consent-history.ts';
import { event } from '../../contract/consent-store.ts';

const keyring = { subjectTokens: () => ['signing', 'older'] };
const january = (day: number): number => Date.UTC(2026, 0, day);

const EVENTS: readonly (ConsentEvent & { readonly token?: string })[] = [
  event(1, { at: january(5), method: 'explicit', notice: '2026-01' }),
  event(2, { token: 'older', decision: 'objected', purpose: '*', at: january(9), region: 'FR', method: null } as never),
  event(3, { at: january(12), region: null, expires: january(20), recipients: ['acme'] }),
];

async function history(asked: Parameters<typeof readConsentHistory>[3] = {}) {
  const stores = makeMemoryStores(() => '');
  await stores.consents.add(EVENTS.map(({ token = 'signing', ...one }) => ({ token, event: one })));
  const shown = await readConsentHistory('cust-secret', keyring, stores.consents, asked);
  expect(JSON.stringify(shown)).not.toContain('cust-secret');
  return shown;
}

describe('the history of a subject', () => {
  it('tells for each purpose what was in force, from when until when, whatever key it was said under', async () => {
    const { purposes, tokens, viewOf, at } = await history();
    expect({ tokens, viewOf, at }).toEqual({ tokens: ['signing', 'older'], viewOf: null, at: null });
    expect(Object.keys(purposes)).toEqual(['*', 'analytics']);
    const told = purposes['analytics']!.map(({ from, until, decision, expired, bases, version, region }) => [
      ...[from?.slice(5, 10) ?? '-', until?.slice(5, 10) ?? '-', decision, expired],
      ...[bases.consent, bases.legitimate_interest, version, region],
    ]);
    expect(told).toEqual([
      ['-', '01-05', null, false, 'consent_missing', 'allowed', null, null],
      ['01-05', '01-09', 'granted', false, 'allowed', 'allowed', 1, 'DE'],
      ['01-09', '01-12', 'objected', false, 'objected', 'objected', 2, 'FR'],
      ['01-12', '01-20', 'granted', false, 'allowed', 'allowed', 3, null],
      ['01-20', '-', 'granted', true, 'consent_expired', 'objected', 3, null],
    ]);
    expect(purposes['*']!.map(({ decision }) => decision)).toEqual([null, 'objected']);
  });

  it('tells of one purpose, or one moment', async () => {
    const { purposes, at } = await history({ purpose: 'analytics', at: january(9) });
    expect(at).toBe('2026-01-09T00:00:00.000Z');
    expect(purposes).toEqual({
      analytics: [
        {
          ...{ from: '2026-01-09T00:00:00.000Z', until: '2026-01-12T00:00:00.000Z', decision: 'objected' },
          ...{ expired: false, erased: false, version: 2, region: 'FR', method: null, notice: '2026-01' },
          bases: { consent: 'objected', opt_out: 'objected', legitimate_interest: 'objected' },
          recipients: ['acme'],
        },
      ],
    });
    const unnamed = await history({ purpose: 'marketing' });
    expect(unnamed.purposes['marketing']!.map(({ decision }) => decision)).toEqual([null, 'objected']);
  });
});

import { describe, expect, it } from 'vitest';
import { reportAsHtml } from '../../../services/cli/request-report.ts';

describe('the report as a page', () => {
  it('shows everything as text and asks the network for nothing', () => {
    const evil = '<script>alert(1)</script>';
    const page = reportAsHtml({
      kind: 'lethe.access_report',
      request: 'r-1',
      made: '2026-01-01T00:00:00.000Z',
      tokens: ['token-1'],
      erased: true,
      consents: { analytics: { decision: 'granted', since: '2026-01-01T00:00:00.000Z' } },
      history: [{ at: '2026-01-01T00:00:00.000Z', purpose: 'analytics', decision: 'granted', source: evil }],
      published: [
        {
          topic: 'clean.a',
          purpose: 'analytics',
          records: [
            { at: 'clean.a/0/1', source: 'raw.a/0/1', published: '2026', deleted: false, bundle: 'd', form: 0 },
            { at: 'clean.a/0/2', source: null, published: '2026', deleted: true, bundle: null, form: null },
          ],
        },
      ],
      forms: [[{ path: 'customer.email', effect: 'mask' }]],
      limits: ['nothing else'],
    });
    expect(page).not.toContain(evil);
    expect(page).toContain('&lt;script&gt;');
    for (const text of ['token-1', 'clean.a/0/1', 'form 0', 'deletion', 'customer.email', 'mask', 'You are erased']) {
      expect(page).toContain(text);
    }
    expect(page).not.toMatch(/\b(?:src|href)=|https?:/);
    expect(page).toContain('default-src &#39;none&#39;');
  });
});

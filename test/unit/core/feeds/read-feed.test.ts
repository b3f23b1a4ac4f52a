/** What deliveries of each provider say: golden cases, and that no body does more than be refused. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTcString } from '../../../../services/adapters/tcf/tc-string.ts';
import { readFeed } from '../../../../services/core/feeds/read-feed.ts';
import { type FedConsent, placed } from '../../../../services/core/feeds/reading.ts';
import { tcStringOf } from './tc-string-of.ts';
import { writtenFeeds } from './written-feed.ts';

type Case = {
  readonly feed: object;
  readonly deliveries: readonly {
    readonly name: string;
    readonly body: object;
    readonly gpc?: boolean;
    readonly tc?: { readonly updated: string; readonly purposes: readonly number[] };
    readonly consents?: readonly object[];
    readonly id?: string;
    readonly ignored?: number;
    readonly errors?: readonly string[];
  }[];
};

const NOW = Date.UTC(2026, 5, 1);
const FOLDER = new URL('cases/', import.meta.url);
const FILES = readdirSync(FOLDER);
const read = (file: string): Case => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Case;
const time = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

it('has cases of every provider', () => {
  expect(FILES.map((file) => read(file).feed as { kind: string }).map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['webhook', 'onetrust', 'segment', 'transcend', 'tcf', 'gpc']),
  );
});

describe.each(FILES)('%s', (file) => {
  const { feed: written, deliveries } = read(file);
  const [feed] = writtenFeeds({ site: written });

  it.each(deliveries)('$name', ({ body, gpc = false, tc, consents, id = null, ignored = 0, errors }) => {
    const tcString = tc && tcStringOf({ ...tc, updated: Date.parse(tc.updated) });
    const sent = tcString === undefined ? body : { ...body, tcString };
    const reading = readFeed(feed!, { body: sent, now: NOW, gpc }, decodeTcString);
    if (!reading.ok) {
      expect(reading.errors.map(({ pointer }) => pointer)).toEqual(errors);
      return;
    }
    const shown = reading.consents.map((each) => ({ ...each, at: time(each.at), expires: time(each.expires) }));
    const rest = { region: null, method: null, notice: null, source: 'feed:site', recipients: [], expires: null };
    expect(shown).toEqual(consents?.map((each) => ({ ...rest, ...each })));
    expect({ id: reading.id, ignored: reading.ignored }).toEqual({ id, ignored });
  });

  it('takes or refuses whatever it is sent, and repeats nothing of it', { timeout: 60_000 }, () => {
    const secret = 'zebra-7f3a';
    const leaf = fc.oneof(
      fc.constant(secret),
      fc.jsonValue(),
      fc.double(),
      fc.constantFrom('__proto__', 'track', true),
    );
    const { node: mutant } = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(keys(deliveries), tie('node'), { maxKeys: 6 }),
      ),
    }));
    fc.assert(
      fc.property(fc.constantFrom(...deliveries), mutant, fc.nat(), fc.boolean(), ({ body }, value, place, gpc) => {
        const sent = JSON.parse(JSON.stringify(replaced(body, value, place))) as unknown;
        const reading = readFeed(feed!, { body: sent, now: NOW, gpc }, decodeTcString);
        if (!reading.ok) {
          expect(reading.errors.length).toBeGreaterThan(0);
          expect(JSON.stringify(reading)).not.toContain(secret);
          return;
        }
        for (const consent of reading.consents) {
          expect(consent.subject.length).toBeGreaterThan(0);
          if (consent.decision === 'granted') expect(consent.at).toBeLessThanOrEqual(NOW + 300_000);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('when it counts from', () => {
  const consent = { subject: 'cust-1', pointer: '', purpose: 'analytics', region: null, recipients: [] } as const;
  const rest = { method: null, notice: null, source: null, expires: null };
  it.each([
    ['withdrawn', null, NOW],
    ['withdrawn', NOW - 5, NOW - 5],
    ['denied', NOW + 5, NOW],
    ['erased', NOW + 5, NOW],
    ['granted', NOW - 5, NOW - 5],
    ['granted', NOW + 5, NOW + 5],
    ['reinstated', NOW + 5, NOW + 5],
  ] as const)('%s said for %s: %s', (decision, at, expected) => {
    const event = placed({ ...consent, ...rest, decision, at } satisfies FedConsent, NOW);
    expect(event).toEqual({ purpose: 'analytics', region: null, recipients: [], ...rest, decision, at: expected });
  });
});

function keys(deliveries: Case['deliveries']): fc.Arbitrary<string> {
  const names = JSON.stringify(deliveries).match(/"\w+"(?=:)/g) ?? [];
  return fc.oneof(fc.constantFrom(...names.map((name) => name.slice(1, -1))), fc.string());
}

/** The body with one of its values, at any depth, in place of another. */
function replaced(body: unknown, value: unknown, place: number): unknown {
  const entries = typeof body === 'object' && body !== null ? Object.entries(body) : [];
  const [key, item] = (place % 5 === 0 ? undefined : entries[place % entries.length]) ?? [null, null];
  if (key === null) return value;
  const changed = replaced(item, value, Math.floor(place / 5));
  return Array.isArray(body) ? body.with(Number(key), changed) : { ...(body as object), [key]: changed };
}

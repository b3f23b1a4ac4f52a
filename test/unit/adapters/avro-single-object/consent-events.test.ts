import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeConsentEventCodec } from '../../../../services/adapters/avro-single-object/consent-events.ts';
import { CONSENT_DECISIONS } from '../../../../services/core/consent-event.ts';
import type { ConsentLogEntry } from '../../../../services/core/ports.ts';

const codec = makeConsentEventCodec();
const text = fc.string({ unit: 'grapheme' }).filter((value) => value.isWellFormed());
const instant = fc.integer({ min: -8.64e15, max: 8.64e15 });
const entries: fc.Arbitrary<ConsentLogEntry> = fc.record({
  token: fc.stringMatching(/^[A-Za-z0-9_-]{43}$/),
  event: fc.record({
    purpose: text,
    decision: fc.constantFrom(...CONSENT_DECISIONS),
    at: instant,
    region: fc.option(text),
    recipients: fc.array(text),
    method: fc.option(text),
    notice: fc.option(text),
    source: fc.option(text),
    expires: fc.option(instant),
  }),
});

describe('values of lethe.consent-events', () => {
  it('come back as they went in', () => {
    fc.assert(
      fc.property(entries, (entry) => {
        expect(codec.decode(codec.encode(entry))).toEqual({ ok: true, entry });
      }),
    );
  });

  it('are refused where they are cut short or go on', () => {
    fc.assert(
      fc.property(entries, fc.nat(), (entry, cut) => {
        const bytes = codec.encode(entry);
        expect(codec.decode(bytes.subarray(0, cut % bytes.length)).ok).toBe(false);
        expect(codec.decode(Buffer.concat([bytes, Buffer.of(0)])).ok).toBe(false);
      }),
    );
  });

  it('know every decision the core knows, and no other', () => {
    const schema = readFileSync(new URL('../../../../schemas/consent/event.avsc', import.meta.url), 'utf8');
    const fields = (JSON.parse(schema) as { fields: { name: string; type: { symbols?: string[] } }[] }).fields;
    expect(fields.find(({ name }) => name === 'decision')?.type.symbols).toEqual([...CONSENT_DECISIONS]);
  });
});

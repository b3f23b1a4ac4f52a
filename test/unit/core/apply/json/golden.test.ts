import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeJsonCodec } from '../../../../../services/core/apply/json/json-codec.ts';
import type { Poison } from '../../../../../services/core/outcome.ts';
import { applyOne, decodeText, keyring, type PlanOptions, planOf, type Rules } from './plan-fixture.ts';

/** A record as it comes in, a plan, and what must come of it, to the letter. */
type Case = Pick<PlanOptions, 'time' | 'region' | 'key'> & {
  readonly name: string;
  readonly rules: Rules;
  readonly input: string;
  readonly expected?: string;
  readonly poison?: Poison;
  readonly released?: number;
  readonly keyText?: string | null;
  readonly subjectText?: string;
  readonly regionText?: string | null;
  readonly eventTime?: number;
};

const folder = new URL('golden/', import.meta.url);

for (const file of readdirSync(folder)) {
  const cases = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly Case[];
  describe(file, () => {
    it.each(cases)('$name', ({ rules, input, expected, poison, released, ...rest }) => {
      const { keyText, subjectText, regionText, eventTime, ...options } = rest;
      const plan = planOf({ outputs: [rules], ...options });
      const codec = makeJsonCodec(plan, keyring);
      const decoded = decodeText(codec, input);
      const result = 'code' in decoded ? decoded : applyOne(codec, plan, decoded);
      if (poison !== undefined) {
        expect(result).toEqual(poison);
        return;
      }
      expect(result).toMatchObject({ value: expected });
      if (released !== undefined) expect(result).toMatchObject({ released });
      if (keyText !== undefined) expect(result).toMatchObject({ keyText });
      if (subjectText !== undefined) expect(decoded).toMatchObject({ subject: subjectText });
      if (regionText !== undefined) expect(decoded).toMatchObject({ region: regionText });
      if (eventTime !== undefined) expect(decoded).toMatchObject({ eventTime });
    });
  });
}

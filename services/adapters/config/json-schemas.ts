import { z } from 'zod';
import { feedsShape } from './feeds-shape.ts';
import { policyTestsShape } from './policy-test-shape.ts';
import { settingsShape } from './settings-shape.ts';
import { guardsShape, policyShape, purposesShape, regimesShape, taxonomyShape } from './shape.ts';

const SHAPES: Readonly<Record<string, z.ZodType>> = {
  taxonomy: taxonomyShape,
  purposes: purposesShape,
  regimes: regimesShape,
  policy: policyShape,
  'policy-test': policyTestsShape,
  guards: guardsShape,
  gateway: settingsShape,
  feeds: feedsShape,
};

/**
 * JSON Schemas (2020-12) for editors, made from the shapes that Lethe itself checks: by file name, as committed in
 * schemas/config.
 */
export function jsonSchemas(): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]) => [`${name}.schema.json`, z.toJSONSchema(shape)]),
  );
}

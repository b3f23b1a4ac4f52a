import type { Basis, PurposePlan, RegimePlan } from '../policy/plan.ts';

/** A legal basis of a purpose, and the regimes under which it is that. */
export type Ground = {
  readonly basis: Basis;
  readonly regimes: readonly string[];
  /** It applies as well where the region is unknown or listed nowhere. */
  readonly elsewhere: boolean;
};

/**
 * The legal bases of a purpose as they are decided by: by the regions of each regime, and by default. A regime without
 * regions is no region's unless it is the default.
 */
export function groundsOf(purpose: PurposePlan, regimes: RegimePlan): readonly Ground[] {
  const regionOf = new Map([...regimes.byRegion].map(([region, regime]) => [regime, region]));
  const byBasis = new Map<Basis, { regimes: string[]; elsewhere: boolean }>();
  const groundOf = (basis: Basis) => {
    const known = byBasis.get(basis) ?? { regimes: [], elsewhere: false };
    byBasis.set(basis, known);
    return known;
  };
  for (const name of regimes.names) {
    const region = regionOf.get(name);
    if (region === undefined && name !== regimes.fallback) continue;
    const basis = (region === undefined ? undefined : purpose.basisByRegion.get(region)) ?? purpose.defaultBasis;
    groundOf(basis).regimes.push(name);
  }
  groundOf(purpose.defaultBasis).elsewhere = true;
  return [...byBasis].map(([basis, ground]) => ({ basis, ...ground }));
}

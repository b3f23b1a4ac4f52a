import type { Basis, PurposePlan, RegimePlan } from '../policy/plan.ts';
import type { Said } from './finding.ts';

/** Regimes as the two configurations list them; of use for names alone, since purposes know the basis of each region. */
export type RegimeNames = { readonly before: RegimePlan; readonly after: RegimePlan };

/**
 * From strict to loose: whatever one allows, each behind it allows too. A grant in force is no opt-out; what was not
 * opted out of was not objected to; a contract asks for nothing; a legal obligation outlives erasure and needs no
 * explicit consent (DESIGN section 5).
 */
const STRICT_TO_LOOSE: readonly Basis[] = ['consent', 'opt_out', 'legitimate_interest', 'contract', 'legal_obligation'];

const ANY_OTHER = 'any other';

/** Tells, regime by regime, on which other basis a purpose rests now. */
export function compareBasis(
  before: PurposePlan,
  after: PurposePlan,
  names: RegimeNames,
  add: (said: Said) => void,
): void {
  const groups = new Map<
    string,
    { readonly regime: string; readonly bases: [Basis, Basis]; readonly regions: string[] }
  >();
  const regions = new Set([
    ...before.basisByRegion.keys(),
    ...after.basisByRegion.keys(),
    ...names.before.byRegion.keys(),
    ...names.after.byRegion.keys(),
  ]);
  for (const region of [...[...regions].sort(), null]) {
    const bases: [Basis, Basis] = [basisIn(before, region), basisIn(after, region)];
    if (bases[0] === bases[1]) continue;
    const [old, fresh] = [regimeOf(names.before, region), regimeOf(names.after, region)];
    const regime = old === fresh ? fresh : `${old} → ${fresh}`;
    const key = JSON.stringify([regime, bases]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { regime, bases, regions: [region ?? ANY_OTHER] });
    else group.regions.push(region ?? ANY_OTHER);
  }
  for (const { regime, bases, regions: where } of groups.values()) {
    const looser = STRICT_TO_LOOSE.indexOf(bases[1]) > STRICT_TO_LOOSE.indexOf(bases[0]);
    add({
      kind: 'basis',
      consequence: looser ? 'exposes' : 'hides',
      regime: { name: regime, regions: where },
      before: bases[0],
      after: bases[1],
    });
  }
}

function basisIn(purpose: PurposePlan, region: string | null): Basis {
  return region === null ? purpose.defaultBasis : (purpose.basisByRegion.get(region) ?? purpose.defaultBasis);
}

function regimeOf({ byRegion, fallback }: RegimePlan, region: string | null): string {
  return region === null ? fallback : (byRegion.get(region) ?? fallback);
}

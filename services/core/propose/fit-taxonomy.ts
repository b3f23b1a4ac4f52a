/** Fits proposed categories to a taxonomy that is already there and stays as it is. */
import { ancestorsOf } from '../policy/taxonomy.ts';
import type { DraftField } from './draft.ts';
import type { Proposal } from './proposal.ts';
import { isSensitive } from './sensitivity.ts';
import { BASE_TAXONOMY } from './vocabulary.ts';

export type ListedCategory = { readonly sensitive: boolean };

export type Fitted = {
  readonly fields: readonly DraftField[];
  /** Proposed categories that the taxonomy does not list, as it would list them. */
  readonly missing: ReadonlyMap<string, { readonly sensitive: boolean; readonly quasi: boolean }>;
};

/**
 * The nearest listed ancestor stands in for a category that is not listed, personal for personal, sensitive for
 * sensitive. Where there is none the field is left out: what is not declared never leaves.
 *
 * @param listed by name, with the flags they inherit.
 */
export function fitTaxonomy(proposals: readonly Proposal[], listed: ReadonlyMap<string, ListedCategory>): Fitted {
  const missing = new Map<string, { sensitive: boolean; quasi: boolean }>();
  const fields = proposals.map((proposal): DraftField => {
    const wanted = proposal.category;
    if (listed.has(wanted)) return { proposal, category: wanted };
    const lineage = [wanted, ...ancestorsOf(wanted)];
    missing.set(wanted, {
      sensitive: isSensitive(wanted),
      quasi: lineage.some((name) => BASE_TAXONOMY.get(name)?.quasi_identifier === true),
    });
    const standIn = lineage.find((name) => {
      const found = listed.get(name);
      return found !== undefined && (found.sensitive || !isSensitive(wanted));
    });
    return { proposal, category: standIn ?? null };
  });
  return { fields, missing };
}

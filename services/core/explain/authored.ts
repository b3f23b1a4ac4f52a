/** What the plan no longer says because nothing is decided by it: the names that people gave to things. */
import type { ConfigurationDocuments } from '../policy/document.ts';
import { longestMatch } from '../policy/taxonomy.ts';

export type Authored = {
  /** The regime of a region; `listed`: it is named in regimes.yaml, else the default regime applies. */
  readonly regimeOf: (region: string | null) => { readonly regime: string; readonly listed: boolean };
  /** Which entry of a purpose's retention limits a category (null: `default`), and what it says. */
  readonly retentionOf: (
    purpose: string,
    category: string,
  ) => { readonly category: string | null; readonly text: string } | null;
};

/** @param docs of a configuration that compiles. */
export function authoredOf(docs: Pick<ConfigurationDocuments, 'regimes' | 'purposes'>): Authored {
  const regimes = docs.regimes.value;
  const byRegion = new Map<string, string>();
  for (const [regime, regions] of Object.entries(regimes.regimes)) {
    for (const region of regions) byRegion.set(region, regime);
  }
  const retention = new Map(
    Object.entries(docs.purposes.value.purposes).map(([name, purpose]) => [
      name,
      new Map(Object.entries(purpose.retention).map(([category, text]) => [category, { category, text }])),
    ]),
  );
  return {
    regimeOf: (region) => {
      const regime = region === null ? undefined : byRegion.get(region);
      return { regime: regime ?? regimes.default, listed: regime !== undefined };
    },
    retentionOf: (purpose, category) => {
      const limits = retention.get(purpose);
      const fallback = limits?.get('default');
      const byCategory = new Map([...(limits ?? [])].filter(([name]) => name !== 'default'));
      const found = longestMatch(byCategory, category);
      if (found !== undefined) return found;
      return fallback === undefined ? null : { category: null, text: fallback.text };
    },
  };
}

import type { Located, PurposesDocument } from './document.ts';
import { parseDuration } from './duration.ts';
import { didYouMean } from './nearest.ts';
import type { Basis, PurposePlan } from './plan.ts';
import type { Regimes } from './regimes.ts';
import type { Report } from './report.ts';
import { longestMatch, type Taxonomy } from './taxonomy.ts';

export type Purpose = {
  readonly plan: PurposePlan;
  /** Basis by regime, for every regime that has one. */
  readonly basisByRegime: ReadonlyMap<string, Basis>;
  /**
   * The maximum age in milliseconds at which a value of that category is published: the longest match, else the purpose's
   * default, less what its time in the topic may take.
   */
  readonly maxAgeMs: (category: string) => number;
};

/** Stands in where an output names a purpose that nobody listed, so that compiling can go on. Releases nothing. */
export const UNKNOWN_PURPOSE: Purpose = {
  plan: { name: '', recipient: null, basisByRegion: new Map(), defaultBasis: 'consent', retentionMs: 0 },
  basisByRegime: new Map(),
  maxAgeMs: () => 0,
};

type PurposeDocument = PurposesDocument['purposes'][string];

/** Resolves, for each purpose, the legal basis in each region and the retention of each category (DESIGN section 4). */
export function compilePurposes(
  doc: Located<PurposesDocument>,
  regimes: Regimes,
  taxonomy: Taxonomy,
  report: Report,
): ReadonlyMap<string, Purpose> {
  const purposes = new Map<string, Purpose>();
  for (const [name, purpose] of Object.entries(doc.value.purposes)) {
    if (name === '*') {
      report.error(
        'purpose-name',
        doc.at(['purposes', name]),
        'a purpose cannot be named `*`: consent events use that for all purposes',
        'Give the purpose another name.',
      );
    }
    const basisByRegime = compileBasis(doc, name, purpose, regimes, report);
    const retention = compileRetention(doc, name, purpose, taxonomy, report);
    // Without a basis or a default these are never used: the problem is reported. They release nothing.
    const defaultBasis = basisByRegime.get(regimes.fallback) ?? 'consent';
    const retentionMs = retention.get('default') ?? 0;
    const basisByRegion = new Map<string, Basis>();
    for (const [region, regime] of regimes.byRegion) {
      basisByRegion.set(region, basisByRegime.get(regime) ?? defaultBasis);
    }
    const publishedMs = compilePublished(doc, name, purpose, retention, report);
    retention.delete('default');
    const spent = publishedMs ?? 0;
    purposes.set(name, {
      plan: {
        name,
        recipient: purpose.recipient ?? null,
        basisByRegion,
        defaultBasis,
        retentionMs: retentionMs - spent,
        ...(publishedMs === null ? {} : { publishedMs }),
      },
      basisByRegime,
      maxAgeMs: (category) => (longestMatch(retention, category) ?? retentionMs) - spent,
    });
  }
  return purposes;
}

function compileBasis(
  doc: Located<PurposesDocument>,
  name: string,
  { basis }: PurposeDocument,
  regimes: Regimes,
  report: Report,
): Map<string, Basis> {
  const authored = new Map(Object.entries(basis));
  for (const regime of authored.keys()) {
    if (regime === 'default' || regimes.names.includes(regime)) continue;
    report.error(
      'regime-unknown',
      doc.at(['purposes', name, 'basis', regime]),
      `the regime \`${regime}\` is not listed in regimes.yaml`,
      `Name one that is, or \`default\` for every regime not named.${didYouMean(regime, [...regimes.names, 'default'])}`,
    );
  }
  const byRegime = new Map<string, Basis>();
  const without: string[] = [];
  for (const regime of regimes.names) {
    const found = authored.get(regime) ?? authored.get('default');
    if (found === undefined) without.push(regime);
    else byRegime.set(regime, found);
  }
  if (without.length > 0 || (authored.size === 0 && regimes.names.length === 0)) {
    report.error(
      'basis-missing',
      doc.at(['purposes', name, 'basis']),
      `the purpose \`${name}\` has no legal basis under ${without.map((regime) => `\`${regime}\``).join(', ') || 'any regime'}`,
      'Name a basis for each, or add `default: consent`.',
    );
  }
  return byRegime;
}

/**
 * How long a value may lie in an output topic, or null. It is part of the retention: what is published at the age of
 * `retention - published` and deleted from the topic `published` later was never older than `retention`. A record's
 * fields cannot be deleted one by one, so the shortest retention of the purpose must leave room for it.
 */
function compilePublished(
  doc: Located<PurposesDocument>,
  name: string,
  { published }: PurposeDocument,
  retention: ReadonlyMap<string, number>,
  report: Report,
): number | null {
  if (published === undefined) return null;
  const position = doc.at(['purposes', name, 'published']);
  const milliseconds = parseDuration(published);
  if (milliseconds === null || milliseconds === 0) {
    report.error(
      'duration-invalid',
      position,
      `\`${published}\` is no duration of days and hours above zero`,
      'Write days as `P30D`, hours as `PT12H`, both as `P1DT12H`.',
    );
    return null;
  }
  for (const [category, limit] of retention) {
    if (limit > milliseconds) continue;
    report.error(
      'published-too-long',
      position,
      `nothing of \`${category}\` could be published: it may be kept for ${doc.value.purposes[name]?.retention[category]}, and all of that would be spent in the topic (${published})`,
      `Shorten \`published\`, lengthen the retention, or give values of that retention a purpose and an output of their own.`,
    );
    return null;
  }
  return milliseconds;
}

function compileRetention(
  doc: Located<PurposesDocument>,
  name: string,
  { retention }: PurposeDocument,
  taxonomy: Taxonomy,
  report: Report,
): Map<string, number> {
  const limits = new Map<string, number>();
  for (const [category, text] of Object.entries(retention)) {
    const path = ['purposes', name, 'retention', category];
    if (category !== 'default' && !taxonomy.selectable(category)) {
      report.error(
        'category-unknown',
        doc.at(path),
        `the category \`${category}\` is not listed in the taxonomy`,
        `List it in taxonomy.yaml or use one that is listed.${didYouMean(category, taxonomy.categories.keys())}`,
      );
    }
    const milliseconds = parseDuration(text);
    if (milliseconds === null) {
      report.error(
        'duration-invalid',
        doc.at(path),
        `\`${text}\` is no duration of days and hours`,
        'Write days as `P30D`, hours as `PT12H`, both as `P1DT12H`.',
      );
    } else {
      limits.set(category, milliseconds);
    }
  }
  if (!Object.hasOwn(retention, 'default')) {
    report.error(
      'retention-default-missing',
      doc.at(['purposes', name, 'retention', 'default']),
      `the purpose \`${name}\` has no default retention`,
      'Add `default: P30D` (or another duration) to its `retention`.',
    );
  }
  return limits;
}

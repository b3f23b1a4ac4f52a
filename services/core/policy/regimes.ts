import type { Located, RegimesDocument } from './document.ts';
import { didYouMean } from './nearest.ts';
import type { RegimePlan } from './plan.ts';
import type { Report } from './report.ts';

/** Which regime applies where. */
export type Regimes = RegimePlan;

/** Turns regimes around into a map by region. A region has one regime, or nobody could say which law applies. */
export function compileRegimes(doc: Located<RegimesDocument>, report: Report): Regimes {
  const byRegion = new Map<string, string>();
  const regimes = new Map(Object.entries(doc.value.regimes));
  for (const [name, regions] of regimes) {
    if (name === 'default') {
      report.error(
        'regime-name',
        doc.at(['regimes', name]),
        'a regime cannot be named `default`: `basis` uses that word for every regime not named',
        'Give the regime another name.',
      );
    }
    for (const [index, region] of regions.entries()) {
      const other = byRegion.get(region);
      if (other === undefined) {
        byRegion.set(region, name);
      } else {
        report.error(
          'region-duplicate',
          doc.at(['regimes', name, index]),
          other === name
            ? `the region \`${region}\` is listed twice in \`${name}\``
            : `the region \`${region}\` is listed in \`${other}\` and in \`${name}\``,
          'List each region once.',
        );
      }
    }
  }
  const fallback = doc.value.default;
  if (!regimes.has(fallback)) {
    report.error(
      'regime-unknown',
      doc.at(['default']),
      `the default regime \`${fallback}\` is not listed under \`regimes\``,
      `Name one that is.${didYouMean(fallback, regimes.keys())}`,
    );
  }
  return { names: [...regimes.keys()], byRegion, fallback };
}

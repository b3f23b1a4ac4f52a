import { parseDuration } from './duration.ts';
import type { BundleFacts } from './lint.ts';
import type { Report } from './report.ts';
import { ancestorsOf } from './taxonomy.ts';

/**
 * Warns where a category may be kept longer than the one it is part of, or than the purpose keeps records at all: the
 * first is seldom meant, the second never has an effect (DESIGN section 4).
 */
export function retentionWithinParents({ purposesDoc, purposes }: BundleFacts, report: Report): void {
  for (const [name, { retention }] of Object.entries(purposesDoc.value.purposes)) {
    const purpose = purposes.get(name);
    if (purpose === undefined) continue;
    for (const [category, text] of Object.entries(retention)) {
      const own = parseDuration(text);
      if (category === 'default' || own === null) continue;
      const above = ancestorsOf(category).find((ancestor) => Object.hasOwn(retention, ancestor)) ?? 'default';
      const limit = above === 'default' ? purpose.plan.retentionMs : purpose.maxAgeMs(above);
      const other = own > limit ? above : own > purpose.plan.retentionMs ? 'default' : null;
      if (other === null) continue;
      report.warn(
        'retention-longer',
        purposesDoc.at(['purposes', name, 'retention', category]),
        `\`${category}\` is kept for ${text}, longer than \`${other}\` (${retention[other] ?? ''})${
          other === 'default' ? ', after which records are withheld as a whole' : ', which it is part of'
        }`,
        `Shorten it, or lengthen \`${other}\`.`,
      );
    }
  }
}

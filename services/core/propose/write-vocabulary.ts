/** The text of taxonomy.yaml, purposes.yaml and regimes.yaml, where a folder has none. */
import {
  BASE_DEFAULT_REGIME,
  BASE_REGIMES,
  BASE_TAXONOMY,
  PLACEHOLDER_PURPOSE,
  PLACEHOLDER_RETENTION,
} from './vocabulary.ts';
import { yamlText } from './yaml-text.ts';

export function taxonomyText(): string {
  const lines = [...BASE_TAXONOMY].map(([name, { sensitive, quasi_identifier: quasi, note }]) => {
    const flags = [
      ...(sensitive === true ? ['sensitive: true'] : []),
      ...(quasi === true ? ['quasi_identifier: true'] : []),
    ];
    return `  ${name}: ${flags.length === 0 ? '{}' : `{ ${flags.join(', ')} }`}${note === undefined ? '' : ` # ${note}`}\n`;
  });
  return `# What a field can be. Names follow Fideslang (https://ethyca.github.io/fideslang). A category is personal if it is
# \`user\` or under it, and children inherit the flags of their parents.
categories:
${lines.join('')}`;
}

export function purposesText(): string {
  return `# Why an output exists, what makes that lawful under each regime, and how old a value may be.
# QUESTION: what is the data for? Name it, and its legal basis under each regime; \`${PLACEHOLDER_PURPOSE}\` stands in for that.
purposes:
  ${PLACEHOLDER_PURPOSE}:
    basis: { default: consent } # the strictest
    retention: { default: ${PLACEHOLDER_RETENTION} }
`;
}

export function regimesText(): string {
  const regimes = Object.entries(BASE_REGIMES).map(
    ([name, regions]) => `  ${name}: [${regions.map(yamlText).join(', ')}]\n`,
  );
  return `# Which law's defaults apply where. Codes are exact (ISO 3166): \`US-CA\` is not \`US\`. A region that is unknown or listed
# nowhere gets the default, which has to be the strictest.
regimes:
${regimes.join('')}default: ${BASE_DEFAULT_REGIME}
`;
}

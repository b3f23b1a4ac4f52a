import { type Catalog, groundByRegime } from '../core/catalog/catalog.ts';
import { conditionWords, keyWords, leftOutWords, otherwiseWords } from './catalog-words.ts';
import { groundText } from './prove-words.ts';

/**
 * A catalogue for machines: the facts with their words beside them. Durations are milliseconds; `examples[].value` is
 * JSON text, so that no number loses a digit on the way.
 */
export function catalogAsJson(catalog: Catalog): string {
  const topics = catalog.topics.map((topic) => ({
    ...topic,
    grounds: groundByRegime(topic, catalog.regimes).map((ground) => ({
      ...ground,
      text: groundText(ground.basis, topic.purpose.recipient),
    })),
    otherwise: otherwiseWords(topic),
    key: { ...topic.key, text: keyWords(topic.key) },
    fields: topic.fields.map((field) => ({ ...field, condition: conditionWords(field) })),
    headers: topic.headers.map((field) => ({ ...field, condition: conditionWords(field) })),
    leftOut: topic.leftOut.map((one) => ({ ...one, text: leftOutWords(one) })),
  }));
  return `${JSON.stringify({ version: 1, bundle: catalog.bundle, regimes: catalog.regimes, topics }, null, 2)}\n`;
}

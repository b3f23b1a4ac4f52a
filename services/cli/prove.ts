/** `lethe prove`: finds the raw schemas, has it proven, and leaves out what was not asked for. */
import { LetheError } from '../core/errors.ts';
import { covers } from '../core/policy/guard.ts';
import { didYouMean } from '../core/policy/nearest.ts';
import type { CompiledBundle } from '../core/policy/plan.ts';
import type { SchemaRegistry } from '../core/ports.ts';
import { type Proof, prove } from '../core/prove/prove.ts';
import type { ProveOptions } from './commands/prove.ts';
import { proofAsJson } from './prove-json.ts';
import { proofAsMarkdown } from './prove-markdown.ts';
import { proofAsText } from './prove-text.ts';
import { NO_SCHEMAS, rawSchemasOf } from './raw-schemas.ts';

export type ProveSurroundings = {
  /** Null where none is set. */
  readonly registry: SchemaRegistry | null;
  /** The registry's subject of a topic's values. */
  readonly subjectOf: (topic: string) => string;
  /** Columns of text. */
  readonly width: number;
};

/**
 * @throws LetheError `usage` where a category or output is asked for that is not there; `unavailable` where the registry
 * does not answer: nothing is proven of versions that nobody could read.
 */
export async function proveBundle(
  compiled: CompiledBundle,
  options: Pick<ProveOptions, 'category' | 'output' | 'format'>,
  { registry, subjectOf, width }: ProveSurroundings,
): Promise<{ readonly text: string; readonly holds: boolean }> {
  checkFilters(compiled, options);
  const schemas = await rawSchemasOf(compiled, registry, subjectOf);
  const whole = prove(compiled, ({ name }) => schemas.get(name) ?? NO_SCHEMAS);
  const proof = filtered(whole, options);
  const shown = { proof, registry: registry !== null, subjectOf };
  switch (options.format) {
    case 'text':
      return { text: proofAsText(shown, width), holds: proof.holds };
    case 'md':
      return { text: proofAsMarkdown(shown), holds: proof.holds };
    case 'json':
      return { text: proofAsJson(shown), holds: proof.holds };
  }
}

function checkFilters({ categories, routes }: CompiledBundle, { category, output }: Filters): void {
  const names = categories.map(({ name }) => name);
  if (category !== undefined && !names.some((name) => covers(category, name))) {
    throw new LetheError('usage', `--category ${category}: the taxonomy has no such category`, {
      fix: `Name one that it lists.${didYouMean(category, names)}`,
    });
  }
  const topics = routes.flatMap(({ plan }) => plan.outputs.map(({ topic }) => topic));
  if (output !== undefined && !topics.includes(output)) {
    throw new LetheError('usage', `--output ${output}: no route has such an output`, {
      fix: `Name one of: ${topics.join(', ')}.${didYouMean(output, topics)}`,
    });
  }
}

type Filters = Pick<ProveOptions, 'category' | 'output'>;

/** Guards stay: which of them hold decides the exit code. */
function filtered(proof: Proof, { category, output }: Filters): Proof {
  const routes = proof.routes.flatMap((route) => {
    const outputs = route.outputs
      .filter(({ plan }) => output === undefined || plan.topic === output)
      .map((one) => ({
        ...one,
        cells: one.cells.filter((cell) => category === undefined || covers(category, cell.category.name)),
      }));
    return outputs.length === 0 ? [] : [{ ...route, outputs }];
  });
  return { ...proof, routes };
}

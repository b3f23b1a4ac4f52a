/** The rules of deploy/prometheus as data, and what PromQL expressions speak of. */
import { globSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

const ROOT = new URL('../../', import.meta.url).pathname;
export const PROMETHEUS = `${ROOT}deploy/prometheus`;

export type Rule = {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
};

export type RuleFile = { readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[] };

export const ruleFiles = (): readonly { readonly path: string; readonly text: string; readonly parsed: RuleFile }[] =>
  globSync(`${PROMETHEUS}/rules/*.yml`)
    .sort()
    .map((path) => {
      const text = readFileSync(path, 'utf8');
      return { path, text, parsed: parse(text) as RuleFile };
    });

export const rules = (): readonly Rule[] =>
  ruleFiles().flatMap(({ parsed }) => parsed.groups.flatMap((group) => group.rules));

export type Spoken = {
  /** Metrics, each with the labels that are asked of it in braces. */
  readonly metrics: readonly { readonly name: string; readonly labels: readonly string[] }[];
  /** Labels in `by (…)` and `on (…)`. */
  readonly grouped: readonly string[];
};

/** What is a name in PromQL and no metric. */
const WORDS = new Set(
  `sum max min avg count by on unless and or absent vector rate increase deriv changes time clamp_max max_over_time
   min_over_time avg_over_time histogram_quantile`.split(/\s+/),
);

/** Reads an expression only as far as these rules and dashboards need it. */
export function spokenOf(expression: string): Spoken {
  const grouped = [...expression.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((name) => name.trim()),
  );
  const bare = expression.replaceAll(/\b(?:by|on) \([^)]*\)/g, ' ').replaceAll(/\[[^\]]*\]/g, ' ');
  const metrics = [...bare.matchAll(/([a-zA-Z_:][\w:]*)\s*(?:\{((?:[^}"]|"[^"]*")*)\})?/g)]
    .filter(([, name = '']) => !WORDS.has(name))
    .map(([, name = '', selector = '']) => ({
      name,
      labels: [...selector.replaceAll(/"[^"]*"/g, '""').matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(
        ([, label = '']) => label,
      ),
    }));
  return { metrics, grouped: grouped.filter((name) => name !== '') };
}

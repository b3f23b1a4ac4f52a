import { type OutputBlueprint, releases } from './assemble.ts';
import type { Declared } from './declarations.ts';
import type { Located, PolicyDocument } from './document.ts';
import { didYouMean } from './nearest.ts';
import { isPlain, parsePath } from './path.ts';
import type { Cleanup, RoutePlan } from './plan.ts';
import { type Purpose, UNKNOWN_PURPOSE } from './purposes.ts';
import type { Report } from './report.ts';
import { compileRules, selectableOf } from './rules.ts';
import type { Taxonomy } from './taxonomy.ts';

type Document = Located<PolicyDocument>;

/** Compiles the outputs of a policy as far as that is possible without knowing its leaves. */
export function compileOutputs(
  doc: Document,
  taxonomy: Taxonomy,
  purposes: ReadonlyMap<string, Purpose>,
  declared: readonly Declared[],
  report: Report,
): readonly OutputBlueprint[] {
  const selectable = selectableOf(taxonomy, declared, doc.value.tags !== undefined);
  return doc.value.outputs.map((output, index) => {
    const purpose = purposes.get(output.purpose);
    if (purpose === undefined) {
      report.error(
        'purpose-unknown',
        doc.at(['outputs', index, 'purpose']),
        `the purpose \`${output.purpose}\` is not listed in purposes.yaml`,
        `List it, or use one that is listed.${didYouMean(output.purpose, purposes.keys())}`,
      );
    }
    return {
      topic: output.topic,
      purpose: purpose ?? UNKNOWN_PURPOSE,
      unconsented: output.unconsented ?? 'withhold',
      consentAt: output.consent_at ?? 'decision',
      cleanup: compileCleanup(doc, index, report),
      key: compileKey(doc, index, report),
      keyPosition: doc.at(['outputs', index, 'key']),
      rules: compileRules(doc, index, selectable, report),
    };
  });
}

/**
 * Brokers refuse a record without a key where they compact, and with it the whole transaction: every record of such an
 * output must have one, which only the pseudonym of its subject is sure to be.
 */
function compileCleanup(doc: Document, output: number, report: Report): Cleanup {
  const { cleanup = 'delete', key = 'pseudonym', unconsented } = doc.value.outputs[output] ?? {};
  if (cleanup === 'delete') return cleanup;
  const position = doc.at(['outputs', output, 'cleanup']);
  if (key !== 'pseudonym') {
    const message = 'an output is compacted by the key of its records, and this one is not keyed by the subject';
    report.error('cleanup-key', position, message, 'Use `key: pseudonym`, or leave `cleanup` out.');
  }
  if (unconsented === 'strip') {
    const message = 'stripped records have no key, and a compacted topic takes none without';
    report.error('cleanup-strip', position, message, 'Use `unconsented: withhold`, or leave `cleanup` out.');
  }
  return cleanup;
}

const KEY_FIX = 'Use `pseudonym`, `none`, or the path of one value that a rule of this output releases.';

function compileKey(doc: Document, output: number, report: Report): OutputBlueprint['key'] {
  const text = doc.value.outputs[output]?.key ?? 'pseudonym';
  if (text === 'pseudonym' || text === 'none') return text;
  const position = doc.at(['outputs', output, 'key']);
  const parsed = parsePath(text);
  if (!parsed.ok) {
    const where = `${parsed.message} (character ${parsed.at})`;
    report.error('path-invalid', position, `the key \`${text}\` is no path: ${where}`, KEY_FIX);
    return 'none';
  }
  if (!isPlain(parsed.path)) {
    const message = `the key \`${text}\` may name more than one value of a record`;
    report.error('path-not-plain', position, message, KEY_FIX);
    return 'none';
  }
  return { path: parsed.path, text };
}

/**
 * Reports output keys that no rule of their output releases.
 *
 * @param openEnded the tags of a schema may yet declare a path.
 */
export function checkKeys(
  doc: Document,
  outputs: readonly OutputBlueprint[],
  plan: RoutePlan,
  openEnded: boolean,
  report: Report,
): void {
  for (const [index, { key }] of outputs.entries()) {
    if (typeof key === 'string') continue;
    const position = doc.at(['outputs', index, 'key']);
    const leaf = plan.leaves.find(({ path }) => path === key.text);
    if (leaf === undefined || leaf.category === null) {
      if (openEnded) continue;
      const message = `the key \`${key.text}\` is not declared under \`fields\``;
      const paths = plan.leaves.map(({ path }) => path);
      report.error('key-unknown', position, message, `${KEY_FIX}${didYouMean(key.text, paths)}`);
      continue;
    }
    const rule = plan.outputs[index]?.leaves[leaf.id];
    const reachable = plan.nodes.some((node) => node.leaf === leaf.id);
    if (rule?.action.kind === 'encrypt') {
      const message = `the key \`${key.text}\` is encrypted: no two keys would ever be alike`;
      report.error('key-encrypted', position, message, 'Use `pseudonym`, or `pseudonymize` the value.');
      continue;
    }
    // What a guard forbids is reported as that.
    if (rule !== undefined && (releases(rule) || rule.guarded !== undefined) && reachable) continue;
    report.error('key-not-released', position, `no rule of this output releases its key \`${key.text}\``, KEY_FIX);
  }
}

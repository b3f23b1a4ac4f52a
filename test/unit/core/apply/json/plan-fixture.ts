/** Routes, keyring and shortcuts for tests of the JSON codec. */
import { createHash } from 'node:crypto';
import type { Decoded, DecodeLimits, RecordCodec } from '../../../../../services/core/apply/codec.ts';
import { makeJsonCodec } from '../../../../../services/core/apply/json/json-codec.ts';
import type { Variant } from '../../../../../services/core/decide/variant.ts';
import type { Keyring } from '../../../../../services/core/keyring.ts';
import type { Poison } from '../../../../../services/core/outcome.ts';
import type { PolicyDocument, RuleDocument } from '../../../../../services/core/policy/document.ts';
import type { RoutePlan } from '../../../../../services/core/policy/plan.ts';
import { compiledRoute, policyWith } from '../../policy/compiled.ts';

type WithoutSelect<T> = T extends unknown ? Omit<T, 'select'> : never;

/** Path → what is done with it; `keep` and the like where there are no options. */
export type Rules = Readonly<Record<string, 'keep' | 'drop' | 'nullify' | WithoutSelect<RuleDocument>>>;

export type PlanOptions = {
  /** One set of rules per output. A path that an output does not name is declared and dropped there. */
  readonly outputs: readonly Rules[];
  readonly subject?: string;
  readonly time?: string;
  readonly region?: string;
  /** `key` of the first output. */
  readonly key?: string;
};

/** A plan as the compiler makes it. The subject stands at `id` where nothing else is said. */
export function planOf(options: PlanOptions): RoutePlan {
  const paths = [...new Set(options.outputs.flatMap((rules) => Object.keys(rules)))];
  const rules = options.outputs.map((output) =>
    Object.entries(output).map(
      ([select, rule]) => ({ select, ...(typeof rule === 'string' ? { action: rule } : rule) }) as RuleDocument,
    ),
  );
  const policy = policyWith(Object.fromEntries(paths.map((path) => [path, 'user.unique_id'])), rules, {
    subject: options.subject ?? 'id',
    ...(options.time === undefined ? {} : { time: options.time }),
    ...(options.region === undefined ? {} : { region: options.region }),
  });
  const [first, ...others] = policy.outputs;
  const keyed =
    options.key === undefined || first === undefined ? policy.outputs : [{ ...first, key: options.key }, ...others];
  return compiledRoute({ policies: [{ ...policy, outputs: keyed } satisfies PolicyDocument] }).plan;
}

export const keyring: Keyring = {
  subjectTokens: (subject) => [`token of ${subject}`],
  pseudonym: (domain, text) => createHash('sha256').update(`${domain}|${text}`).digest('base64url'),
  pseudonymsOf: (domain, text) => [keyring.pseudonym(domain, text)],
};

/** The variant in which everything that a rule releases is released. */
export function allReleased(plan: RoutePlan, output = 0): Variant {
  const kinds = plan.outputs[output]?.leaves.map(({ action }) => action.kind) ?? [];
  return {
    id: 0,
    released: Uint8Array.from(kinds, (kind) => (kind === 'drop' ? 0 : 1)),
    effects: kinds,
    headerEffects: [],
    stripped: false,
    lacksExplicit: false,
    lacksRetention: false,
    shredded: false,
    lacksKey: false,
  };
}

export type Result =
  | { readonly value: string; readonly keyText: string | null; readonly released: number; readonly tally: number[] }
  | Poison;

/** 2026-01-15. */
export const NOW = Date.UTC(2026, 0, 15);

export function decodeText(codec: RecordCodec, input: string | Uint8Array): Decoded | Poison {
  const bytes = typeof input === 'string' ? Buffer.from(input) : input;
  const decoded = codec.decode(bytes, NOW, NOW);
  return decoded.ok ? decoded.record : decoded.poison;
}

/** One record through one output. */
export function sanitize(plan: RoutePlan, input: string | Uint8Array, output = 0, limits?: DecodeLimits): Result {
  const codec = makeJsonCodec(plan, keyring, limits);
  const decoded = decodeText(codec, input);
  return 'code' in decoded ? decoded : applyOne(codec, plan, decoded, output);
}

export function applyOne(codec: RecordCodec, plan: RoutePlan, decoded: Decoded, output = 0): Result {
  const outputPlan = plan.outputs[output];
  if (outputPlan === undefined) throw new Error(`no output ${output}`);
  const tally = new Uint32Array(plan.leaves.length);
  const applied = codec.apply(decoded, outputPlan, allReleased(plan, output), tally);
  if (!applied.ok) return applied.poison;
  const { keyText, released } = applied;
  return { value: Buffer.from(applied.value).toString(), keyText, released, tally: [...tally] };
}

/** Plans, events and a codec as small as the tests of decide, engine and audit need. */
import type { ApplyResult, Decoded, RecordCodec } from '../../../services/core/apply/codec.ts';
import type { ConsentEvent } from '../../../services/core/consent-event.ts';
import type { Poison } from '../../../services/core/outcome.ts';
import type {
  Action,
  Basis,
  Category,
  LeafRule,
  OutputKey,
  OutputPlan,
  PurposePlan,
  RoutePlan,
} from '../../../services/core/policy/plan.ts';

export const DAY = 86_400_000;
export const NOW = Date.UTC(2026, 5, 1);

export function event(over: Partial<ConsentEvent> = {}): ConsentEvent {
  return {
    ...{ purpose: 'p', decision: 'granted', at: NOW - 10 * DAY, version: 1, region: null, recipients: [] },
    ...{ method: null, notice: null, source: null, expires: null },
    ...over,
  };
}

export function purpose(over: Partial<PurposePlan> = {}): PurposePlan {
  return {
    ...{ name: 'p', recipient: null, basisByRegion: new Map<string, Basis>(), defaultBasis: 'consent' },
    ...{ retentionMs: 365 * DAY },
    ...over,
  };
}

export const CATEGORY = {
  system: { name: 'system', personal: false, sensitive: false, quasiIdentifier: false },
  contact: { name: 'user.contact', personal: true, sensitive: false, quasiIdentifier: false },
  health: { name: 'user.health', personal: true, sensitive: true, quasiIdentifier: false },
  secret: { name: 'system.secret', personal: false, sensitive: true, quasiIdentifier: false },
} satisfies Record<string, Category>;

export type FieldSpec = {
  readonly category: Category | null;
  readonly action?: Action;
  /** Per-category limit; by default the purpose's. */
  readonly maxAgeMs?: number;
};

export type OutputSpec = {
  readonly topic?: string;
  readonly purpose?: PurposePlan;
  readonly unconsented?: 'withhold' | 'strip';
  readonly consentAt?: 'decision' | 'event_and_decision';
  readonly key?: OutputKey;
  /** Actions that differ from the field's own, by path or `headers.NAME`. */
  readonly actions?: Readonly<Record<string, Action>>;
};

/** A plan of flat fields by path, and headers; every output releases them by the action given. */
export function planOf(
  fields: Readonly<Record<string, FieldSpec>>,
  outputs: readonly OutputSpec[] = [{}],
  headers: Readonly<Record<string, FieldSpec & { readonly category: Category }>> = {},
): RoutePlan {
  const rule = (path: string, field: FieldSpec, spec: OutputSpec): LeafRule => ({
    action: spec.actions?.[path] ?? field.action ?? (field.category === null ? { kind: 'drop' } : { kind: 'keep' }),
    rule: null,
    maxAgeMs: field.maxAgeMs ?? (spec.purpose ?? purpose()).retentionMs,
  });
  return {
    ...{ name: 'route', topic: 'raw', format: 'json', nodes: [], read: { subject: 0, time: -1, region: -1 } },
    leaves: Object.entries(fields).map(([path, { category }], id) => ({ id, path, category })),
    headers: Object.entries(headers).map(([name, { category }]) => ({ name, category })),
    outputs: outputs.map(
      (spec, index): OutputPlan => ({
        index,
        topic: spec.topic ?? `clean.${index}`,
        purpose: spec.purpose ?? purpose(),
        unconsented: spec.unconsented ?? 'withhold',
        consentAt: spec.consentAt ?? 'decision',
        key: spec.key ?? { kind: 'pseudonym' },
        leaves: Object.entries(fields).map(([path, field]) => rule(path, field, spec)),
        headers: Object.entries(headers).map(([name, field]) => rule(`headers.${name}`, field, spec)),
      }),
    ),
  };
}

/** A record is the set of paths that occur in it; the output value names those released. */
export function record(plan: RoutePlan, over: Partial<Decoded> & { readonly paths?: readonly string[] } = {}): Decoded {
  const { paths = plan.leaves.map((leaf) => leaf.path), ...rest } = over;
  return { subject: 'cust-1', eventTime: NOW - DAY, region: null, body: { paths }, plan, ...rest };
}

export type AppliedCall = { readonly output: string; readonly variant: number };

export function fakeCodec(
  failing: Readonly<Record<string, Poison>> = {},
): RecordCodec & { readonly calls: AppliedCall[] } {
  const calls: AppliedCall[] = [];
  return {
    calls,
    begin: async () => {},
    decode: () => ({ ok: false, poison: { code: 'undecodable', path: null } }),
    apply({ body, plan }, output, variant, tally): ApplyResult {
      calls.push({ output: output.topic, variant: variant.id });
      const released: string[] = [];
      let keyText: string | null = null;
      for (const path of (body as { paths: readonly string[] }).paths) {
        const leaf = plan.leaves.find((known) => known.path === path);
        if (leaf === undefined) continue;
        tally[leaf.id] = (tally[leaf.id] ?? 0) + 1;
        if (output.key.kind === 'leaf' && output.key.leaf === leaf.id) keyText = `key:${path}`;
        if (variant.released[leaf.id] === 1) released.push(path);
      }
      const poison = failing[output.topic];
      if (poison !== undefined) return { ok: false, poison };
      return { ok: true, value: Buffer.from(JSON.stringify(released)), keyText, released: released.length };
    },
  };
}

export const fakeKeyring = {
  subjectTokens: (subject: string): readonly string[] => [`token:${subject}`],
  pseudonym: (domain: string, text: string): string => `${domain}/${text}`,
  pseudonymsOf: (domain: string, text: string): readonly string[] => [`${domain}/${text}`],
};

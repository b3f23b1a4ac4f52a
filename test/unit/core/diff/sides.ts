/** Configurations to hold against each other, and records judged by both. */
import { makeJsonCodec } from '../../../../services/core/apply/json/json-codec.ts';
import type { ConsentEvent } from '../../../../services/core/consent-event.ts';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { makeAbsentJudge, makeJudge, type Judge } from '../../../../services/core/diff/judge.ts';
import { type Measured, MeasuredTally } from '../../../../services/core/diff/measured-tally.ts';
import { type Judged, makeRecordDiff } from '../../../../services/core/diff/record-diff.ts';
import { type DiffSide, staticDiff, withoutOutputs } from '../../../../services/core/diff/static-diff.ts';
import type { Finding } from '../../../../services/core/diff/finding.ts';
import { compile } from '../../../../services/core/policy/compile.ts';
import type { OutputDocument, PolicyDocument, RuleDocument } from '../../../../services/core/policy/document.ts';
import type { CompiledRoute } from '../../../../services/core/policy/plan.ts';
import { fakeKeyring } from '../engine-fixture.ts';
import { documents, type Parts, POLICY } from '../policy/documents.ts';

export const NOW = Date.UTC(2026, 5, 1);

let sides = 0;

/** A side of its own digest: two of them never pass for the same without being compared. Null: it does not compile. */
export function trySide(parts: Parts): DiffSide | null {
  const result = compile(documents(parts));
  return result.ok ? { bundle: result.bundle, digest: String(sides++) } : null;
}

export function side(parts: Parts = {}): DiffSide {
  const made = trySide(parts);
  if (made === null) throw new Error('the configuration does not compile');
  return made;
}

/** A JSON policy of these fields with one output of these rules. */
export function policy(
  fields: Readonly<Record<string, string>>,
  rules: readonly RuleDocument[],
  rest: Partial<PolicyDocument> & { readonly output?: Partial<OutputDocument> } = {},
): PolicyDocument {
  const { output, ...others } = rest;
  return {
    ...POLICY,
    subject: 'id',
    fields,
    outputs: [{ topic: 'clean', purpose: 'analytics', rules, ...output }],
    ...others,
  };
}

/** What a static diff says of two configurations with one policy each. */
export function found(before: Parts, after: Parts, schemas: readonly string[] = []): readonly Finding[] {
  return staticDiff(side(before), side(after), () => schemas);
}

/** As `kind path: before → after (consequence)`, to be read at a glance. */
export function told(findings: readonly Finding[]): readonly string[] {
  return findings.map(
    ({ kind, path, before, after, consequence }) =>
      `${kind}${path === null ? '' : ` ${path}`}: ${before} → ${after} (${consequence})`,
  );
}

export type Line = {
  readonly value: unknown;
  readonly headers?: Readonly<Record<string, Uint8Array>>;
  /** A tombstone of this key instead. */
  readonly tombstone?: string;
};

function judge(route: CompiledRoute | undefined, other: CompiledRoute | undefined): Judge {
  if (route !== undefined) return makeJudge(makeJsonCodec(route.plan, fakeKeyring), fakeKeyring, route.plan);
  if (other === undefined) throw new Error('no route');
  return makeAbsentJudge(withoutOutputs(other));
}

/** The first route of both sides before the same records. */
export async function measured(
  before: DiffSide,
  after: DiffSide,
  lines: readonly (Line | Uint8Array)[],
  events: readonly ConsentEvent[] = [],
): Promise<Measured> {
  const tally = new MeasuredTally(3);
  await run(before, after, lines, events, () => tally);
  return tally.result();
}

/** As `measured`, of each record by itself. */
export async function measuredEach(
  before: DiffSide,
  after: DiffSide,
  lines: readonly (Line | Uint8Array)[],
  events: readonly ConsentEvent[],
): Promise<readonly { readonly wasDead: boolean; readonly result: Measured }[]> {
  const tallies = lines.map(() => new MeasuredTally(3));
  const decisions = await run(before, after, lines, events, (index) => tallies[index] as MeasuredTally);
  return tallies.map((tally, index) => ({ wasDead: decisions[index] === 'dead_lettered', result: tally.result() }));
}

async function run(
  before: DiffSide,
  after: DiffSide,
  lines: readonly (Line | Uint8Array)[],
  events: readonly ConsentEvent[],
  tallyOf: (index: number) => MeasuredTally,
): Promise<readonly string[]> {
  const [old, fresh] = [before.bundle.routes[0], after.bundle.routes[0]];
  const judges = { before: judge(old, fresh), after: judge(fresh, old) };
  const plans = { before: judges.before.plan, after: judges.after.plan };
  const state = consentStateOf(events);
  const raw = lines.map((line) =>
    line instanceof Uint8Array ? { value: line, headers: null, key: null } : rawOf(line),
  );
  const values = raw.map(({ value }) => value);
  await judges.before.begin(values);
  await judges.after.begin(values);
  return raw.map(({ value, headers, key }, index) => {
    const judged = (one: Judge): Judged =>
      value === null
        ? one.judge({ kind: 'tombstone', key }, () => state, NOW)
        : one.judge({ kind: 'value', decoded: one.decode(value, NOW, NOW), headers }, () => state, NOW);
    const [a, b] = [judged(judges.before), judged(judges.after)];
    const diff = makeRecordDiff({ tally: tallyOf(index), plans, comparable: () => true });
    diff(a, b, () => `raw/0/${index}`);
    return a.decision.kind;
  });
}

function rawOf({ value, headers = {}, tombstone }: Line) {
  return {
    value: tombstone === undefined ? Buffer.from(JSON.stringify(value)) : null,
    headers,
    key: Buffer.from(tombstone ?? ''),
  };
}

/** Consent to everything, given explicitly. */
export const GRANTED: ConsentEvent = {
  purpose: '*',
  decision: 'granted',
  at: NOW - 1_000_000,
  version: 1,
  region: null,
  recipients: ['acme'],
  method: 'explicit',
  notice: null,
  source: null,
  expires: null,
};

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadBundle } from '../../../../services/adapters/config/load.ts';
import { makeJsonCodec } from '../../../../services/core/apply/json/json-codec.ts';
import { parseConsentEvents } from '../../../../services/core/consent-file.ts';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { makeEngine, type OutputDecision, type RecordDecision } from '../../../../services/core/engine.ts';
import { fakeKeyring } from '../engine-fixture.ts';

/** One file: what is known, one raw record, and all that must come of it. Values are compared to the letter. */
type Case = {
  readonly now: string;
  readonly consent: unknown;
  /** Raw value; null: a tombstone. */
  readonly input: string | null;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expect: unknown;
};

const folder = new URL('cases/', import.meta.url);
const loaded = await loadBundle(new URL('config', import.meta.url).pathname);
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems, null, 2));
const plan = loaded.compiled.routes[0]?.plan;
if (plan === undefined) throw new Error('no route');

const cases = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

describe('golden cases', () => {
  it('are there', () => {
    expect(cases.length).toBeGreaterThan(10);
  });

  it.each(cases)('%s', async (name) => {
    const golden = parse(readFileSync(new URL(name, folder), 'utf8')) as Case;
    const consents = parseConsentEvents(golden.consent);
    if (!consents.ok) throw new Error(JSON.stringify(consents.problems));
    const now = Date.parse(golden.now);
    const codec = makeJsonCodec(plan, fakeKeyring);
    const batch = makeEngine({ keyring: fakeKeyring }).begin({ codec, now });
    const decide = async (): Promise<RecordDecision> => {
      if (golden.input === null)
        return batch.tombstone(plan, golden.key === undefined ? null : Buffer.from(golden.key));
      const value = Buffer.from(golden.input);
      await codec.begin([value]);
      const decoded = codec.decode(value, now, now);
      if (!decoded.ok) return { kind: 'dead_lettered', poison: decoded.poison };
      const headers = Object.fromEntries(
        Object.entries(golden.headers ?? {}).map(([header, text]) => [header, Buffer.from(text)]),
      );
      return batch.evaluate(decoded.record, headers, consentStateOf(consents.events));
    };
    expect(shown(await decide())).toEqual(golden.expect);
  });
});

function shown(decision: RecordDecision): unknown {
  if (decision.kind === 'dead_lettered') return { dead_letter: decision.poison };
  return {
    outputs: Object.fromEntries(
      decision.outputs.map((output, i) => [decision.plan.outputs[i]?.topic, shownOutput(output)]),
    ),
  };
}

function shownOutput(output: OutputDecision): unknown {
  if (output.kind === 'withheld') return { withheld: output.reason };
  return {
    value: output.value === null ? null : Buffer.from(output.value).toString(),
    key: output.key,
    ...(output.reason === null ? {} : { reason: output.reason }),
    headers: Object.fromEntries(
      output.headers.map(({ name, values }) => [name, values.map((value) => Buffer.from(value).toString()).join()]),
    ),
  };
}

import { describe, expect, it } from 'vitest';
import { encrypts, standInCiphers } from '../../../../services/core/apply/encrypt.ts';
import { makeJsonCodec } from '../../../../services/core/apply/json/json-codec.ts';
import type { EncryptedPlace, SubjectCiphers } from '../../../../services/core/data-key.ts';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { makeEngine, type RecordDecision } from '../../../../services/core/engine.ts';
import { compiledRoute } from '../policy/compiled.ts';
import { CATEGORY, event, fakeCodec, fakeKeyring, NOW, planOf, purpose, record } from '../engine-fixture.ts';

const route = compiledRoute({
  policies: [
    {
      route: 'r',
      from: { topic: 'raw.r', format: 'json' },
      subject: 'id',
      fields: { id: 'user.unique_id', mail: 'user.contact.email', 'items[].n': 'user.behavior', kind: 'system' },
      headers: { agent: 'user.contact.email' },
      outputs: [
        {
          topic: 'clean.r',
          purpose: 'analytics',
          rules: [
            { select: 'system', action: 'keep' },
            { select: 'user', action: 'encrypt' },
          ],
        },
        { topic: 'plain.r', purpose: 'analytics', rules: [{ select: 'system', action: 'keep' }] },
      ],
    },
  ],
});
const { plan } = route;

type Call = EncryptedPlace & { readonly json: string; readonly subject: string };

async function run(
  value: string,
  options: { readonly ciphers?: SubjectCiphers; readonly headers?: unknown } = {},
): Promise<RecordDecision> {
  const codec = makeJsonCodec(plan, fakeKeyring);
  const raw = Buffer.from(value);
  await codec.begin([raw]);
  const decoded = codec.decode(raw, NOW, NOW);
  if (!decoded.ok) throw new Error(decoded.poison.code);
  const engine = makeEngine({ keyring: fakeKeyring });
  const { ciphers } = options;
  const batch = engine.begin({ codec, now: NOW, ...(ciphers === undefined ? {} : { ciphers }) });
  return batch.evaluate(decoded.record, options.headers, consentStateOf([event({ purpose: '*' })]));
}

function recording(): { readonly ciphers: SubjectCiphers; readonly calls: Call[]; readonly asked: string[] } {
  const calls: Call[] = [];
  const asked: string[] = [];
  const ciphers: SubjectCiphers = (subject) => {
    asked.push(subject);
    return {
      encrypt: (place, json) => {
        calls.push({ ...place, json, subject });
        return `sealed ${calls.length}`;
      },
    };
  };
  return { ciphers, calls, asked };
}

const valueOf = (decision: RecordDecision, index = 0): unknown => {
  const output = decision.kind === 'decided' ? decision.outputs[index] : undefined;
  return output?.kind === 'published' && output.value !== null
    ? JSON.parse(Buffer.from(output.value).toString())
    : output;
};

describe('encrypt', () => {
  it('hands the JSON text of each scalar to the cipher of the subject, with the place it stands at', async () => {
    const { ciphers, calls, asked } = recording();
    const raw = '{"id":"cust-1","mail":"a\\u00e9\\"","items":[{"n":1.50e3},{"n":true},{"n":null}],"kind":"x"}';
    const decision = await run(raw, { ciphers, headers: { agent: Buffer.from('curl') } });
    expect(valueOf(decision)).toEqual({
      ...{ id: 'sealed 1', mail: 'sealed 2', kind: 'x' },
      items: [{ n: 'sealed 3' }, { n: 'sealed 4' }, { n: null }],
    });
    const place = { topic: 'clean.r', purpose: 'analytics', subject: 'cust-1' };
    expect(calls).toEqual([
      { ...place, path: 'id', json: '"cust-1"' },
      { ...place, path: 'mail', json: '"aé\\""' },
      { ...place, path: 'items[].n', json: '1.50e3' },
      { ...place, path: 'items[].n', json: 'true' },
      { ...place, path: 'headers.agent', json: '"curl"' },
    ]);
    expect(asked).toEqual(['cust-1']);
  });

  it('fails the record where there is no cipher, and never lets the value through', async () => {
    expect(await run('{"id":"cust-1"}')).toEqual({
      kind: 'dead_lettered',
      poison: { code: 'action_failed', path: 'id' },
    });
  });

  it('leaves out what would be encrypted for a subject whose key was destroyed, and says so', async () => {
    const decision = await run('{"id":"cust-1","kind":"x"}', {
      ciphers: () => 'shredded',
      headers: { agent: Buffer.from('curl') },
    });
    expect(valueOf(decision)).toEqual({ kind: 'x' });
    const output = decision.kind === 'decided' ? decision.outputs[0] : undefined;
    expect(
      output?.kind === 'published' && [output.variant?.effects, output.variant?.headerEffects, output.headers],
    ).toEqual([['drop_shredded', 'drop_shredded', 'drop_shredded', 'keep'], ['drop_shredded'], []]);
  });

  it('withholds a record of which nothing else is left as erased', async () => {
    const decision = await run('{"id":"cust-1"}', { ciphers: () => 'shredded' });
    expect(decision).toMatchObject({ outputs: [{ kind: 'withheld', reason: 'erased' }, { kind: 'published' }] });
  });

  it('asks for no key where nothing is encrypted', () => {
    expect(encrypts(plan)).toBe(true);
    expect(encrypts({ ...plan, outputs: plan.outputs.slice(1) })).toBe(false);
  });
});

describe('standInCiphers', () => {
  const of = standInCiphers(fakeKeyring);
  const text = (subject: string, place: Partial<EncryptedPlace>, json: string): string => {
    const cipher = of(subject);
    if (cipher === 'shredded') throw new Error('no cipher');
    return cipher.encrypt({ topic: 't', purpose: 'p', path: 'a', ...place }, json);
  };

  it('gives the same text for the same value at the same place alone', () => {
    const texts = [text('1', {}, '1'), text('2', {}, '1'), text('1', { path: 'b' }, '1'), text('1', {}, '2')];
    expect(new Set([...texts, text('1', { topic: 'u' }, '1'), text('1', { purpose: 'q' }, '1')]).size).toBe(6);
    expect(text('1', {}, '1')).toBe(texts[0]);
    expect(texts[0]).toMatch(/^lethe:v0:/);
  });
});

describe('a subject who was erased', () => {
  const secret = planOf(
    { id: { category: CATEGORY.system }, mail: { category: CATEGORY.contact, action: { kind: 'encrypt' } } },
    [{ purpose: purpose({ defaultBasis: 'legal_obligation' }) }],
  );
  const erased = consentStateOf([event({ decision: 'erased', purpose: '*' })]);
  const nobody = consentStateOf([]);
  const cipher = { encrypt: () => 'sealed' };
  const evaluate = (state: typeof erased, ciphers: SubjectCiphers) => {
    const batch = makeEngine({ keyring: fakeKeyring }).begin({ codec: fakeCodec(), now: NOW, ciphers });
    return { batch, decision: batch.evaluate(record(secret), undefined, state) };
  };
  const effects = (decision: RecordDecision) => {
    const output = decision.kind === 'decided' ? decision.outputs[0] : undefined;
    return output?.kind === 'published' ? output.variant?.effects : output;
  };

  it('gets no key for what goes on by law, also where nobody destroyed it yet', () => {
    expect(effects(evaluate(nobody, () => cipher).decision)).toEqual(['keep', 'encrypt']);
    expect(effects(evaluate(erased, () => cipher).decision)).toEqual(['keep', 'drop_shredded']);
  });

  it('is decided about alike right before the commit', () => {
    const shredded = evaluate(nobody, () => 'shredded');
    expect(effects(shredded.decision)).toEqual(['keep', 'drop_shredded']);
    const stands = ({ batch, decision }: typeof shredded, state: typeof erased): boolean =>
      batch.stands(record(secret), decision, state, NOW);
    expect(stands(shredded, nobody)).toBe(true);
    expect(stands(shredded, erased)).toBe(true);
    const active = evaluate(nobody, () => cipher);
    expect(stands(active, nobody)).toBe(true);
    expect(stands(active, erased)).toBe(false);
  });
});

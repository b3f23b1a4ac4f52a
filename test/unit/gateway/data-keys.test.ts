import { describe, expect, it } from 'vitest';
import { makeEnvelopeReader } from '../../../services/adapters/crypto/envelope.ts';
import { makeFileWrapper } from '../../../services/adapters/crypto/file-wrapper.ts';
import { parseKeys } from '../../../services/adapters/crypto/keys.ts';
import type { DataKeyStore } from '../../../services/core/data-key.ts';
import { makeDecrypter, type Decrypted } from '../../../services/core/decrypt.ts';
import { batchOf, bundleOf, context, NOW, setUp, type SetUpOptions } from './fixture.ts';

const ENCRYPTING = bundleOf('action: encrypt');
const MAIL = 'user1@example.com';
const record = (id: string, email: unknown = MAIL): string => JSON.stringify({ id, at: NOW - 1000, email });

async function open(options: SetUpOptions = {}) {
  const bench = await setUp(options);
  await bench.stores.bundles.activate(ENCRYPTING);
  const token = (subject: string): string => bench.keyring.subjectTokens(subject)[0] as string;
  return {
    ...bench,
    token,
    grant: (subject: string) => bench.stores.consents.add([bench.consent(subject, 'granted', 1)]),
    keyOf: async (subject: string) => (await bench.stores.dataKeys.load([token(subject)])).get(token(subject)),
    /** What was published to the keyed output. */
    run: async (values: readonly string[]) => {
      const { publications } = await bench.handler(batchOf(values), context());
      return publications.flatMap(({ topic, value }) =>
        topic === 'clean.keyed' && value !== null
          ? [JSON.parse(Buffer.from(value).toString()) as Record<string, string>]
          : [],
      );
    },
    decrypt: async (text: string, path = 'email'): Promise<Decrypted | undefined> => {
      const decrypt = makeDecrypter({
        ...{ envelopes: makeEnvelopeReader(bench.keys), consents: bench.stores.consents, topic: 'clean.keyed' },
        ...{ wrapper: makeFileWrapper(bench.keys), now: () => NOW, maxStalenessMs: 60_000 },
      });
      return (await decrypt([{ text, matches: (declared) => declared === path }]))[0];
    },
  };
}

describe('a batch that encrypts', () => {
  it('makes one key a subject, in one more round trip, and none the next time', async () => {
    let mints = 0;
    const bench = await open({
      mint: (keys) => {
        mints++;
        return bench.stores.dataKeys.mint(keys);
      },
    });
    for (const subject of ['a', 'b']) await bench.grant(subject);
    const before = bench.lookUps();
    const published = await bench.run([record('a'), record('b'), record('a')]);
    expect(published.map(({ email }) => email)).toEqual(Array(3).fill(expect.stringMatching(/^lethe:v1:/)));
    expect([mints, bench.lookUps() - before]).toEqual([1, 1]);
    const key = await bench.keyOf('a');
    const later = await bench.run([record('a'), record('b')]);
    expect([mints, await bench.keyOf('a')]).toEqual([1, key]);
    for (const { email = '' } of [...published, ...later]) {
      expect(await bench.decrypt(email)).toEqual({ ok: true, json: JSON.stringify(MAIL) });
    }
  });

  it.each([
    ['nobody who gave no consent', record('b')],
    ['nobody whose value is null', record('b', null)],
    ['nobody whose record failed', record('b', {})],
  ])('makes a key for %s', async (_name, raw) => {
    const bench = await open();
    await bench.grant('a');
    if (!_name.includes('consent')) await bench.grant('b');
    await bench.run([record('a'), raw]);
    expect((await bench.keyOf('a'))?.state).toBe('active');
    expect(await bench.keyOf('b')).toBe(undefined);
  });

  it('decides again under another worker’s key, which was first', async () => {
    let other: string | null = null;
    const mint: DataKeyStore['mint'] = async (keys) => {
      const wrapper = makeFileWrapper(bench.keys);
      other ??= (await wrapper.wrap([{ token: bench.token('a'), key: new Uint8Array(32).fill(7) }]))[0] ?? '';
      await bench.stores.dataKeys.mint([{ token: bench.token('a'), wrapped: other }]);
      return bench.stores.dataKeys.mint(keys);
    };
    const bench = await open({ mint });
    await bench.grant('a');
    const [first] = await bench.run([record('a')]);
    expect(await bench.keyOf('a')).toEqual({ state: 'active', wrapped: other });
    expect(await bench.decrypt(first?.['email'] ?? '')).toEqual({ ok: true, json: JSON.stringify(MAIL) });
    expect(bench.segments).toHaveLength(1);
  });

  it('publishes nothing encrypted, and makes no key, for a subject whose key was destroyed', async () => {
    const bench = await open();
    await bench.grant('a');
    const [first] = await bench.run([record('a')]);
    await bench.stores.dataKeys.shred([bench.token('a')], NOW);
    expect(await bench.run([record('a')])).toEqual([{ at: NOW - 1000 }]);
    expect(await bench.keyOf('a')).toEqual({ state: 'shredded', at: NOW });
    expect(await bench.decrypt(first?.['email'] ?? '')).toEqual({ ok: false, problem: 'shredded' });
    expect(JSON.stringify(bench.segments.at(-1)?.treatments)).toContain('drop_shredded');
  });

  it('finds a key destroyed between look-up and minting', async () => {
    const mint: DataKeyStore['mint'] = async (keys) => {
      await bench.stores.dataKeys.shred([bench.token('a')], NOW);
      return bench.stores.dataKeys.mint(keys);
    };
    const bench = await open({ mint });
    await bench.grant('a');
    expect(await bench.run([record('a')])).toEqual([{ at: NOW - 1000 }]);
  });

  it('pauses where nothing wraps data keys, and where one cannot be opened', async () => {
    const bare = await open({ wrapper: null });
    await bare.grant('a');
    await expect(bare.run([record('a')])).rejects.toMatchObject({ code: 'unavailable', dependency: 'data_keys' });
    const bench = await open();
    await bench.grant('a');
    await bench.stores.dataKeys.mint([{ token: bench.token('a'), wrapped: `lethe:1:9:${'A'.repeat(80)}` }]);
    await expect(bench.run([record('a')])).rejects.toMatchObject({ code: 'unavailable', dependency: 'data_keys' });
  });

  it('asks for no data keys where nothing is encrypted', async () => {
    const bench = await setUp({ wrapper: null });
    await bench.stores.consents.add([bench.consent('a', 'granted', 1)]);
    expect((await bench.handler(batchOf([record('a')]), context())).publications.length).toBe(3);
  });

  it('shows a candidate that does the same as one that differs in nothing', async () => {
    const bench = await open();
    const renamed = bundleOf('action: encrypt', (text) => text.replace('default: P365D', 'default: P366D'));
    await bench.stores.bundles.shadow(renamed);
    await bench.grant('a');
    await bench.run([record('a'), record('a')]);
    await bench.shadows.settled();
    await bench.run([record('a'), record('a'), record('a', 'other@example.com')]);
    expect(bench.segments.at(-1)?.shadow).toEqual({ bundle: renamed.digest, divergence: [] });
  });
});

describe('decrypting', () => {
  it('refuses what was moved, of no key, or under keys that are not there', async () => {
    const bench = await open();
    await bench.grant('a');
    const [first] = await bench.run([record('a')]);
    const email = first?.['email'] ?? '';
    expect(await bench.decrypt(email, 'name')).toEqual({ ok: false, problem: 'altered' });
    expect(await bench.decrypt('lethe:v1:AAAA')).toEqual({ ok: false, problem: 'altered' });
    const stranger = await open();
    expect(await stranger.decrypt(email)).toEqual({ ok: false, problem: 'altered' });
    const decrypterOf = (more: object, keys = bench.keys) =>
      makeDecrypter({
        ...{ envelopes: makeEnvelopeReader(bench.keys), consents: bench.stores.consents, topic: 'clean.keyed' },
        ...{ wrapper: makeFileWrapper(keys), now: () => NOW, maxStalenessMs: 60_000 },
        ...more,
      })([{ text: email, matches: () => true }]);
    expect(await decrypterOf({ purpose: 'marketing' })).toEqual([{ ok: false, problem: 'other_purpose' }]);
    expect(await decrypterOf({ consents: stranger.stores.consents })).toEqual([{ ok: false, problem: 'unknown' }]);
    expect(await decrypterOf({}, stranger.keys)).toEqual([{ ok: false, problem: 'key_missing' }]);
    const other = JSON.parse(JSON.stringify({ data_key: Buffer.alloc(32).toString('base64') })) as object;
    expect(await decrypterOf({}, parseKeys(JSON.stringify(other), 'k'))).toEqual([
      { ok: false, problem: 'key_missing' },
    ]);
  });

  it('refuses an erased subject before anybody destroyed the key', async () => {
    const bench = await open();
    await bench.grant('a');
    const [first] = await bench.run([record('a')]);
    await bench.stores.consents.add([bench.consent('a', 'erased', 2)]);
    expect(await bench.decrypt(first?.['email'] ?? '')).toEqual({ ok: false, problem: 'shredded' });
  });

  it('refuses everything while the view is old or behind the feed: keys may have come back with it', async () => {
    const bench = await open();
    await bench.grant('a');
    const [first] = await bench.run([record('a')]);
    const text = first?.['email'] ?? '';
    bench.stores.setWatermark({ at: NOW - 61_000, offsets: { 0: '5' } });
    await expect(bench.decrypt(text)).rejects.toMatchObject({ code: 'unavailable', dependency: 'consent_view' });
    bench.stores.setWatermark({ at: NOW - 1_000, offsets: { 0: '5' } });
    expect((await bench.decrypt(text))?.ok).toBe(true);
    const behind = (end: number) =>
      makeDecrypter({
        ...{ envelopes: makeEnvelopeReader(bench.keys), consents: bench.stores.consents, topic: 'clean.keyed' },
        ...{ wrapper: makeFileWrapper(bench.keys), now: () => NOW, maxStalenessMs: 60_000, feedEnds: { 0: end } },
      })([{ text, matches: () => true }]);
    await expect(behind(6)).rejects.toMatchObject({ code: 'unavailable' });
    expect((await behind(5))[0]?.ok).toBe(true);
  });
});

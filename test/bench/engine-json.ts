/**
 * The JSON engine (decode and apply of one output) against JSON.parse, the same actions by the same functions and the
 * same remembered HMACs, and JSON.stringify. One process, interleaved rounds, the median of their ratios. Alone:
 * `node test/bench/engine-json.ts`.
 */
import { randomBytes } from 'node:crypto';
import { makeKeyring } from '../../services/adapters/crypto/keyring.ts';
import { parseKeys } from '../../services/adapters/crypto/keys.ts';
import { makeJsonCodec } from '../../services/core/apply/json/json-codec.ts';
import { makeVariants } from '../../services/core/decide/variants.ts';
import { makeUsualWay, shopPlan, shopRecords } from './engine-json-shop.ts';

/** Few records a round and many rounds: what else the machine does falls on both ways alike. */
const RECORDS = 500;
const ROUNDS = 151;
const WARM_UP = 30;
const NOW = Date.UTC(2026, 0, 15);

/** What issue 3 asks for. */
export const JSON_RATIO = 1.5;

export type JsonBench = {
  /** Records a second. */
  readonly engine: number;
  readonly usual: number;
  /** Engine by the usual way. */
  readonly ratio: number;
};

/** Runs it; the outputs of both ways are compared first. */
export async function benchEngineJson(rounds: number = ROUNDS): Promise<JsonBench> {
  const key = (): string => randomBytes(32).toString('base64');
  const keys = parseKeys(JSON.stringify({ subject: key(), pseudonym: key(), dead_letter: key() }), 'keys.json');
  const keyring = makeKeyring(keys);
  const plan = shopPlan();
  const [output] = plan.outputs;
  if (output === undefined) throw new Error('no output');
  const variant = makeVariants(plan, output).pick(true, false, 0);
  const codec = makeJsonCodec(plan, keyring);
  const tally = new Uint32Array(plan.leaves.length);
  const engine = async (values: readonly Buffer[]): Promise<readonly Uint8Array[]> => {
    await codec.begin(values);
    const records = values.map((value) => {
      const decoded = codec.decode(value, NOW, NOW);
      if (!decoded.ok) throw new Error(decoded.poison.code);
      return decoded.record;
    });
    return records.map((record) => {
      const applied = codec.apply(record, output, variant, tally);
      if (!applied.ok) throw new Error(applied.poison.code);
      return applied.value;
    });
  };
  const usualWay = makeUsualWay(keyring);
  const usual = (values: readonly Buffer[]): Promise<readonly Uint8Array[]> => Promise.resolve(values.map(usualWay));

  const values = shopRecords(RECORDS);
  const expected = await usual(values);
  for (const [n, value] of (await engine(values)).entries()) {
    if (!Buffer.from(value).equals(expected[n] as Uint8Array)) throw new Error('the two ways do not do the same');
  }

  const rates: { engine: number; usual: number }[] = [];
  for (let round = -WARM_UP; round < rounds; round++) {
    const usualRate = await rateOf(usual, values);
    const engineRate = await rateOf(engine, values);
    if (round >= 0) rates.push({ engine: engineRate, usual: usualRate });
  }
  return {
    engine: median(rates.map((rate) => rate.engine)),
    usual: median(rates.map((rate) => rate.usual)),
    // Round by round, so that a busy moment of the machine is on both sides.
    ratio: median(rates.map((rate) => rate.engine / rate.usual)),
  };
}

/** Records a second of one round. */
async function rateOf(
  way: (values: readonly Buffer[]) => Promise<unknown>,
  values: readonly Buffer[],
): Promise<number> {
  const started = performance.now();
  await way(values);
  return (values.length / (performance.now() - started)) * 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

if (import.meta.main) {
  const { engine, usual, ratio } = await benchEngineJson();
  const rate = (value: number): string => `${Math.round(value / 1000)}k/s`;
  process.stdout.write(
    `JSON engine ${rate(engine)}, JSON.parse, mask, JSON.stringify ${rate(usual)}: ` +
      `ratio ${ratio.toFixed(2)} (at least ${JSON_RATIO})
`,
  );
  if (ratio < JSON_RATIO) process.exitCode = 1;
}

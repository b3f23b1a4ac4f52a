/** The control API under many clients, on a real Kafka and Redis: what it acknowledged, how fast, and that none is lost. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lethe, startWorker } from '../../deploy/demo/processes.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { startStack } from '../../deploy/local/stack.ts';
import { makeConsentEventCodec } from '../../services/adapters/avro-single-object/consent-events.ts';
import { makeApiToken } from '../../services/adapters/config/api-tokens.ts';
import { percentile, putLoad } from '../stack/api-load.ts';
import { until } from '../stack/commands.ts';
import { needKcat, topicHolds } from '../stack/kcat.ts';

export type ApiBench = {
  readonly acknowledged: number;
  /** Acknowledged, and not in the feed as kcat reads it; answers that were no acknowledgement count too. */
  readonly lost: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
};

const FEED = 'lethe.consent-events';
const CLIENTS = 200;
/** Code is compiled and connections are opened before anything is measured. */
const WARM_UP_MS = 2_000;

/** @param dir an empty folder. */
export async function benchControlApi(options: {
  readonly forMs: number;
  readonly dir: string;
  readonly log: (line: string) => void;
}): Promise<ApiBench> {
  const { forMs, log } = options;
  const dir = join(options.dir, 'control-api');
  mkdirSync(dir);
  await needKcat();
  const stack = await startStack({ parts: ['kafka', 'redis'], env: {}, log });
  try {
    const [port = 0, metrics = 0] = await freePorts(2);
    const { token, line } = makeApiToken('bench', ['consents:write']);
    const tokens = join(dir, 'tokens.yaml');
    writeFileSync(tokens, `${line}\n`);
    const env = {
      ...stack.env,
      LETHE_KEYS_FILE: join(dir, 'keys.json'),
      LETHE_API_TOKENS_FILE: tokens,
      LETHE_API_PORT: String(port),
      LETHE_API_REQUESTS_PER_MINUTE: '10000000',
    };
    await lethe(['keys', 'generate', '--out', env.LETHE_KEYS_FILE], env);
    const control = startWorker(metrics, env, join(dir, 'control.log'), 'control');
    try {
      await until('the API is up', () =>
        fetch(`http://127.0.0.1:${port}/v1/openapi.json`).then(
          ({ ok }) => ok || null,
          () => null,
        ),
      );
      let round = 0;
      const load = (ms: number) => {
        round++;
        const subject = (client: number): string => `bench-${round}-${client}`;
        return putLoad({ port, token, clients: CLIENTS, forMs: ms, subject, purpose: '*' });
      };
      await load(WARM_UP_MS);
      const began = performance.now();
      const { acknowledged, latencies, others } = await load(forMs);
      const seconds = (performance.now() - began) / 1_000;
      const codec = makeConsentEventCodec();
      const held = new Map<string, string | null>();
      for (const { partition, offset, value } of await topicHolds(stack.kafka.endpoint, FEED)) {
        const decoded = value === null ? null : codec.decode(value);
        held.set(`${FEED}/${partition}/${offset}`, decoded?.ok === true ? decoded.entry.event.notice : null);
      }
      const missing = [...acknowledged].filter(([id, notice]) => held.get(id) !== notice).length;
      return {
        acknowledged: acknowledged.size,
        lost: missing + [...others.values()].reduce((sum, count) => sum + count, 0),
        perSecond: acknowledged.size / seconds,
        p50: percentile(latencies, 0.5),
        p99: percentile(latencies, 0.99),
      };
    } finally {
      await control.kill();
    }
  } finally {
    await stack.stop();
  }
}

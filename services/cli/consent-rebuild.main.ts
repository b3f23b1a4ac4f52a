import { wireProjector } from '../control/projector.main.ts';
import { makeKafka } from '../adapters/kafka/client.ts';
import { kafkajsLogCreator } from '../adapters/log/kafkajs-bridge.ts';
import { makeLog } from '../adapters/log/logger.ts';
import { silenceNegativeTimeoutWarning } from '../adapters/log/warnings.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { LetheError } from '../core/errors.ts';
import { EXIT } from './exit.ts';
import { makeProgress, type Progress } from './progress.ts';
import { commandSettings } from './settings.main.ts';

/** A view that others empty or append to meanwhile is not whole at once. */
const ATTEMPTS = 20;

/** `lethe consent rebuild`: makes the whole view anew from the feed. Workers pause until it is whole. */
export async function consentRebuild(options: { config?: string }): Promise<number> {
  silenceNegativeTimeoutWarning();
  const settings = commandSettings(options, ['kafka', 'redis']);
  const redis = connectRedis(settings.redis);
  const log = makeLog('silent');
  const { brokers } = settings.kafka;
  const { projector, view, close } = wireProjector({
    kafka: makeKafka(settings.kafka, kafkajsLogCreator(log)),
    brokers,
    redis,
    log,
  });
  let events = 0;
  const line: { shown: Progress | null } = { shown: null };
  try {
    process.stderr.write('Workers pause until the view is whole again.\n');
    await view.begin({ anew: true });
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const whole = await projector.catchUp((done, total) => {
        line.shown ??= makeProgress(process.stderr, 'Consent events', total, (count) => String(Math.round(count)));
        line.shown.at(done);
        events = Math.max(events, done);
      });
      if (whole) {
        process.stdout.write(`${JSON.stringify({ rebuilt: events })}\n`);
        return EXIT.ok;
      }
    }
    throw new LetheError('unavailable', 'The view was emptied or the feed grew faster than it could be read', {
      dependency: 'consent_view',
      fix: 'Run the command again; workers pause until then.',
    });
  } finally {
    line.shown?.end();
    await Promise.all([close(), redis.close()]);
  }
}

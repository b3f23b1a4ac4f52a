import { makeConsentEventCodec } from '../adapters/avro-single-object/consent-events.ts';
import { makeKafkaTopicReader } from '../adapters/kafka/topic-reader.ts';
import { makeRedisConsentProjection } from '../adapters/redis/consent-projection.ts';
import { makeRedisDataKeyStore } from '../adapters/redis/data-key-store.ts';
import type { RedisClient } from '../adapters/redis/client.ts';
import type { ConsentProjection } from '../core/consent-projection.ts';
import type { Log } from '../core/log.ts';
import { makeProjector, type Projector, type ProjectorObserver } from './projector.ts';
import { sleep } from './sleep.ts';

type Kafka = Parameters<typeof makeKafkaTopicReader>[0]['kafka'];

export type WiredProjector = {
  readonly projector: Projector;
  readonly view: ConsentProjection;
  readonly close: () => Promise<void>;
};

/** A projector of `lethe.consent-events` into Redis, for `control` and for `consent rebuild`. */
export function wireProjector(parts: {
  readonly kafka: Kafka;
  readonly brokers: readonly string[];
  readonly redis: RedisClient;
  readonly log: Log;
  readonly observe?: ProjectorObserver;
}): WiredProjector {
  const codec = makeConsentEventCodec();
  const reader = makeKafkaTopicReader(parts);
  const view = makeRedisConsentProjection(parts.redis);
  const projector = makeProjector({
    reader,
    view,
    dataKeys: makeRedisDataKeyStore(parts.redis),
    decode: (value) => {
      const decoded = codec.decode(value);
      return decoded.ok ? decoded.entry : null;
    },
    now: Date.now,
    sleep,
    log: parts.log,
    ...(parts.observe === undefined ? {} : { observe: parts.observe }),
  });
  return { projector, view, close: reader.close };
}

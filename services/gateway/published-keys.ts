/**
 * The index of published keys (issue 5): which keys a subject's records have in compacted outputs that are keyed by a
 * path, so that an erasure finds them. Where there is no such output nothing is asked, worked out or written.
 *
 * An entry lies in `lethe.published-keys` under `TOKEN/TOPIC/PARTITION/HMAC of the key`; its value is the key, sealed: a
 * policy may well key an output by the subject's id.
 */
import type { DecodedRecord } from './1-decode.ts';
import { consentPartition } from '../core/consent-partition.ts';
import type { RecordDecision } from '../core/engine.ts';
import type { Keyring } from '../core/keyring.ts';
import { PUBLISHED_KEYS_TOPIC } from '../core/own-topics.ts';
import type { RoutePlan } from '../core/policy/plan.ts';
import type { Sealer } from '../core/ports.ts';
import type { Publication, RawBatch, TopicFacts } from '../core/transport.ts';

/** The domain of the HMACs that tell entries apart. */
const DOMAIN = 'lethe.published-keys';

export type PublishedKeys = (
  batch: RawBatch,
  decisions: readonly RecordDecision[],
  decoded: readonly DecodedRecord[],
  now: number,
) => readonly Publication[];

/** Null where the route has no compacted output that is keyed by a path. */
export async function openPublishedKeys(
  plan: RoutePlan,
  facts: readonly TopicFacts[],
  options: {
    readonly topic: (name: string) => Promise<TopicFacts>;
    readonly keyring: Keyring;
    readonly sealer: Sealer;
  },
): Promise<PublishedKeys | null> {
  const outputs = plan.outputs.filter(({ index, key }) => key.kind === 'leaf' && facts[index]?.compacted === true);
  if (outputs.length === 0) return null;
  const { partitions } = await options.topic(PUBLISHED_KEYS_TOPIC);
  const { keyring, sealer } = options;

  return (batch, decisions, decoded, now) => {
    const entries = new Map<string, Publication>();
    for (const [place, decision] of decisions.entries()) {
      const read = decoded[place];
      if (decision.kind !== 'decided' || read?.kind !== 'record') continue;
      for (const { index, topic } of outputs) {
        const outcome = decision.outputs[index];
        if (outcome?.kind !== 'published' || outcome.key === null) continue;
        const [token = ''] = keyring.subjectTokens(read.record.subject);
        const partition = batch.partition % (facts[index]?.partitions ?? 1);
        const name = `${token}/${topic}/${partition}/${keyring.pseudonym(DOMAIN, outcome.key)}`;
        if (entries.has(name)) continue;
        entries.set(name, {
          topic: PUBLISHED_KEYS_TOPIC,
          partition: consentPartition(token, partitions),
          key: name,
          value: sealer.seal(new TextEncoder().encode(outcome.key), name),
          headers: {},
          timestamp: now,
        });
      }
    }
    return [...entries.values()];
  };
}

import type { Settings } from '../adapters/config/settings.ts';
import { askKafka } from '../adapters/kafka/authority.ts';
import { makeKafka } from '../adapters/kafka/client.ts';
import { listens, reachBroker } from '../adapters/kafka/reach.ts';
import { kafkajsLogCreator } from '../adapters/log/kafkajs-bridge.ts';
import { makeLog } from '../adapters/log/logger.ts';
import { peerCertificate, validUntil } from '../adapters/tls/peer-certificate.ts';
import { counted, type Finding, saying } from '../core/check/finding.ts';
import { judgeCertificate, judgePeer } from '../core/check/judge-certificate.ts';
import { judgeKafkaRights } from '../core/check/judge-kafka-rights.ts';
import { judgeTopics } from '../core/check/judge-topics.ts';
import type { KafkaRight } from '../core/check/kafka-rights.ts';
import { LetheError } from '../core/errors.ts';
import type { CompiledRoute } from '../core/policy/plan.ts';
import { OWN_TOPICS } from '../gateway/topics.ts';

type KafkaSettings = NonNullable<Settings['kafka']>;

const say = saying('kafka');

const TLS_SETTINGS = {
  ca: 'KAFKA_SSL_CA',
  cert: 'KAFKA_SSL_CERT',
  key: 'KAFKA_SSL_KEY',
  otherwise: 'Check KAFKA_SSL_CA, that the certificate names this host, and that the broker speaks TLS here.',
};

/** @param principal of the user, for what to do */
export async function checkKafka(
  settings: KafkaSettings,
  needs: {
    readonly routes: readonly CompiledRoute[];
    readonly rights: readonly KafkaRight[];
    readonly principal: string;
    readonly maxRecordBytes: number;
  },
): Promise<readonly Finding[]> {
  const reached = await Promise.all(settings.brokers.map((broker) => checkBroker(settings, broker)));
  const findings = [...ownCertificate(settings), ...reached.flatMap((one) => one.findings)];
  const brokers = settings.brokers.filter((_broker, index) => reached[index]?.ok === true);
  if (brokers.length === 0) return findings;
  const kafka = clientOf(settings, brokers);
  try {
    const { routes, rights, principal, maxRecordBytes } = needs;
    const facts = await askKafka(kafka, brokers, rights);
    const { topics, autoCreate } = facts;
    const cluster = say.ok('cluster', `${facts.clusterId ?? 'without a name'}, ${counted(facts.brokers, 'broker')}`);
    return [
      ...findings,
      cluster,
      ...judgeKafkaRights(rights, facts.authority, principal),
      ...judgeTopics({ routes, own: OWN_TOPICS, topics, maxRecordBytes, autoCreate }),
    ];
  } catch (error) {
    if (!(error instanceof LetheError)) throw error;
    return [...findings, say.fail(brokers.join(','), error.message, error.fix ?? '')];
  }
}

function clientOf(settings: KafkaSettings, brokers: readonly string[]): ReturnType<typeof makeKafka> {
  return makeKafka({ ...settings, brokers }, kafkajsLogCreator(makeLog('silent')));
}

async function checkBroker(
  settings: KafkaSettings,
  broker: string,
): Promise<{ readonly ok: boolean; readonly findings: readonly Finding[] }> {
  const fail = (finding: string, fix: string) => ({ ok: false, findings: [say.fail(broker, finding, fix)] });
  const colon = broker.lastIndexOf(':');
  const host = broker.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(broker.slice(colon + 1));
  const silence = await listens(host, port);
  if (silence !== null) {
    return fail(`unreachable: ${silence}`, 'Check that the broker runs, KAFKA_BROKERS, names and firewalls.');
  }
  const findings: Finding[] = [];
  if (settings.ssl !== false) {
    const seen = await peerCertificate(host, port, settings.ssl === true ? {} : settings.ssl);
    findings.push(...judgePeer(say, broker, seen, TLS_SETTINGS, Date.now()));
    if (!seen.ok) return { ok: false, findings };
  }
  const reached = await reachBroker(clientOf(settings, [broker]), broker);
  if (reached.ok) {
    const how = [
      settings.ssl === false ? 'plain text' : 'TLS',
      ...(settings.sasl === null ? [] : [settings.sasl.mechanism]),
    ];
    return { ok: true, findings: [...findings, say.ok(broker, `answers in ${reached.ms} ms (${how.join(', ')})`)] };
  }
  return { ok: false, findings: [...findings, say.fail(broker, reached.reason, reached.fix)] };
}

function ownCertificate({ ssl }: KafkaSettings): readonly Finding[] {
  const pem = typeof ssl === 'boolean' ? undefined : ssl.cert;
  const until = pem === undefined ? null : validUntil(pem);
  return until === null ? [] : [judgeCertificate(say, 'KAFKA_SSL_CERT', until, Date.now())];
}

/** A broker with two doors: one that clients reach through a proxy, and says so, and one for the referee alone. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brokerAnswers } from '../../deploy/local/broker-answers.ts';
import type { Log } from '../../deploy/local/error.ts';
import { kafkaJavaArgs, newClusterId, prepareKafka, serverProperties } from '../../deploy/local/kafka.ts';
import type { Part } from '../../deploy/local/part.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { startProcessPart } from '../../deploy/local/process-part.ts';
import type { RunDir } from '../../deploy/local/run-dir.ts';

export type ProxiedKafka = {
  /** Its endpoint is the referee's door. */
  readonly part: Part;
  /** HOST:PORT that the proxy has to send clients to. */
  readonly behind: string;
  /** Where Kafka's jars are. */
  readonly home: string;
};

/** @param proxyPort the port at which clients will find the proxy: what the broker tells them of itself. */
export async function startProxiedKafka(runDir: RunDir, proxyPort: number, log: Log): Promise<ProxiedKafka> {
  const { home, storage, options } = await prepareKafka(runDir, log);
  const [direct = 0, behind = 0, controller = 0] = await freePorts(3);
  const dataDir = join(runDir.path, 'kafka');
  rmSync(dataDir, { recursive: true, force: true });
  cpSync(storage, dataDir, { recursive: true });
  const meta = join(dataDir, 'meta.properties');
  writeFileSync(meta, readFileSync(meta, 'utf8').replace(/^cluster\.id=.*$/m, `cluster.id=${newClusterId()}`));
  const properties = join(runDir.path, 'kafka.properties');
  const host = '127.0.0.1';
  writeFileSync(
    properties,
    [
      // A later line wins over an earlier one.
      serverProperties({ broker: direct, controller }, dataDir),
      `listeners=PLAINTEXT://${host}:${direct},PROXIED://${host}:${behind},CONTROLLER://${host}:${controller}`,
      `advertised.listeners=PLAINTEXT://${host}:${direct},PROXIED://${host}:${proxyPort}`,
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
      // Everybody may do everything, until a fault forbids it.
      'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'allow.everyone.if.no.acl.found=true',
      '',
    ].join('\n'),
  );
  const part = await startProcessPart(runDir, {
    name: 'kafka',
    endpoint: `${host}:${direct}`,
    dataDir,
    command: 'java',
    args: [...kafkaJavaArgs(home, [...options, '-Xms256m', '-Xmx1g', '-XX:+UseSerialGC'], 'kafka.Kafka'), properties],
    answers: () => brokerAnswers(`${host}:${direct}`),
    startTimeoutMs: 60_000,
  });
  return { part, behind: `${host}:${behind}`, home };
}

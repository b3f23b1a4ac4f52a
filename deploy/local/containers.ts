import { GenericContainer } from 'testcontainers';
import { containerEndpoint, containerPart, untilAnswers } from './container-part.ts';
import { APICURIO_VERSION, KAFKA_VERSION } from './downloads.ts';
import type { Log } from './error.ts';
import type { Part, PartName } from './part.ts';
import { freePorts } from './ports.ts';

/** The same three images and settings as `deploy/compose.yaml`, on a port of the host that stays through restarts. */
const definitions: Record<PartName, (port: number) => GenericContainer> = {
  kafka: (port) =>
    new GenericContainer(`apache/kafka:${KAFKA_VERSION}`)
      // The port is the same inside and outside: a client goes where the broker says it is.
      .withExposedPorts({ container: port, host: port })
      .withEnvironment({
        KAFKA_PROCESS_ROLES: 'broker,controller',
        KAFKA_NODE_ID: '1',
        KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:29093',
        KAFKA_LISTENERS: `PLAINTEXT://:${port},CONTROLLER://:29093`,
        KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
        KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
        KAFKA_INTER_BROKER_LISTENER_NAME: 'PLAINTEXT',
        KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
        KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
        KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '4',
        KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
        KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
        KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS: '4',
        KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: '1',
        KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: '1',
        KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
        KAFKA_LOG_RETENTION_MS: '-1',
      }),
  registry: (port) =>
    new GenericContainer(`apicurio/apicurio-registry:${APICURIO_VERSION}`)
      .withExposedPorts({ container: 8080, host: port })
      .withEnvironment({ APICURIO_DATASOURCE_URL: 'jdbc:h2:file:/tmp/schemas;WRITE_DELAY=0' }),
  redis: (port) =>
    new GenericContainer('redis:7')
      .withExposedPorts({ container: 6379, host: port })
      .withCommand(['redis-server', '--appendonly', 'yes', '--save', '']),
};

/** Starts parts by testcontainers, which removes the containers when this process ends. */
export const startContainers = async (names: readonly PartName[], log: Log): Promise<Part[]> => {
  const ports = await freePorts(names.length);
  log(`Docker answers: starting ${names.join(', ')} in containers`);
  return Promise.all(
    names.map(async (name, index) => {
      const port = ports[index] ?? 0;
      const endpoint = containerEndpoint(name, port);
      const container = await definitions[name](port).start();
      await untilAnswers(name, endpoint);
      log(`${name} answers on ${endpoint}`);
      return containerPart(name, endpoint, container.getId());
    }),
  );
};

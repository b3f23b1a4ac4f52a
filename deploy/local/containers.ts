import { GenericContainer } from 'testcontainers';
import { containerDefinition } from './container-definition.ts';
import { containerEndpoint, containerPart, untilAnswers } from './container-part.ts';
import type { Log } from './error.ts';
import type { Part, PartName } from './part.ts';
import { freePorts } from './ports.ts';

const start = async (name: PartName, port: number): Promise<string> => {
  const { image, environment, command, containerPort } = containerDefinition(name, port);
  const container = new GenericContainer(image)
    // A fixed port of the host stays through a stop and a start.
    .withExposedPorts({ container: containerPort, host: port })
    .withEnvironment(environment);
  if (command.length > 0) container.withCommand([...command]);
  return (await container.start()).getId();
};

/** Starts parts of `deploy/compose.yaml` by testcontainers, which removes them when this process ends. */
export const startContainers = async (names: readonly PartName[], log: Log): Promise<Part[]> => {
  const ports = await freePorts(names.length);
  log(`Docker answers: starting ${names.join(', ')} in containers`);
  return Promise.all(
    names.map(async (name, index) => {
      const port = ports[index] ?? 0;
      const endpoint = containerEndpoint(name, port);
      const id = await start(name, port);
      await untilAnswers(name, endpoint);
      log(`${name} answers on ${endpoint}`);
      return containerPart(name, endpoint, id);
    }),
  );
};

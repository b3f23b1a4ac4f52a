import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { StackError } from './error.ts';
import type { PartName } from './part.ts';

/** `deploy/compose.yaml`: the one place that says which images run, with which settings. */
export const COMPOSE_FILE = new URL('../compose.yaml', import.meta.url);

/** The setting by which compose.yaml takes the port of a part. */
export const portSetting = (name: PartName): string => `LETHE_STACK_${name.toUpperCase()}_PORT`;

export type ContainerDefinition = {
  readonly image: string;
  readonly environment: Record<string, string>;
  readonly command: readonly string[];
  /** The port inside the container. */
  readonly containerPort: number;
};

type Service = { image: string; ports: string[]; environment?: Record<string, string>; command?: string[] };

/** What compose.yaml says of a part, for the given port on the host. */
export const containerDefinition = (name: PartName, port: number): ContainerDefinition => {
  // Compose's own `${NAME:-default}`; the port is all that the file leaves open.
  const text = readFileSync(COMPOSE_FILE, 'utf8').replaceAll(
    new RegExp(`\\$\\{${portSetting(name)}:-\\d+\\}`, 'g'),
    String(port),
  );
  const service = (parse(text) as { services: Record<string, Service> }).services[name];
  const containerPort = Number(service?.ports[0]?.split(':').at(-1));
  if (!service || !containerPort) throw new StackError(`deploy/compose.yaml does not say how to run ${name}`);
  return {
    image: service.image,
    environment: service.environment ?? {},
    command: service.command ?? [],
    containerPort,
  };
};

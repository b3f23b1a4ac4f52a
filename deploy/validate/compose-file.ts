import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Log } from '../local/error.ts';
import { goTool } from '../local/go-tools.ts';
import { linesOf } from './check.ts';

export const COMPOSE = new URL('../compose.yaml', import.meta.url).pathname;

type Mount = { readonly type: string; readonly source?: string; readonly target: string };

type Service = {
  readonly image?: string;
  readonly build?: { readonly context?: string };
  readonly ports?: readonly { readonly host_ip?: string; readonly published?: string }[];
  readonly volumes?: readonly Mount[];
  readonly privileged?: boolean;
  readonly depends_on?: Readonly<Record<string, unknown>>;
};

/** The loader that `docker compose` itself uses. */
export const composeLoader = (log: Log): Promise<string> => goTool('compose-spec', log);

/**
 * What is wrong with a Compose file: what Compose itself would refuse (a field it does not have, a service or volume that
 * is not there), images without a fixed tag, ports that more than this machine can reach, mounts of what is not there.
 *
 * @param made by whoever starts it, so that it need not be there
 */
export const composeProblems = (loader: string, file: string, made: readonly string[] = []): string[] => {
  // All profiles, or what only some start would go unread.
  const { status, stdout, stderr } = spawnSync(loader, ['-format', 'json', file], {
    cwd: dirname(file),
    env: { ...process.env, COMPOSE_PROFILES: '*' },
    encoding: 'utf8',
  });
  if (status !== 0) return linesOf(stderr === '' ? 'the Compose loader cannot be run' : stderr);
  const { services } = JSON.parse(stdout) as { services: Readonly<Record<string, Service>> };
  return Object.entries(services).flatMap(([name, service]) =>
    [...serviceProblems(service, made), ...missingServices(service, services)].map(
      (problem) => `service ${name}: ${problem}`,
    ),
  );
};

/** The loader looks at what services depend on only when it is told which of them to start. */
const missingServices = (service: Service, services: Readonly<Record<string, Service>>): string[] =>
  Object.keys(service.depends_on ?? {})
    .filter((name) => services[name] === undefined)
    .map((name) => `it depends on ${name}, which there is not`);

const serviceProblems = (service: Service, made: readonly string[]): string[] => {
  const problems: string[] = [];
  if (service.build === undefined && !isFixed(service.image ?? '')) {
    problems.push(`the image "${service.image ?? ''}" has no fixed tag`);
  }
  if (service.privileged === true) problems.push('it is privileged');
  for (const { host_ip: address, published } of service.ports ?? []) {
    if (address !== '127.0.0.1') problems.push(`port ${published ?? '?'} is open to other machines`);
  }
  for (const { type, source, target } of service.volumes ?? []) {
    if (type !== 'bind' || source === undefined || made.includes(target)) continue;
    if (!existsSync(source)) problems.push(`what is mounted at ${target} is not there: ${source}`);
  }
  return problems;
};

const isFixed = (image: string): boolean =>
  /@sha256:[0-9a-f]{64}$/.test(image) || /:(?!latest$)[\w][\w.-]*$/.test(image);

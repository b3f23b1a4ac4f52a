import { StackError } from './error.ts';
import { PART_SETTING, type Part, type PartName } from './part.ts';

/** A part whose endpoint the environment gives: used as it is, never started, never stopped. */
export const givenPart = (name: PartName, endpoint: string): Part => {
  const refuse = (verb: string) => async (): Promise<never> => {
    throw new StackError(`${name} was given by ${PART_SETTING[name]}; it is not ours to ${verb}`);
  };
  return {
    name,
    endpoint,
    kind: 'given',
    pid: undefined,
    dataDir: undefined,
    start: refuse('start'),
    stop: refuse('stop'),
    kill: refuse('kill'),
    pause: refuse('pause'),
    resume: refuse('resume'),
  };
};

/** The endpoint that the environment gives for a part, if any. An empty setting is none. */
export const givenEndpoint = (name: PartName, env: NodeJS.ProcessEnv): string | undefined =>
  env[PART_SETTING[name]]?.trim() || undefined;

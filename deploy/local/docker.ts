import { capture } from './run-command.ts';

const ANSWER_MS = 5000;

/** Whether a Docker engine answers. Bounded: an engine that hangs counts as none. */
export const dockerAnswers = async (): Promise<boolean> => {
  const { code, output } = await capture('docker', ['info', '--format', '{{.ServerVersion}}'], {
    timeoutMs: ANSWER_MS,
  });
  return code === 0 && output.trim() !== '';
};

/** Whether that engine comes with compose, which is a plugin and may be missing. */
export const composeAnswers = async (): Promise<boolean> =>
  (await capture('docker', ['compose', 'version'], { timeoutMs: ANSWER_MS })).code === 0;

/** What the demo prints on. */
import { makeStyles, type Styles } from './show.ts';

export type Screen = {
  readonly styles: Styles;
  /** Characters in a line. */
  readonly width: number;
  readonly say: (line?: string) => void;
  readonly heading: (line: string) => void;
  /** A line with the seconds since the start. */
  readonly step: (line: string) => void;
};

export function makeScreen(out: NodeJS.WriteStream): Screen {
  const began = Date.now();
  const styles = makeStyles(out.isTTY === true && process.env['NO_COLOR'] === undefined);
  const say = (line = ''): void => void out.write(`${line}\n`);
  return {
    styles,
    width: Math.min(out.columns ?? 100, 120),
    say,
    heading: (line) => say(`\n${styles.bold(line)}`),
    step: (line) => say(`${styles.dim(`${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s`)}  ${line}`),
  };
}

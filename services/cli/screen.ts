/** A screen of a terminal that is drawn over, and given back as it was. */

type Terminal = Pick<NodeJS.WriteStream, 'write' | 'on' | 'removeListener' | 'columns' | 'rows'>;

export type Screen = {
  /** Draws lines from the top; what was there before is gone. None may be wider than `size().columns`. */
  readonly draw: (lines: readonly string[]) => void;
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Gives the terminal back; may be called again. */
  readonly close: () => void;
};

const ESC = '\u001b[';
/** The alternate screen, without a cursor, and without wrapping: a character wider than we think must not shift lines. */
const OPEN = `${ESC}?1049h${ESC}?25l${ESC}?7l`;
const CLOSE = `${ESC}?7h${ESC}?25h${ESC}?1049l`;
const HOME = `${ESC}H`;
const TO_LINE_END = `${ESC}K`;
const TO_SCREEN_END = `${ESC}J`;

/** @param resized called after the terminal has another size. */
export function openScreen(terminal: Terminal, resized: () => void): Screen {
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    terminal.removeListener('resize', resized);
    process.removeListener('exit', close);
    terminal.write(CLOSE);
  };
  // Whatever ends the process, the terminal is given back.
  process.on('exit', close);
  terminal.on('resize', resized);
  terminal.write(OPEN);
  return {
    // One write, and nothing is cleared first: no flicker.
    draw: (lines) => {
      if (!open) return;
      const text = lines.map((line) => `${line}${TO_LINE_END}`).join('\r\n');
      terminal.write(`${HOME}${text}${TO_SCREEN_END}`);
    },
    size: () => ({ columns: terminal.columns || 80, rows: terminal.rows || 24 }),
    close,
  };
}

/** stdout for long outputs: waits for its reader, and notices when that has gone (`… | head`). */
export type Output = {
  /** Resolves once there is room for more; false where nobody reads any longer. */
  readonly write: (text: string | Uint8Array) => Promise<boolean>;
};

type Stream = Pick<NodeJS.WriteStream, 'write' | 'on' | 'once' | 'removeListener'>;

export function makeOutput(stream: Stream): Output {
  let gone = false;
  let wake = (): void => undefined;
  stream.on('error', () => {
    gone = true;
    wake();
  });
  return {
    write: async (text) => {
      if (gone) return false;
      if (!stream.write(text)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          stream.once('drain', resolve);
        });
      }
      return !gone;
    },
  };
}

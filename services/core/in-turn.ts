/** Does one thing after the other, whether those before failed or not. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export function makeInTurn(): InTurn {
  let turn: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };
}

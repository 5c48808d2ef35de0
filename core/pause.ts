/** Lets everything else that waits have its turn: long work does so between its steps. */
export function othersTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * What many ask at the same moment, asked once for all of them. An answer is never older than the
 * question: who comes while one is under way gets the next one, with all others who do.
 */
export class Shared<T> {
  readonly #find: () => Promise<T>;
  #running: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(find: () => Promise<T>) {
    this.#find = find;
  }

  /** @throws what the question throws, to all who share it. */
  ask(): Promise<T> {
    if (this.#running === undefined) return this.#begin();
    const begin = (): Promise<T> => {
      this.#next = undefined;
      return this.#begin();
    };
    this.#next ??= this.#running.then(begin, begin);
    return this.#next;
  }

  #begin(): Promise<T> {
    const running = this.#find().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}

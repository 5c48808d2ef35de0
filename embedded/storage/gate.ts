/** Lets a few in at a time, first come first served. */
export class Gate {
  readonly #places: number;
  #free: number;
  readonly #waiting: (() => void)[] = [];
  readonly #idlers: (() => void)[] = [];

  constructor(places: number) {
    this.#places = places;
    this.#free = places;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
      if (this.#free === this.#places) for (const wake of this.#idlers.splice(0)) wake();
    }
  }

  /** Resolves when nobody is inside. */
  async idle(): Promise<void> {
    if (this.#free < this.#places) {
      await new Promise<void>((resolve) => this.#idlers.push(resolve));
    }
  }
}

import { isCode } from '../../core/errors.ts';

export interface TogetherOptions<Item, Result> {
  /** What came of each, in their order; what it throws nothing came of. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** So many runs are under way at once. */
  readonly runsMax: number;
  /** So much goes into one run; a single item of more goes alone. */
  readonly sizeMax: number;
  readonly sizeOf: (item: Item) => number;
}

interface Asked<Item, Result> {
  readonly item: Item;
  readonly done: (result: Result) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * What many ask for at the same time, done together: nobody waits for others to come, but what
 * comes while runs are under way goes into the next one. An item that fails does so alone.
 */
export class Together<Item, Result> {
  readonly #options: TogetherOptions<Item, Result>;
  readonly #waiting: Asked<Item, Result>[] = [];
  #runs = 0;

  constructor(options: TogetherOptions<Item, Result>) {
    this.#options = options;
  }

  /** @throws what a run of this item throws. */
  do(item: Item): Promise<Result> {
    return new Promise((done, fail) => {
      this.#waiting.push({ item, done, fail });
      this.#next();
    });
  }

  #next(): void {
    while (this.#runs < this.#options.runsMax && this.#waiting.length > 0) {
      this.#runs += 1;
      void this.#run(this.#take()).finally(() => {
        this.#runs -= 1;
        this.#next();
      });
    }
  }

  #take(): readonly Asked<Item, Result>[] {
    const { sizeMax, sizeOf } = this.#options;
    let many = 0;
    for (let size = 0; many < this.#waiting.length; many += 1) {
      size += sizeOf(this.#waiting[many]!.item);
      if (many > 0 && size > sizeMax) break;
    }
    return this.#waiting.splice(0, many);
  }

  /** Never rejects: each item is told what came of it. */
  async #run(asked: readonly Asked<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#options.run(asked.map(({ item }) => item));
      for (const [n, { done }] of asked.entries()) done(results[n]!);
    } catch (error) {
      // Where nobody answers it is the fault of none of them, and nobody would answer each.
      if (asked.length === 1 || isCode(error, 'unavailable') || isCode(error, 'timeout')) {
        for (const { fail } of asked) fail(error);
      } else {
        for (const one of asked) await this.#run([one]);
      }
    }
  }
}

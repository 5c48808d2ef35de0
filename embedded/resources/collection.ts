import type { RecordChange } from '../storage/records.ts';

/**
 * The records of one kind: all in memory, every change durable before it is seen. Changes are made
 * one after the other, so that none is lost to another that began at the same time.
 */
export class Collection<T extends { readonly id: string }> {
  readonly #kind: string;
  readonly #save: (changes: readonly RecordChange[]) => Promise<void>;
  readonly #items = new Map<string, T>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(kind: string, save: (changes: readonly RecordChange[]) => Promise<void>) {
    this.#kind = kind;
    this.#save = save;
  }

  /** A record read back from disk. */
  restore(item: T): void {
    this.#items.set(item.id, item);
  }

  get(id: string): T | undefined {
    return this.#items.get(id);
  }

  /** Ordered by id, which is the order in which they were made. */
  all(): T[] {
    return [...this.#items.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  find(matches: (item: T) => boolean): T | undefined {
    for (const item of this.#items.values()) if (matches(item)) return item;
    return undefined;
  }

  filter(matches: (item: T) => boolean): T[] {
    return this.all().filter(matches);
  }

  /** Adds a record, or replaces it whole. */
  put(item: T): Promise<T> {
    return this.#inTurn(() => this.#write(item));
  }

  /** Changes a record from what it is by then; undefined when it is gone by then. */
  update(id: string, change: (current: T) => T): Promise<T | undefined> {
    return this.#inTurn(async () => {
      const current = this.#items.get(id);
      return current && this.#write(change(current));
    });
  }

  remove(ids: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      if (ids.length === 0) return;
      await this.#save(ids.map((id) => ({ kind: this.#kind, id })));
      for (const id of ids) this.#items.delete(id);
    });
  }

  async #write(item: T): Promise<T> {
    await this.#save([{ kind: this.#kind, id: item.id, body: JSON.stringify(item) }]);
    this.#items.set(item.id, item);
    return item;
  }

  #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const mine = this.#last.then(work);
    // The next one's turn comes whatever becomes of this one: its own caller hears of it.
    this.#last = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }
}

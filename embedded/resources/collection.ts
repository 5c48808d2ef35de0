import type { RecordChange } from '../storage/records.ts';

/** The records of one kind: all in memory, every change durable before it is seen. */
export class Collection<T extends { readonly id: string }> {
  readonly #kind: string;
  readonly #save: (changes: readonly RecordChange[]) => Promise<void>;
  readonly #items = new Map<string, T>();

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

  async put(item: T): Promise<T> {
    await this.#save([{ kind: this.#kind, id: item.id, body: JSON.stringify(item) }]);
    this.#items.set(item.id, item);
    return item;
  }

  async remove(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#save(ids.map((id) => ({ kind: this.#kind, id })));
    for (const id of ids) this.#items.delete(id);
  }
}

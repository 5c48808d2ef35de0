import { TidemarkError } from '../../core/errors.ts';
import type { RecordChange } from '../storage/records.ts';

/** What is named, for messages, and the name of each within what must not have it twice. */
export interface Names<T> {
  readonly noun: string;
  of(item: T): { readonly name: string; readonly within?: string };
}

/**
 * The records of one kind: all in memory, every change durable before it is seen. Changes are made
 * one after the other, so that none is lost to another that began at the same time.
 */
export class Collection<T extends { readonly id: string }> {
  readonly #kind: string;
  readonly #save: (changes: readonly RecordChange[]) => Promise<void>;
  readonly #names: Names<T> | undefined;
  readonly #items = new Map<string, T>();
  #last: Promise<unknown> = Promise.resolve();

  /** With `names`, no two records may have the same one. */
  constructor(
    kind: string,
    save: (changes: readonly RecordChange[]) => Promise<void>,
    names?: Names<T>,
  ) {
    this.#kind = kind;
    this.#save = save;
    this.#names = names;
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

  /** Adds a record, or replaces it whole. Error: `conflict` when another has its name. */
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
    this.#refuseTaken(item);
    await this.#save([{ kind: this.#kind, id: item.id, body: JSON.stringify(item) }]);
    this.#items.set(item.id, item);
    return item;
  }

  /** In its turn: two that ask for one name at the same time must not both find it free. */
  #refuseTaken(item: T): void {
    const names = this.#names;
    if (names === undefined) return;
    const { name, within } = names.of(item);
    const taken = this.find((other) => {
      const known = names.of(other);
      return other.id !== item.id && known.name === name && known.within === within;
    });
    if (!taken) return;
    throw new TidemarkError('conflict', `${names.noun} with name ${name} already exists`);
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

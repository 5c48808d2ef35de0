import { TidemarkError } from '../../core/errors.ts';

/** Work that changes storage happens one piece after the other; writes that wait go together. */
export interface Write {
  /** Rows that it adds are in the shared buffer afterwards; throws when the request is refused. */
  fill(): Promise<void>;
  done(): void;
  failed(error: unknown): void;
}

export interface QueueOptions {
  /** Stop gathering writes for one commit once this says so. */
  readonly isFull: () => boolean;
  readonly commit: () => Promise<void>;
}

type Entry = { readonly write: Write } | { readonly job: () => Promise<void> };

export class WriteQueue {
  readonly #options: QueueOptions;
  readonly #entries: Entry[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Runs alone, after everything that came before it. */
  run<T>(job: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#push({ job: () => job().then(resolve, reject) });
    });
  }

  write<T>(fill: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let result: T;
      this.#push({
        write: {
          fill: async () => {
            result = await fill();
          },
          done: () => resolve(result),
          failed: reject,
        },
      });
    });
  }

  /** Refuses newcomers; resolves when everything that was accepted is done. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#running) await this.#running;
  }

  #push(entry: Entry): void {
    if (this.#closed) throw new TidemarkError('unavailable', 'storage is closed');
    this.#entries.push(entry);
    this.#running ??= this.#drain();
  }

  async #drain(): Promise<void> {
    // A turn later, so that writes that arrive together share a commit.
    await Promise.resolve();
    for (;;) {
      const entry = this.#entries[0];
      if (!entry) {
        // In the same turn as the look: the next newcomer must start a new round.
        this.#running = undefined;
        return;
      }
      if ('job' in entry) {
        this.#entries.shift();
        await entry.job();
      } else await this.#commitWaiting();
    }
  }

  async #commitWaiting(): Promise<void> {
    const gathered: Write[] = [];
    for (;;) {
      const entry = this.#entries[0];
      if (!entry || 'job' in entry || (gathered.length > 0 && this.#options.isFull())) break;
      this.#entries.shift();
      try {
        await entry.write.fill();
        gathered.push(entry.write);
      } catch (error) {
        entry.write.failed(error);
      }
    }
    if (gathered.length === 0) return;
    try {
      await this.#options.commit();
      for (const write of gathered) write.done();
    } catch (error) {
      for (const write of gathered) write.failed(error);
    }
  }
}

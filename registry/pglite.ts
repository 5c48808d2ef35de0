import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { messageOf, TidemarkError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import {
  checkedChannel,
  type Database,
  type Listener,
  type Listening,
  type Row,
  type SqlValue,
  type Transaction,
} from './database.ts';
import { databaseFailure } from './failures.ts';
import { lockDirectory } from './lock.ts';
import { LiteThread } from './pglite-client.ts';
import type { LiteRequest } from './pglite-messages.ts';
import { preparedFile, unpackPrepared } from './prepared.ts';

export interface PGliteOptions {
  /** Made when absent. One process at a time: a second one is refused. */
  readonly dir: string;
  /** A packed, initialised directory; default: the one that the build made, if it did. */
  readonly prepared?: string | undefined;
  readonly log: Log;
}

/**
 * The registry is small. With PostgreSQL's default of 128 MB shared buffers an open PGlite takes
 * 300 MB of memory, with these 165 MB, and opens faster.
 */
const SMALL = ['shared_buffers=4MB', 'wal_buffers=64kB', 'max_connections=5', 'autovacuum=off'];

/**
 * What PGlite is started with. `fsync` cannot be had (its file system has none), so a commit
 * outlives the process, killed or not, but not a power cut: README.md.
 */
export function startParameters(): string[] {
  return [...PGlite.defaultStartParams, ...SMALL.flatMap((setting) => ['-c', setting])];
}

/**
 * PostgreSQL inside the process, in a thread of its own: a claim of many scans takes it 60 ms, in
 * which nobody else should wait. Its files are in `dir`.
 */
export async function openPGlite(options: PGliteOptions): Promise<Database> {
  const { dir, log } = options;
  const unlock = await lockDirectory(dir);
  try {
    const fresh = !existsSync(join(dir, 'PG_VERSION'));
    const packed = options.prepared ?? preparedFile();
    if (fresh && packed !== undefined) await unpackPrepared(packed, dir);
    const thread = await LiteThread.open({ dir, startParameters: startParameters() });
    return new Lite(thread, dir, unlock);
  } catch (error) {
    await unlock();
    if (error instanceof TidemarkError) throw error;
    log.error({ dir, error: messageOf(error) }, 'embedded PostgreSQL does not open');
    throw new TidemarkError(
      'unavailable',
      `embedded PostgreSQL does not open ${dir}: ${messageOf(error)}; ` +
        'restore the directory from a backup, or move it away to start empty',
      { cause: error },
    );
  }
}

class Lite implements Database {
  readonly kind = 'pglite';
  readonly where: string;
  readonly #thread: LiteThread;
  readonly #unlock: () => Promise<void>;
  /** Ends with the last transaction that was begun: there is one connection. */
  #free: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(thread: LiteThread, dir: string, unlock: () => Promise<void>) {
    this.#thread = thread;
    this.where = dir;
    this.#unlock = unlock;
  }

  async query(text: string, parameters: readonly SqlValue[] = []): Promise<readonly Row[]> {
    await this.#free;
    return this.#ask({ kind: 'query', text, parameters });
  }

  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const before = this.#free;
    let end = (): void => undefined;
    this.#free = new Promise((resolve) => {
      end = () => resolve();
    });
    await before;
    try {
      return await this.#inTransaction(work);
    } catch (error) {
      throw databaseFailure(error, this.where);
    } finally {
      end();
    }
  }

  async #inTransaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    await this.#run('begin');
    try {
      const result = await work({
        query: (text, parameters = []) => this.#ask({ kind: 'query', text, parameters }),
        script: async (text) => {
          await this.#ask({ kind: 'script', text });
        },
      });
      await this.#run('commit');
      return result;
    } catch (error) {
      await this.#run('rollback');
      throw error;
    }
  }

  async #run(text: 'begin' | 'commit' | 'rollback'): Promise<void> {
    await this.#ask({ kind: 'query', text, parameters: [] });
  }

  async #ask(request: LiteRequest): Promise<readonly Row[]> {
    try {
      return await this.#thread.ask(request);
    } catch (error) {
      throw databaseFailure(error, this.where);
    }
  }

  async listen(channel: string, listener: Listener): Promise<Listening> {
    await this.#free;
    try {
      const close = await this.#thread.listen(checkedChannel(channel), listener);
      return { close };
    } catch (error) {
      throw databaseFailure(error, this.where);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#free.then(() => this.#thread.close()).finally(this.#unlock);
    return this.#closing;
  }
}

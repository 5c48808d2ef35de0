import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  PGlite,
  type PGliteInterface,
  type Transaction as PGliteTransaction,
} from '@electric-sql/pglite';
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

/** PostgreSQL inside the process, its files in `dir`. */
export async function openPGlite(options: PGliteOptions): Promise<Database> {
  const { dir, log } = options;
  const unlock = await lockDirectory(dir);
  try {
    const fresh = !existsSync(join(dir, 'PG_VERSION'));
    const packed = options.prepared ?? preparedFile();
    if (fresh && packed !== undefined) await unpackPrepared(packed, dir);
    const lite = await PGlite.create({ dataDir: dir, startParams: startParameters() });
    return new Lite(lite, dir, unlock);
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
  readonly #lite: PGliteInterface;
  readonly #unlock: () => Promise<void>;
  #closing: Promise<void> | undefined;

  constructor(lite: PGliteInterface, dir: string, unlock: () => Promise<void>) {
    this.#lite = lite;
    this.where = dir;
    this.#unlock = unlock;
  }

  query(text: string, parameters: readonly SqlValue[] = []): Promise<readonly Row[]> {
    return run(this.#lite, this.where, { text, parameters });
  }

  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    try {
      return await this.#lite.transaction((inner) => work(handle(inner, this.where)));
    } catch (error) {
      throw databaseFailure(error, this.where);
    }
  }

  async listen(channel: string, listener: Listener): Promise<Listening> {
    try {
      const unlisten = await this.#lite.listen(checkedChannel(channel), listener.heard);
      return { close: async () => (this.#closing === undefined ? unlisten() : undefined) };
    } catch (error) {
      throw databaseFailure(error, this.where);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#lite.close().finally(this.#unlock);
    return this.#closing;
  }
}

function handle(inner: PGliteTransaction, where: string): Transaction {
  return {
    query: (text, parameters = []) => run(inner, where, { text, parameters }),
    script: async (text) => {
      try {
        await inner.exec(text);
      } catch (error) {
        throw databaseFailure(error, where);
      }
    },
  };
}

async function run(
  target: Pick<PGliteInterface, 'query'>,
  where: string,
  statement: { text: string; parameters: readonly SqlValue[] },
): Promise<readonly Row[]> {
  try {
    const result = await target.query<Row>(statement.text, [...statement.parameters]);
    return result.rows;
  } catch (error) {
    throw databaseFailure(error, where);
  }
}

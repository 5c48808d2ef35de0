import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { Database, type DatabaseOptions } from './database.ts';
import { Dictionary } from './dictionary.ts';
import { QueryRunner } from './reader.ts';
import { recover } from './recover.ts';
import { TableSet } from './table-set.ts';

/** An open database and what is known of its content. */
export interface Parts {
  readonly database: Database;
  readonly dictionary: Dictionary;
  readonly tables: TableSet;
  readonly queries: QueryRunner;
}

/** Opens the database and reads its dictionary back. */
export async function openParts(options: DatabaseOptions): Promise<Parts> {
  const database = await Database.open(options);
  const tables = new TableSet();
  const dictionary = new Dictionary(tables);
  await recover(database, dictionary, tables);
  return { database, dictionary, tables, queries: new QueryRunner(database) };
}

/** Ends queries and closes the file; the log is folded in unless DuckDB has given up. */
export async function closeParts({ database, tables, queries }: Parts): Promise<void> {
  await queries.close();
  tables.resetAll();
  await database.close();
}

const RETRY_MS = 5_000;

/**
 * DuckDB closes a database for good when it cannot finish a checkpoint, a full disk being the usual
 * reason. What was acknowledged is on disk all the same: this opens it anew, now and then, until it
 * can be used again.
 */
export class Healer {
  readonly #options: DatabaseOptions;
  readonly #nowMs: () => number;
  readonly #log: Log;
  #nextTryMs = 0;
  #closed = false;

  constructor(options: DatabaseOptions, nowMs: () => number, log: Log) {
    this.#options = options;
    this.#nowMs = nowMs;
    this.#log = log;
  }

  /** The given parts, or new ones in place of broken ones. Nothing else may run meanwhile. */
  async heal(parts: Parts): Promise<Parts> {
    if (parts.database.fatal === undefined || this.#nowMs() < this.#nextTryMs) return parts;
    this.#nextTryMs = this.#nowMs() + RETRY_MS;
    try {
      // Two instances on one file would damage it.
      if (!this.#closed) await closeParts(parts);
      this.#closed = true;
      const opened = await openParts(this.#options);
      this.#closed = false;
      this.#log.warn({ reason: parts.database.fatal }, 'the database was opened anew');
      return opened;
    } catch (error) {
      this.#log.error({ err: error }, `the database cannot be opened anew: ${messageOf(error)}`);
      return parts;
    }
  }
}

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { messageOf, TidemarkError } from '../../core/errors.ts';

export interface DatabaseOptions {
  /** Folder of the database file; made when absent. */
  readonly dir: string;
  /** DuckDB's own ceiling; what does not fit is spilled to `dir`. */
  readonly memoryBytesMax: number;
}

/** The attached in-memory database that holds the selections of running queries. */
export const SCRATCH = 'scratch';

const SETTINGS = {
  threads: '2',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
};

/** Nothing but the database's own files may be touched by SQL, and no setting changes any more. */
const HARDENING = ['SET enable_external_access = false', 'SET lock_configuration = true'];

const LAYOUT = [
  'CREATE SCHEMA IF NOT EXISTS points',
  'CREATE SCHEMA IF NOT EXISTS meta',
  `CREATE TABLE IF NOT EXISTS meta.series (sid INTEGER, bucket VARCHAR, measurement VARCHAR,
     field VARCHAR, type VARCHAR, tags VARCHAR)`,
  'CREATE TABLE IF NOT EXISTS meta.records (kind VARCHAR, id VARCHAR, body VARCHAR)',
];

/**
 * One DuckDB file. Only one process may have it open. Throws `conflict` when another has it,
 * `unavailable` when the folder cannot be used.
 */
export class Database {
  readonly #instance: DuckDBInstance;
  /** All writes go through this one connection, one after the other. */
  readonly writer: DuckDBConnection;
  /** A fatal DuckDB error closes the file for good: the first one is kept. */
  #fatal: string | undefined;

  private constructor(instance: DuckDBInstance, writer: DuckDBConnection) {
    this.#instance = instance;
    this.writer = writer;
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    const path = join(options.dir, 'main.duckdb');
    try {
      mkdirSync(options.dir, { recursive: true, mode: 0o700 });
      const memory_limit = `${Math.floor(options.memoryBytesMax / 1e6)}MB`;
      const instance = await DuckDBInstance.create(path, { ...SETTINGS, memory_limit });
      const writer = await instance.connect();
      await writer.run(`ATTACH ':memory:' AS ${SCRATCH}`);
      for (const sql of [...HARDENING, ...LAYOUT]) await writer.run(sql);
      return new Database(instance, writer);
    } catch (cause) {
      throw openError(options.dir, cause);
    }
  }

  get fatal(): string | undefined {
    return this.#fatal;
  }

  connect(): Promise<DuckDBConnection> {
    return this.#instance.connect();
  }

  /** Runs `work` in one transaction of the writer; durable when it resolves. */
  async transaction<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    this.refuseIfBroken();
    try {
      await this.writer.run('BEGIN TRANSACTION');
      const result = await work(this.writer);
      await this.writer.run('COMMIT');
      return result;
    } catch (cause) {
      await this.#rollback();
      throw this.explain(cause);
    }
  }

  /** Storage's own error for what DuckDB threw. */
  explain(cause: unknown): unknown {
    if (cause instanceof TidemarkError) return cause;
    const message = messageOf(cause);
    if (/FATAL Error|database has been invalidated/.test(message)) this.#fatal ??= message;
    if (/No space left|IO Error|FATAL Error|invalidated/.test(message)) {
      return new TidemarkError('unavailable', `storage cannot write: ${message}`, { cause });
    }
    return cause;
  }

  refuseIfBroken(): void {
    if (this.#fatal === undefined) return;
    throw new TidemarkError('unavailable', `storage stopped after an error: ${this.#fatal}`);
  }

  /**
   * Folds the log into the file and reuses the space of deleted rows. DuckDB refuses while a query
   * still reads an older state: then the next one does it.
   */
  async checkpoint(): Promise<void> {
    this.refuseIfBroken();
    try {
      await this.writer.run('CHECKPOINT');
    } catch (cause) {
      if (!/Cannot CHECKPOINT|other transactions|TransactionContext/.test(messageOf(cause))) {
        throw this.explain(cause);
      }
    }
  }

  /** Closes the file. The write-ahead log is folded in, unless DuckDB has given up already. */
  async close(): Promise<void> {
    if (this.#fatal === undefined) await this.checkpoint();
    this.writer.closeSync();
    this.#instance.closeSync();
  }

  /** After a fatal error there is no transaction left to roll back: a refusal is nothing new. */
  async #rollback(): Promise<void> {
    try {
      await this.writer.run('ROLLBACK');
    } catch (cause) {
      this.explain(cause);
    }
  }
}

function openError(dir: string, cause: unknown): TidemarkError {
  const message = messageOf(cause);
  if (/Conflicting lock|Could not set lock/.test(message)) {
    const holder = /\bPID (\d+)/.exec(message)?.[1];
    const who = holder === undefined ? 'another process' : `process ${holder}`;
    const text = `${dir} is in use by ${who}: stop it, or set DATA_DIR to another directory`;
    return new TidemarkError('conflict', text, { cause });
  }
  return new TidemarkError('unavailable', `the engine's folder ${dir} cannot be used: ${message}`, {
    cause,
  });
}

/** A string as an SQL literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

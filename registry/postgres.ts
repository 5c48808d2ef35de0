import pg from 'pg';
import { TidemarkError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Database, Listener, Listening, Row, SqlValue, Transaction } from './database.ts';
import { databaseFailure } from './failures.ts';
import { listenOnPostgres } from './listen.ts';

export interface PostgresOptions {
  /** postgres://user:password@host:port/database */
  readonly url: string;
  /** Where notifications are heard: a pooler in transaction mode loses them. Default: url. */
  readonly listenUrl?: string | undefined;
  readonly connectionsMax?: number;
  readonly connectTimeoutMs?: number;
  readonly statementTimeoutMs?: number;
  readonly log: Log;
}

const INT8 = 20;

/** int8 as a number while that is exact, as PGlite does. */
function readInt8(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

const types = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary'
      ? readInt8
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

/**
 * A pool on a PostgreSQL server. Connects lazily, apart from one probe, so that a wrong address,
 * password or database name is an error here and says what to fix.
 */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const where = placeOf(options.url);
  const { statementTimeoutMs = 30_000 } = options;
  const config: pg.ClientConfig = {
    connectionString: options.url,
    application_name: 'tidemark',
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    statement_timeout: statementTimeoutMs,
    // Only when nothing at all comes back: a connection into nowhere must not keep its place.
    query_timeout: statementTimeoutMs + 5_000,
    types,
  };
  const pool = new pg.Pool({ ...config, max: options.connectionsMax ?? 10 });
  // An idle connection that breaks is replaced by the pool; without a listener it ends the process.
  pool.on('error', (error) =>
    options.log.warn({ where, error: error.message }, 'idle database connection was lost'),
  );
  const listenUrl = options.listenUrl ?? options.url;
  const listening = {
    config: { ...config, connectionString: listenUrl },
    where: placeOf(listenUrl),
  };
  const database = new Postgres(pool, where, listening);
  try {
    await database.query('select 1');
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

interface ListeningPlace {
  readonly config: pg.ClientConfig;
  readonly where: string;
}

class Postgres implements Database {
  readonly kind = 'postgres';
  readonly where: string;
  readonly #pool: pg.Pool;
  readonly #place: ListeningPlace;
  readonly #listening = new Set<Listening>();
  #closing: Promise<void> | undefined;

  constructor(pool: pg.Pool, where: string, place: ListeningPlace) {
    this.#pool = pool;
    this.#place = place;
    this.where = where;
  }

  query(text: string, parameters: readonly SqlValue[] = []): Promise<readonly Row[]> {
    return run(this.#pool, this.where, { text, parameters });
  }

  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let broken: Error | undefined;
    // One that breaks between two statements says so here; without a listener it ends the process.
    const lost = (error: Error): void => {
      broken = error;
    };
    client.on('error', lost);
    try {
      await client.query('begin');
      const result = await work(handle(client, this.where));
      await client.query('commit');
      return result;
    } catch (error) {
      const cause = broken ?? error;
      broken ??= await rollback(client);
      throw databaseFailure(cause, this.where);
    } finally {
      client.off('error', lost);
      client.release(broken);
    }
  }

  async listen(channel: string, listener: Listener): Promise<Listening> {
    const { config, where } = this.#place;
    const listening = await listenOnPostgres(config, { channel, where }, listener);
    this.#listening.add(listening);
    return {
      close: () => {
        this.#listening.delete(listening);
        return listening.close();
      },
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    await Promise.all([...this.#listening].map((listening) => listening.close()));
    await this.#pool.end();
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw databaseFailure(error, this.where);
    }
  }
}

function handle(client: pg.PoolClient, where: string): Transaction {
  return {
    query: (text, parameters = []) => run(client, where, { text, parameters }),
    script: async (text) => {
      try {
        await client.query(text);
      } catch (error) {
        throw databaseFailure(error, where);
      }
    },
  };
}

async function run(
  target: pg.Pool | pg.PoolClient,
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

/** A connection whose rollback fails is in an unknown state: the pool must throw it away. */
async function rollback(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** host:port/database of a URL, without user and password. */
function placeOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined) {
    throw new TidemarkError(
      'invalid',
      'DATABASE_URL is not a URL: expected postgres://user:password@host:port/database',
    );
  }
  const host = parsed.hostname || parsed.searchParams.get('host') || 'localhost';
  return `${host}:${parsed.port || '5432'}${parsed.pathname}`;
}

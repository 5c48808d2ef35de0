import type { z } from 'zod';
import { TidemarkError } from '../core/errors.ts';

/** A row as the driver gives it; `rowsOf` gives it a type. */
export type Row = Readonly<Record<string, unknown>>;

/** JSON goes in as text (`$1::jsonb`), times as text or through `to_timestamp`. */
export type SqlValue = string | number | bigint | boolean | null | readonly SqlValue[];

export interface Queries {
  /** One statement, parameters as `$1`. Errors are `TidemarkError`s (`failures.ts`). */
  query(text: string, parameters?: readonly SqlValue[]): Promise<readonly Row[]>;
}

export interface Transaction extends Queries {
  /** Several statements without parameters: migrations. */
  script(text: string): Promise<void>;
}

/** Who wants to know what others notify. */
export interface Listener {
  heard(payload: string): void;
  /** The connection broke: nothing is heard any more, and something may have been missed. */
  lost(error: TidemarkError): void;
}

export interface Listening {
  close(): Promise<void>;
}

/**
 * PostgreSQL or PGlite: the same SQL, types and errors. int8 arrives as a number (bigint beyond
 * 2^53), timestamptz as a Date, jsonb as the parsed value.
 */
export interface Database extends Queries {
  readonly kind: 'postgres' | 'pglite';
  /** For people: host and database, or the directory. Holds no secret. */
  readonly where: string;
  /**
   * Commits when `work` resolves, rolls back when it rejects. Inside, use the transaction that is
   * handed in: PGlite has one connection, so a query past it would wait for itself for ever.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /**
   * Hears what anybody notifies on the channel (`notify`, `pg_notify`) from when it resolves,
   * until closed or lost. Notifications of a transaction come when it commits.
   */
  listen(channel: string, listener: Listener): Promise<Listening>;
  /** Waits for what runs, then lets go of connections and files. Twice is allowed. */
  close(): Promise<void>;
}

/** Rows with a type. A row of another shape is a bug of ours, said with the column's name. */
export function rowsOf<T>(schema: z.ZodType<T>, rows: readonly Row[]): T[] {
  return rows.map((row) => {
    const parsed = schema.safeParse(row);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const column = issue?.path.join('.') ?? '';
    throw new TidemarkError('internal', `unexpected row: column ${column}: ${issue?.message}`);
  });
}

/** A name that is the same quoted and not. @throws TidemarkError `internal` for any other. */
export function checkedChannel(channel: string): string {
  if (/^[a-z][a-z0-9_]*$/.test(channel)) return channel;
  throw new TidemarkError('internal', `not the name of a channel: ${JSON.stringify(channel)}`);
}

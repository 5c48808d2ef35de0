import { z } from 'zod';
import { type Queries, rowsOf } from './database.ts';
import { jsonOf, msColumn, timeOf } from './sql-values.ts';

const time = z.number().nullable();

const exchangeState = z.object({
  exchange: z.string(),
  state: z.enum(['starting', 'ok', 'failing', 'paused']),
  /** Milliseconds since the epoch; null: never yet. */
  lastAttemptMs: time,
  lastSuccessMs: time,
  pausedUntilMs: time,
  /** From the slot to the moment its points were accepted; null: never yet. */
  latenessMs: z.number().nullable(),
  /** Whether the last success came from its stream, wholly or in part. */
  streaming: z.boolean(),
  /** Rows accepted at the last success. */
  rows: z.int(),
  /** Rows of the last success that were not written, by reason. */
  dropped: z.record(z.string(), z.int()),
  consecutiveFailures: z.int(),
  lastError: z.string().nullable(),
});

/** What ingest knows of one exchange. */
export type ExchangeState = z.infer<typeof exchangeState>;

const ERROR_LENGTH_MAX = 500;

/** Keeps the newest state of an exchange: one that tells of an older attempt changes nothing. */
export async function saveExchange(queries: Queries, state: ExchangeState): Promise<void> {
  await queries.query(
    `insert into exchanges (exchange, state, last_attempt, last_success, paused_until,
       lateness_ms, rows, dropped, consecutive_failures, last_error, streaming)
     values ($1, $2, ${timeOf('$3')}, ${timeOf('$4')}, ${timeOf('$5')},
       $6, $7, $8::jsonb, $9, $10, $11)
     on conflict (exchange) do update set
       state = excluded.state, last_attempt = excluded.last_attempt,
       last_success = excluded.last_success, paused_until = excluded.paused_until,
       lateness_ms = excluded.lateness_ms, rows = excluded.rows, dropped = excluded.dropped,
       consecutive_failures = excluded.consecutive_failures,
       last_error = excluded.last_error, streaming = excluded.streaming, saved = now()
     where exchanges.last_attempt is null or excluded.last_attempt >= exchanges.last_attempt`,
    [
      state.exchange,
      state.state,
      state.lastAttemptMs,
      state.lastSuccessMs,
      state.pausedUntilMs,
      state.latenessMs,
      state.rows,
      jsonOf(state.dropped),
      state.consecutiveFailures,
      state.lastError?.replaceAll('\0', '').slice(0, ERROR_LENGTH_MAX) ?? null,
      state.streaming,
    ],
  );
}

/** By name. */
export async function listExchanges(queries: Queries): Promise<ExchangeState[]> {
  const rows = await queries.query(
    `select exchange, state, ${msColumn('last_attempt', 'lastAttemptMs')},
       ${msColumn('last_success', 'lastSuccessMs')}, ${msColumn('paused_until', 'pausedUntilMs')},
       lateness_ms as "latenessMs", rows, dropped,
       consecutive_failures as "consecutiveFailures", last_error as "lastError", streaming
     from exchanges order by exchange`,
  );
  return rowsOf(exchangeState, rows);
}

/** How long after their slot the prices of the slowest exchange came, of those that answer. */
export async function slowestExchangeMs(queries: Queries): Promise<number> {
  const rows = await queries.query(
    `select coalesce(max(lateness_ms), 0)::float8 as ms from exchanges
     where state = 'ok' and last_success > now() - interval '15 minutes'`,
  );
  return rowsOf(z.object({ ms: z.number() }), rows)[0]!.ms;
}

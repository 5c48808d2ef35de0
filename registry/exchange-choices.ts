import { z } from 'zod';
import { type Database, type Queries, rowsOf } from './database.ts';

/** How an exchange's prices come. */
export const priceModes = ['poll', 'stream'] as const;
export type PriceMode = (typeof priceModes)[number];

const choice = z.object({
  exchange: z.string(),
  enabled: z.boolean().nullable(),
  intervalMs: z.int().nullable(),
  mode: z.enum(priceModes).nullable(),
});

/** What somebody chose for an exchange; null: the settings decide. */
export type ExchangeChoice = z.infer<typeof choice>;

/** What is to be chosen anew: what is absent stays as it is, null goes back to the settings. */
export interface ExchangeChange {
  readonly enabled?: boolean | null;
  readonly intervalMs?: number | null;
  readonly mode?: PriceMode | null;
}

const defaults = z.object({
  /** Those that run unless somebody chose otherwise. */
  exchanges: z.array(z.string()),
  intervalMs: z.int(),
  mode: z.enum(priceModes),
});

/** The settings of the process that takes prices. */
export type PriceDefaults = z.infer<typeof defaults>;

/** Notified whenever somebody chose something: of an exchange, or that a pair is on or off. */
export const CHOICES_CHANNEL = 'tidemark_choices';

export async function notifyChoices(queries: Queries): Promise<void> {
  await queries.query("select pg_notify($1, '')", [CHOICES_CHANNEL]);
}

/** By name. */
export async function listExchangeChoices(queries: Queries): Promise<ExchangeChoice[]> {
  const rows = await queries.query(
    `select exchange, enabled, interval_ms as "intervalMs", mode
     from exchange_choices order by exchange`,
  );
  return rowsOf(choice, rows);
}

/** Keeps what is chosen and tells who listens on `CHOICES_CHANNEL`. */
export async function changeExchange(
  database: Database,
  exchange: string,
  change: ExchangeChange,
): Promise<void> {
  const given = (name: keyof ExchangeChange) => change[name] !== undefined;
  await database.transaction(async (transaction) => {
    await transaction.query(
      `insert into exchange_choices as old (exchange, enabled, interval_ms, mode)
       values ($1, $2, $3, $4)
       on conflict (exchange) do update set
         enabled = case when $5 then excluded.enabled else old.enabled end,
         interval_ms = case when $6 then excluded.interval_ms else old.interval_ms end,
         mode = case when $7 then excluded.mode else old.mode end,
         changed = now()`,
      [
        exchange,
        change.enabled ?? null,
        change.intervalMs ?? null,
        change.mode ?? null,
        given('enabled'),
        given('intervalMs'),
        given('mode'),
      ],
    );
    await notifyChoices(transaction);
  });
}

/** Makes the settings of this process known to the API, wherever that runs. */
export async function savePriceDefaults(queries: Queries, settings: PriceDefaults): Promise<void> {
  await queries.query(
    `insert into price_defaults (exchanges, interval_ms, mode) values ($1::text[], $2, $3)
     on conflict (only_one) do update set exchanges = excluded.exchanges,
       interval_ms = excluded.interval_ms, mode = excluded.mode`,
    [settings.exchanges, settings.intervalMs, settings.mode],
  );
}

/** Undefined until a process has taken prices with this registry. */
export async function readPriceDefaults(queries: Queries): Promise<PriceDefaults | undefined> {
  const rows = await queries.query(
    'select exchanges, interval_ms as "intervalMs", mode from price_defaults',
  );
  return rowsOf(defaults, rows)[0];
}

/** How an exchange is to run. */
export interface ExchangePlan {
  readonly exchange: string;
  readonly enabled: boolean;
  readonly intervalMs: number;
  readonly mode: PriceMode;
}

/**
 * Every exchange that the settings or somebody named, by name: what was chosen counts, where
 * nothing was chosen the settings do.
 */
export function planExchanges(
  settings: PriceDefaults,
  choices: readonly ExchangeChoice[],
): readonly ExchangePlan[] {
  const chosen = new Map(choices.map((entry) => [entry.exchange, entry]));
  const names = new Set([...settings.exchanges, ...chosen.keys()]);
  return [...names].sort().map((exchange) => ({
    exchange,
    enabled: chosen.get(exchange)?.enabled ?? settings.exchanges.includes(exchange),
    intervalMs: chosen.get(exchange)?.intervalMs ?? settings.intervalMs,
    mode: chosen.get(exchange)?.mode ?? settings.mode,
  }));
}

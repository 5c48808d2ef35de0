import { z } from 'zod';
import { FRESHNESS_KINDS } from './alerts.ts';
import { type Queries, rowsOf } from './database.ts';
import { listExchangeChoices, planExchanges, readPriceDefaults } from './exchange-choices.ts';
import { NOW_MS } from './sql-values.ts';

const names = z.array(z.string()).nullable();

const wish = z.object({
  kinds: z.array(z.enum(FRESHNESS_KINDS)),
  /** For how long, at least. */
  afterMs: z.number(),
  /** Found for so long before it is told. */
  forMs: z.number(),
  windowMs: z.number(),
  /** Null: all of them. */
  pairs: names,
  exchanges: names,
  /** When the newest of those who want this began to. */
  sinceMs: z.number(),
});

/** What alerts of missing prices want to know; of all that want the same once. */
export type FreshnessWish = z.infer<typeof wish>;

/** Of all active alerts that are not paused. */
export async function freshnessWishes(queries: Queries): Promise<FreshnessWish[]> {
  const rows = await queries.query(
    `select spec->'freshness' as kinds, (spec->>'afterMs')::float8 as "afterMs",
       (spec->>'forMs')::float8 as "forMs", window_ms::float8 as "windowMs",
       nullif(spec->'pairs', 'null') as pairs, nullif(spec->'exchanges', 'null') as exchanges,
       max(greatest(extract(epoch from changed) * 1000, coalesce(paused_until_ms, 0)))::float8
         as "sinceMs"
     from alerts
     where kind = 'freshness' and active and coalesce(paused_until_ms, 0) <= ${NOW_MS}
     group by 1, 2, 3, 4, 5, 6`,
  );
  return rowsOf(wish, rows);
}

const expected = z.object({
  exchange: z.string(),
  /** How often its prices are asked for. */
  intervalMs: z.number(),
  /** As ingest last said; null: it never did. */
  state: z.string().nullable(),
  lastError: z.string().nullable(),
  pairs: z.array(z.string()),
  /** Of each of the pairs. */
  firstSeenMs: z.array(z.number()),
});

/** An exchange with the markets that should have prices. */
export type ExpectedExchange = z.infer<typeof expected>;

/**
 * A market that its exchange has not listed for so long, while it listed others, is not traded
 * there any more. Ingest says once an hour what is listed.
 */
const LISTED = "interval '3 hours'";
/** The source that speaks for exchanges that have no settings of their own. */
const SPEAKER = 'cryptowatch';

/**
 * The markets that have prices when all is well: of exchanges that are on, listed there now, and
 * with their price switched on. Of some exchanges, or of all.
 */
export async function expectedMarkets(
  queries: Queries,
  exchanges: ReadonlySet<string> | undefined,
): Promise<ExpectedExchange[]> {
  const defaults = await readPriceDefaults(queries);
  if (defaults === undefined) return [];
  const plans = planExchanges(defaults, await listExchangeChoices(queries));
  const on = plans.filter(({ enabled }) => enabled);
  const speaker = on.find(({ exchange }) => exchange === SPEAKER);
  const rows = await queries.query(
    `with planned as (select * from unnest($1::text[], $2::bigint[]) as p (exchange, interval_ms)),
     listed as (select exchange, max(last_seen) as seen from markets group by exchange),
     wanted as (
       select l.exchange, l.seen, coalesce(p.interval_ms, $3::bigint) as interval_ms
       from listed l left join planned p using (exchange)
       where ($5::text[] is null or l.exchange = any($5)) and (p.exchange is not null
         or $3::bigint is not null and l.exchange <> all($4::text[])
           and l.seen > now() - ${LISTED}))
     select w.exchange, w.interval_ms::float8 as "intervalMs", e.state, e.last_error as "lastError",
       jsonb_agg(m.pair order by m.pair) as pairs,
       jsonb_agg((extract(epoch from m.first_seen) * 1000)::float8 order by m.pair)
         as "firstSeenMs"
     from wanted w join markets m on m.exchange = w.exchange and m.last_seen > w.seen - ${LISTED}
     left join exchanges e on e.exchange = w.exchange
     where not exists (select from metrics off
       where off.pair = m.pair and off.metric = 'price' and not off.enabled)
     group by w.exchange, w.interval_ms, e.state, e.last_error order by w.exchange`,
    [
      ...[on.map(({ exchange }) => exchange), on.map(({ intervalMs }) => intervalMs)],
      ...[speaker?.intervalMs ?? null, plans.map(({ exchange }) => exchange)],
      exchanges === undefined ? null : [...exchanges],
    ],
  );
  return rowsOf(expected, rows);
}

/** A step so far from the one of before is not the next: somebody's clock was set. */
const SET_MS = 3_600_000;

/** True for one process of all that ask: a step is for one of them. */
export async function claimLook(
  queries: Queries,
  { name, stepMs }: { readonly name: string; readonly stepMs: number },
): Promise<boolean> {
  const rows = await queries.query(
    `insert into alert_cursors as c (name, event) values ($1, $2)
     on conflict (name) do update set event = excluded.event
     where c.event < excluded.event or c.event > excluded.event + $3 returning name`,
    [name, stepMs, SET_MS],
  );
  return rows.length > 0;
}

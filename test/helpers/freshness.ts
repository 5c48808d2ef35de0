/** Prices that come or do not, and alerts that watch them, on a clock of their own. */
import { gzipSync } from 'node:zlib';
import type { Influx } from '../../core/influx/influx.ts';
import { openSteps } from '../../registry/alert-steps.ts';
import type { Alert } from '../../registry/alerts.ts';
import type { Database } from '../../registry/database.ts';
import { savePriceDefaults } from '../../registry/exchange-choices.ts';
import { ensureMarkets } from '../../registry/markets.ts';
import { createFreshnessSource } from '../../tasks/alerts/sources/freshness.ts';
import { spreadStep } from '../../tasks/alerts/spread.ts';
import { type AlertWish, MINUTE_MS, makeAlert, spreadOptions } from './alert-steps.ts';
import { ManualClock } from './clock.ts';

const HOUR_MS = 60 * MINUTE_MS;
/** A begin of hours, some of them ago. */
export const BASE_MS = Math.floor(Date.now() / HOUR_MS - 6) * HOUR_MS;

export interface Written {
  readonly exchange: string;
  readonly pair: string;
  /** Minutes since the base, from the first to the last. */
  readonly from: number;
  readonly to: number;
  /** Fields of each minute; a price that changes by default. */
  readonly fields?: (minute: number) => string;
}

export async function writePrices(influx: Influx, list: readonly Written[]): Promise<void> {
  const lines = list.flatMap(({ exchange, pair, from, to, fields = moving }) =>
    Array.from({ length: to - from + 1 }, (_, i) => {
      const ns = `${BASE_MS + (from + i) * MINUTE_MS}000000`;
      return `price,exchange=${exchange},pair=${pair} ${fields(from + i)} ${ns}`;
    }),
  );
  const { status, text } = await influx.write(gzipSync(lines.join('\n')), { gzip: true });
  if (status !== 204) throw new Error(text);
}

const moving = (minute: number): string => `price=${100 + (minute % 7)},volume=${900 + minute}`;

/** Markets of exchanges that are on, known since minutes of the base. */
export async function registerMarkets(
  database: Database,
  markets: Readonly<Record<string, readonly string[]>>,
  { sinceMinute = -100_000, intervalMs = MINUTE_MS } = {},
): Promise<void> {
  await savePriceDefaults(database, { exchanges: Object.keys(markets), intervalMs, mode: 'poll' });
  for (const [exchange, bases] of Object.entries(markets)) {
    const list = bases.map((base) => ({ symbol: base.toUpperCase(), base, quote: 'usd' }));
    await ensureMarkets(database, exchange, list);
  }
  const since = new Date(BASE_MS + sinceMinute * MINUTE_MS).toISOString();
  await database.query('update markets set first_seen = $1', [since]);
}

/** An alert that is as old as the base. */
export async function watchFreshness(database: Database, wish: AlertWish): Promise<Alert> {
  const alert = await makeAlert(database, {
    ...{ kind: 'freshness', freshness: ['absent'], afterMs: 10 * MINUTE_MS, ...wish },
  });
  await ageAlert(database, alert.id);
  return alert;
}

export async function ageAlert(database: Database, id: number, minute = -1_000): Promise<void> {
  const at = new Date(BASE_MS + minute * MINUTE_MS).toISOString();
  await database.query('update alerts set created = $2, changed = $2 where id = $1', [id, at]);
}

/** A process that looks for missing prices. */
export class FreshnessWatch {
  readonly #clock = new ManualClock(BASE_MS);
  readonly #database: Database;
  readonly #source: ReturnType<typeof createFreshnessSource>;

  constructor(database: Database, influx: Pick<Influx, 'collect' | 'bucket'>) {
    this.#database = database;
    this.#source = createFreshnessSource({ influx, registry: database, clock: this.#clock });
  }

  /** Looks in some of these minutes, each by default, and has what is found told. */
  async minutes(from: number, to: number, every = 1): Promise<void> {
    for (let minute = from; minute <= to; minute += every) await this.minute(minute);
  }

  async minute(minute: number, seconds = 40): Promise<void> {
    const ms = BASE_MS + minute * MINUTE_MS + seconds * 1_000;
    this.#clock.jump(ms - this.#clock.nowMs());
    await this.#source.look(new AbortController().signal);
    for (const step of await openSteps(this.#database, 100)) {
      await spreadStep(this.#database, step, spreadOptions);
    }
  }
}

/** `minute series` of all that was found, in order. */
export async function foundIn(database: Database): Promise<string[]> {
  const rows = await database.query(
    'select series, at_ms from alert_firings order by at_ms, series',
  );
  return rows.map(({ series, at_ms }) => `${(Number(at_ms) - BASE_MS) / MINUTE_MS} ${series}`);
}

/** `kind series` of all that was sent, in order. */
export async function messagesOf(database: Database, alert?: number): Promise<string[]> {
  const rows = await database.query(
    `select kind, payload->'data'->'series'->>'key' as series from deliveries
     where $1::bigint is null or alert = $1 order by id`,
    [alert ?? null],
  );
  return rows.map(({ kind, series }) => `${kind} ${series}`);
}

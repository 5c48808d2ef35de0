/** What is known of the exchanges, kept fresh by events. Pure: no page needed. */
import type { Exchange } from '../../client/types.ts';

/** An event of kind `price`: the prices of a slot of an exchange are stored. */
export interface Tick {
  readonly exchange: string;
  /** The slot. */
  readonly time: string;
  readonly markets: number;
  /** When it happened. */
  readonly at: string;
}

/** A slot that came as it should: what the API would say of the exchange now. */
export function withTick(exchange: Exchange, { time, markets, at }: Tick): Exchange {
  const latenessMs = Date.parse(at) - Date.parse(time);
  const known = exchange.lastSuccess === null ? 0 : Date.parse(exchange.lastSuccess);
  if (!(Date.parse(at) > known)) return exchange;
  return {
    ...exchange,
    ...{ state: 'ok', rows: markets, latenessMs, consecutiveFailures: 0, error: null },
    ...{ lastSuccess: at, lastAttempt: at, pausedUntil: null },
  };
}

export interface Totals {
  readonly markets: number;
  readonly on: number;
  readonly ok: number;
  /** Milliseconds since the epoch; undefined: there is none. */
  readonly newestMs: number | undefined;
  readonly worst: { readonly exchange: string; readonly latenessMs: number } | undefined;
}

export function totalsOf(exchanges: readonly Exchange[]): Totals {
  const on = exchanges.filter(({ enabled }) => enabled);
  const slots = on.flatMap(({ lastSuccess, latenessMs }) => {
    return lastSuccess === null ? [] : [Date.parse(lastSuccess) - (latenessMs ?? 0)];
  });
  const late = on.flatMap(({ exchange, latenessMs }) => {
    return latenessMs === null ? [] : [{ exchange, latenessMs }];
  });
  return {
    markets: on.reduce((sum, { rows }) => sum + rows, 0),
    on: on.length,
    ok: on.filter(({ state }) => state === 'ok').length,
    newestMs: slots.length === 0 ? undefined : Math.max(...slots),
    worst: late.toSorted((a, b) => b.latenessMs - a.latenessMs)[0],
  };
}

import type { FreshnessPoint, SteadyMarket } from '../../../flux/freshness-queries.ts';

/** A value that did not change, as far as it was seen. */
export interface Held {
  readonly value: number;
  readonly sinceMs: number;
  readonly atMs: number;
}

/** What is known of the prices of one market. */
export interface MarketPrices {
  price?: Held;
  volume?: Held;
  /** The newest point with a time of the exchange's own. */
  clock?: { readonly atMs: number; readonly exchangeMs: number };
}

/** The newest of each market, from looks that follow each other. Some hundred bytes a market. */
export class PriceBook {
  /** Before this nothing was looked at. */
  readonly beginMs: number;
  readonly #exchanges = new Map<string, Map<string, MarketPrices>>();

  constructor(beginMs: number) {
    this.beginMs = beginMs;
  }

  /** Undefined: it had no price since the book begins. */
  find(exchange: string, pair: string): MarketPrices | undefined {
    return this.#exchanges.get(exchange)?.get(pair);
  }

  /** Points in the order of time; those of before may be among them. */
  note(field: 'price' | 'volume' | 'exchange_time', points: readonly FreshnessPoint[]): void {
    for (const { exchange, pair, timeMs, value } of points) {
      if (!Number.isFinite(value)) continue;
      const market = this.#open(exchange, pair);
      if (field === 'exchange_time') {
        if ((market.clock?.atMs ?? 0) <= timeMs) {
          market.clock = { atMs: timeMs, exchangeMs: value };
        }
        continue;
      }
      const held = market[field];
      if (held !== undefined && timeMs < held.atMs) continue;
      const sinceMs = held?.value === value ? held.sinceMs : timeMs;
      market[field] = { value, sinceMs, atMs: timeMs };
    }
  }

  /** These have had the value that they have for longer than was looked. */
  noteSteady(field: 'price' | 'volume', markets: readonly SteadyMarket[], sinceMs: number): void {
    for (const { exchange, pair } of markets) {
      const market = this.find(exchange, pair);
      const held = market?.[field];
      if (market === undefined || held === undefined || held.sinceMs <= sinceMs) continue;
      market[field] = { ...held, sinceMs };
    }
  }

  #open(exchange: string, pair: string): MarketPrices {
    let markets = this.#exchanges.get(exchange);
    if (markets === undefined) {
      markets = new Map();
      this.#exchanges.set(exchange, markets);
    }
    let market = markets.get(pair);
    if (market === undefined) {
      market = {};
      markets.set(pair, market);
    }
    return market;
  }
}

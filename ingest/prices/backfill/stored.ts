import { formatMs } from '../../../core/duration.ts';
import type { Influx } from '../../../core/influx/influx.ts';
import { bind, loadFlux } from '../../../flux/load.ts';
import type { TimeRange } from '../adapter.ts';

/** What InfluxDB has already. Every method throws what the query throws. */
export interface StoredPrices {
  /** The slots of a market with a point in them or before the next one, and their last price. */
  market(market: SeriesName, range: TimeRange, stepMs: number): Promise<Map<number, number>>;
  /** The slots of each exchange at which this pair has a point. */
  pair(pair: string, range: TimeRange, stepMs: number): Promise<Map<string, Set<number>>>;
  /** Newest 24 h volume in quote units by pair. */
  volumes(exchange: string): Promise<Map<string, number>>;
}

export interface SeriesName {
  readonly exchange: string;
  readonly pair: string;
}

const iso = (timeMs: number): string => new Date(timeMs).toISOString();

/** Reads with the scripts of flux/queries. */
export function createStoredPrices(influx: Pick<Influx, 'rows' | 'bucket'>): StoredPrices {
  const { bucket } = influx;
  const spanOf = ({ fromMs, toMs }: TimeRange, stepMs: number) => ({
    bucket,
    start: iso(fromMs),
    stop: iso(toMs),
    every: formatMs(stepMs),
  });
  return {
    async market({ exchange, pair }, range, stepMs) {
      const names = { exchange, pair, ...spanOf(range, stepMs) };
      const flux = bind(loadFlux('price-gaps-market'), names);
      const found = new Map<number, number>();
      for await (const row of influx.rows(flux, { _time: 'time', _value: 'double' })) {
        found.set(Date.parse(row._time), row._value);
      }
      return found;
    },
    async pair(pair, range, stepMs) {
      const flux = bind(loadFlux('price-gaps'), { pair, ...spanOf(range, stepMs) });
      const found = new Map<string, Set<number>>();
      for await (const row of influx.rows(flux, { _time: 'time', exchange: 'string' })) {
        const slots = found.get(row.exchange) ?? new Set();
        found.set(row.exchange, slots.add(Date.parse(row._time)));
      }
      return found;
    },
    async volumes(exchange) {
      const flux = bind(loadFlux('exchange-volumes'), { bucket, exchange, start: '-25h' });
      const found = new Map<string, number>();
      for await (const row of influx.rows(flux, { _value: 'double', pair: 'string' })) {
        found.set(row.pair, row._value);
      }
      return found;
    },
  };
}

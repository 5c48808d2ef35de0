import { bind, loadFlux } from './load.ts';

export interface PriceQueries {
  /** Columns `_time`, `_value`, `exchange`; ordered by exchange, then time. */
  prices(range: PriceRange): string;
  /** At most one row with `rank` and `of`: among its exchange's markets, or among all pairs. */
  rank(market: { readonly pair: string; readonly exchange: string | undefined }): string;
  /** One row a pair with `pair`, `rank`, `of`. */
  pairRanks(): string;
}

export interface PriceRange {
  readonly pair: string;
  /** Undefined: all of them. */
  readonly exchange: string | undefined;
  /** How far back from now, a Flux duration without a sign. */
  readonly start: string;
}

/** A rank is newest at most this long; an older one says nothing about now. */
const RANK_AGE = '-1h';
const RANKS_AGE = '-3m';

/** The scripts that answer questions about prices, bound to a bucket. */
export function createPriceQueries({ bucket }: { readonly bucket: string }): PriceQueries {
  return {
    prices({ pair, exchange, start }) {
      const range = { bucket, pair, start: `-${start}`, stop: '0s' };
      return exchange === undefined
        ? bind(loadFlux('prices-range'), range)
        : bind(loadFlux('prices-range-exchange'), { ...range, exchange });
    },
    rank({ pair, exchange }) {
      const newest = { bucket, pair, start: RANK_AGE };
      return exchange === undefined
        ? bind(loadFlux('pair-rank-latest'), newest)
        : bind(loadFlux('rank-latest'), { ...newest, exchange });
    },
    pairRanks: () => bind(loadFlux('pair-ranks-latest'), { bucket, start: RANKS_AGE }),
  };
}

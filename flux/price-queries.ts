import { defaultRankWindow, type RankWindow } from '../core/rollups.ts';
import { bind, loadFlux } from './load.ts';

export interface PriceQueries {
  /** Columns `_time`, `_value`, `exchange`; ordered by exchange, then time. */
  prices(range: PriceRange): string;
  /** At most one row with `rank` and `of`: among its exchange's markets, or among all pairs. */
  rank(market: RankedMarket): string;
  /** One row a pair with `pair`, `rank`, `of`. */
  pairRanks(window?: RankWindow): string;
  /** `exchange`, `pair`, `_value`: the newest price of every market of a stretch. */
  marketPrices(stretch: Stretch): string;
  /** `_time`, `_field` (of, rank, stddev), `_value`: a pair's rank, for each step of `every`. */
  rankRuns(runs: RankRuns): string;
}

/** RFC 3339. */
export interface Stretch {
  readonly start: string;
  readonly stop: string;
}

export interface RankRuns extends Stretch {
  readonly pair: string;
  readonly window: RankWindow;
  /** A Flux duration. */
  readonly every: string;
}

export interface RankedMarket {
  readonly pair: string;
  /** Undefined: the pair, over all of them. */
  readonly exchange: string | undefined;
  /** 24 h by default. */
  readonly window?: RankWindow;
}

export interface PriceRange {
  readonly pair: string;
  /** Undefined: all of them. */
  readonly exchange: string | undefined;
  /** How far back from now, a Flux duration without a sign. */
  readonly start: string;
}

/** A rank is newest at most this long; an older one says nothing about now. */
const RANK_AGE: Readonly<Record<RankWindow, string>> = { '1h': '-1h', '24h': '-1h', '7d': '-3h' };
/** Two steps of its window, so that there is always a run; last() pays for what it steps over. */
const RANKS_AGE: Readonly<Record<RankWindow, string>> = {
  '1h': '-11m',
  '24h': '-21m',
  '7d': '-125m',
};

/** The scripts that answer questions about prices, bound to a bucket. */
export function createPriceQueries({ bucket }: { readonly bucket: string }): PriceQueries {
  return {
    prices({ pair, exchange, start }) {
      const range = { bucket, pair, start: `-${start}`, stop: '0s' };
      return exchange === undefined
        ? bind(loadFlux('prices-range'), range)
        : bind(loadFlux('prices-range-exchange'), { ...range, exchange });
    },
    rank({ pair, exchange, window = defaultRankWindow }) {
      const newest = { bucket, pair, window, start: RANK_AGE[window] };
      return exchange === undefined
        ? bind(loadFlux('pair-rank-latest'), newest)
        : bind(loadFlux('rank-latest'), { ...newest, exchange });
    },
    pairRanks: (window = defaultRankWindow) =>
      bind(loadFlux('pair-ranks-latest'), { bucket, window, start: RANKS_AGE[window] }),
    marketPrices: ({ start, stop }) => bind(loadFlux('market-prices'), { bucket, start, stop }),
    rankRuns: (runs) => bind(loadFlux('pair-rank-runs'), { bucket, ...runs }),
  };
}

/** The Flux scripts that the API asks, with their parameters in place. */
export interface Queries {
  /** Columns `_value`, `_time`, `exchange`; ordered by exchange, then time. */
  prices(parameters: PricesParameters): string;
  /** At most one row with `rank` and `of`: of the pair over all exchanges, or among one's markets. */
  rank(parameters: PairParameters): string;
  /** One row a pair with `pair`, `rank`, `of`. */
  pairRanks(): string;
}

export interface PairParameters {
  readonly pair: string;
  readonly exchange: string | undefined;
}

export interface PricesParameters extends PairParameters {
  /** How far back, a Flux duration without a sign. */
  readonly start: string;
}

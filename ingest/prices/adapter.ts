import type { FloatText } from '../../core/point.ts';

/** One market as its exchange names it. */
export interface MarketRef {
  readonly exchange: string;
  /** The exchange's own id of the market, as it stands in the answer. */
  readonly symbol: string;
  /** Lower case, aliases resolved: `btc`, also where the exchange says XBT. */
  readonly base: string;
  readonly quote: string;
}

/** One market's prices in one poll. What the source did not say, or said wrongly, is absent. */
export interface PriceRow extends MarketRef {
  /** The plain name, base + quote; the registry decides whether the series gets it. */
  readonly pair: string;
  /** Last trade, quote per base; above 0. */
  readonly price: FloatText;
  readonly bid?: FloatText;
  readonly ask?: FloatText;
  /** Traded in the last 24 h, in base units, whatever the exchange calls it; 0 is a real 0. */
  readonly volume?: FloatText | number;
  /** The same in quote units. */
  readonly quoteVolume?: FloatText | number;
  /** The exchange's own time of the row, ms since the epoch. */
  readonly exchangeTimeMs?: number;
}

/** Why a row of a good answer is left out. A closed set: it is a metric's label. */
export type DropReason =
  | 'dead' // price 0: delisted, or never traded
  | 'no-price' // null, "" or absent
  | 'malformed' // not the shape of a row, or not a number
  | 'unknown-symbol' // not in the market list, or not of the documented form
  | 'not-trading' // listed, but halted
  | 'derivative' // perpetuals, futures, contracts
  | 'leveraged'
  | 'funding'
  | 'dark-pool'
  | 'non-spot' // any other book beside the spot market
  | 'test' // paper trading
  | 'duplicate' // the same symbol a second time in one answer
  | 'unregistered'; // the registry could not name its series

export type DropCounts = Readonly<Partial<Record<DropReason, number>>>;

export interface ParsedPrices {
  readonly rows: readonly PriceRow[];
  readonly dropped: DropCounts;
}

/** What each symbol of a market list is: its two assets, or why its rows are dropped. */
export type SymbolTable = ReadonlyMap<string, Assets | DropReason>;

export interface Assets {
  readonly base: string;
  readonly quote: string;
}

/** A market list, fetched at start and again when it is older than `refreshMs`. */
export interface ListRequest {
  readonly path: string;
  readonly refreshMs: number;
}

export interface FetchPlan {
  /**
   * Paths (with query) of a poll: one request for all tickers wherever the exchange has one. A
   * function where the request names the markets: then the lists are fetched first.
   */
  readonly tickers: readonly string[] | ((symbols: SymbolTable) => readonly string[]);
  readonly lists: readonly ListRequest[];
}

/**
 * All there is to know about one exchange: one small file, one entry in `exchanges.ts`. Everything
 * here is pure; fetching, suspicion, pauses and time are shared. Bodies arrive as decoded JSON with
 * numbers as their source text (number-json.ts). Candles and streams of an exchange are further,
 * optional members of the same kind: paths and frames as data, and pure parsing.
 */
export interface PriceAdapter {
  /** Also the `exchange` tag, unless the source speaks for several exchanges. */
  readonly id: string;
  /** Scheme, host and port; `EXCHANGE_<ID>_URL` replaces it. */
  readonly baseUrl: string;
  /** Polled unless the operator names exchanges. */
  readonly byDefault: boolean;
  readonly requests: FetchPlan;
  /** The bodies of `requests.lists`, in their order, to a table. Only where there are lists. */
  readonly symbols?: (lists: readonly unknown[]) => SymbolTable;
  /**
   * The bodies of `requests.tickers`, in their order, to rows and drops: every row of the answer is
   * one or the other. @throws Refusal when the answer as a whole is an error or has another shape.
   */
  readonly parse: (tickers: readonly unknown[], symbols: SymbolTable) => ParsedPrices;
  /** How long a status of this exchange pauses it, in ms, where its rules differ from the usual. */
  readonly pauses?: Readonly<Record<number, number>>;
}

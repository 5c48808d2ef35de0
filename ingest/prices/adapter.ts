import type { FloatText } from '../../core/point.ts';
import type { Members } from './members.ts';
import type { WritingRows } from './points.ts';
import type { Refusal } from './refusal.ts';

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
  | 'unregistered' // the registry could not name its series
  | 'switched-off'; // somebody chose not to keep this pair

export type DropCounts = Readonly<Partial<Record<DropReason, number>>>;

export interface ParsedPrices {
  /** Made when they are asked for, where `writing` is there. */
  readonly rows: readonly PriceRow[];
  readonly dropped: DropCounts;
  /** The same rows with their lines half written, from the parser's thread. */
  readonly writing?: WritingRows;
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

/** One closed minute of a market, as its exchange tells it. */
export interface Candle {
  /** When the minute began, ms since the epoch: a multiple of 60,000. */
  readonly startMs: number;
  readonly open: FloatText;
  readonly high: FloatText;
  readonly low: FloatText;
  /** Last trade of the minute: what a poll at its end would have said. */
  readonly close: FloatText;
  /** Traded in this minute, in base units. */
  readonly volume?: FloatText | number;
}

/** Half open, both ends multiples of a minute, ms since the epoch. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * An exchange's candles of one minute. Pure, as the adapter: paging, order, open candles, gaps and
 * pace are shared.
 */
export interface CandleSource {
  /** Most rows of one answer: a request never spans more minutes. */
  readonly pageRowsMax: number;
  /** How far back the exchange answers, in ms; absent: as far as it has data. */
  readonly depthMs?: number;
  /** Least time between two requests to this exchange, in ms. */
  readonly spacingMs: number;
  /** Path with query of one page: the candles that begin within `range`. */
  readonly request: (market: MarketRef, range: TimeRange) => string;
  /**
   * The candles of an answer in any order; ones outside the range and the one still open may be
   * among them, the latter only where the exchange does not mark it (where it does: left out).
   * Rows that are no candle are left out. @throws Refusal when the answer as a whole is an error or
   * has another shape.
   */
  readonly parse: (body: unknown, market: MarketRef) => readonly Candle[];
}

/** What one frame of a stream was. */
export interface StreamNews {
  /** Rows that the frame brought; each replaces the market's last one. */
  readonly prices?: ParsedPrices;
  /** Frames to send back: an answer to the server's ping. */
  readonly reply?: readonly string[];
  /** Symbols whose subscription the server confirmed; `all`: one answer stands for all of them. */
  readonly confirmed?: readonly string[] | 'all';
  /** Symbols whose subscription it refused: they are polled. */
  readonly refused?: readonly string[];
  /** The server is about to end the connection, or refused a frame: connect anew. */
  readonly end?: Refusal;
}

/** Reads the frames of one connection; made anew for each, since some frames need earlier ones. */
export interface StreamReader {
  /** @param frame decoded JSON with numbers as text. @throws Refusal `shape` for nonsense. */
  read(frame: unknown): StreamNews;
}

/**
 * An exchange's websocket of tickers. Pure: connecting, silence, pace, conflation and the change to
 * polling and back are shared (streams/). Symbols are the ones of `parse`: a poll comes first, and
 * what it told is subscribed. A market is served by the stream once its subscription is confirmed
 * and a frame or a poll has told of it since; until then, and when the connection is down, polls
 * serve it.
 */
export interface StreamSource {
  /** `wss://host[:port]/path`; `EXCHANGE_<ID>_STREAM_URL` replaces scheme, host and port. */
  readonly url: string;
  /** Where the address is only known from a POST (KuCoin): path, and its answer's URL. */
  readonly ticket?: {
    readonly path: string;
    /** @throws Refusal when the answer is an error or has another shape. */
    readonly urlOf: (body: unknown, connectId: string) => string;
  };
  /**
   * Best bid and ask: a frame at each change of them (an old one still stands), frames at trades
   * alone, or never. Where an old one does not stand it is left out when it is no longer young.
   */
  readonly book: 'each-change' | 'at-trades' | 'never';
  /** Whether frames tell the volume of 24 h; if not, that of the last poll serves for a while. */
  readonly volume: boolean;
  /** The frames that subscribe these symbols; none where the URL alone subscribes all. */
  readonly subscribe: (symbols: readonly string[]) => readonly string[];
  /** Most symbols of one connection; more connections are opened for the rest. */
  readonly symbolsPerConnectionMax: number;
  /** Most connections; the markets for which there is no room are polled. */
  readonly connectionsMax: number;
  /** Least time between two connections that are opened, in ms. */
  readonly connectSpacingMs: number;
  /** Least time between two frames that we send, in ms. */
  readonly sendSpacingMs: number;
  /** A frame to send when `everyMs` have passed, where the server wants one. */
  readonly ping?: { readonly everyMs: number; readonly frame: (nowMs: number) => string };
  /** A connection that is silent for longer is dead, in ms. */
  readonly silenceMsMax: number;
  /** @param symbols the markets of the last poll, live: it grows with new listings. */
  readonly open: (symbols: SymbolTable) => StreamReader;
}

/**
 * All there is to know about one exchange: one small file, one entry in `exchanges.ts`. Everything
 * here is pure; fetching, suspicion, pauses and time are shared. Bodies arrive as decoded JSON with
 * numbers as their source text (number-json.ts).
 */
export interface PriceAdapter {
  /** Also the `exchange` tag, unless the source speaks for several exchanges. */
  readonly id: string;
  /** Scheme, host and port; `EXCHANGE_<ID>_URL` replaces it. */
  readonly baseUrl: string;
  /** Polled unless the operator names exchanges. */
  readonly byDefault: boolean;
  readonly requests: FetchPlan;
  /**
   * The members that `parse` and `symbols` look at, also of errors inside a 200: nothing else of a
   * body is made. Absent: everything.
   */
  readonly reads?: { readonly tickers: Members; readonly lists?: Members };
  /** The bodies of `requests.lists`, in their order, to a table. Only where there are lists. */
  readonly symbols?: (lists: readonly unknown[]) => SymbolTable;
  /**
   * The bodies of `requests.tickers`, in their order, to rows and drops: every row of the answer is
   * one or the other. @throws Refusal when the answer as a whole is an error or has another shape.
   */
  readonly parse: (tickers: readonly unknown[], symbols: SymbolTable) => ParsedPrices;
  /** Absent: the exchange has no candles that reach back, so gaps stay. */
  readonly candles?: CandleSource;
  /** Absent: the exchange is polled also in `PRICE_MODE=stream`. */
  readonly stream?: StreamSource;
  /** How long a status of this exchange pauses it, in ms, where its rules differ from the usual. */
  readonly pauses?: Readonly<Record<number, number>>;
}

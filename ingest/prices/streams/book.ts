import type { Assets, MarketRef, PriceRow, StreamSource, SymbolTable } from '../adapter.ts';

type Fields = Pick<PriceRow, 'bid' | 'ask'>;

/** The newest that is known of one market. Times are monotonic, in ms. */
interface Entry {
  market: MarketRef & { readonly pair: string };
  price: PriceRow['price'];
  exchangeTimeMs: number | undefined;
  /** Of the last frame; -Infinity: none yet. */
  framedMs: number;
  /** When the last poll that told of it began, and when its answer was here. */
  polledMs: number;
  answeredMs: number;
  book: Fields;
  bookMs: number;
  volume: PriceRow['volume'];
  volumeMs: number;
  quoteVolume: PriceRow['quoteVolume'];
  quoteVolumeMs: number;
}

/** From the request to the last byte of a poll. */
export interface PollTimes {
  readonly beganMs: number;
  readonly endedMs: number;
}

/** Quiet markets of which a poll told another price than the stream had. */
export interface Drift {
  readonly compared: readonly string[];
  readonly drifted: readonly string[];
}

/** All markets of one exchange, conflated: one row each, the newest. */
export interface Book {
  /** Live: the markets of the last poll. */
  readonly symbols: SymbolTable;
  /** The answer of a poll is what there is; only prices of younger frames stay. */
  seed(rows: readonly PriceRow[], poll: PollTimes): Drift;
  /** Rows of a frame. Markets that no poll told of are left out. */
  update(rows: readonly PriceRow[], nowMs: number): void;
  /** Whether the stream serves a market: it is subscribed, and was told of since. */
  covered(symbol: string): boolean;
  /** Rows of covered markets, and of those that a poll told of at `sinceMs` or later. */
  rows(nowMs: number, sinceMs: number): PriceRow[];
}

/** Bid and ask beside a younger price: older ones would be of another market than the price. */
const BOOK_MS_MAX = 10_000;
/** A sum over 24 h moves slowly. Two times of what usually lies between two polls of all. */
const VOLUME_MS_MAX = 600_000;
/** A market that moved so recently may have moved again while the poll was on its way. */
const QUIET_MS = 10_000;

export interface BookOptions {
  readonly stream: Pick<StreamSource, 'book' | 'volume'>;
  /** Since when (monotonic, ms) a market is subscribed on a living connection. */
  readonly confirmedMs: (symbol: string) => number | undefined;
}

export function createBook({ stream, confirmedMs }: BookOptions): Book {
  const entries = new Map<string, Entry>();
  const symbols = new Map<string, Assets>();
  const isCovered = (entry: Entry): boolean => {
    const sinceMs = confirmedMs(entry.market.symbol);
    return sinceMs !== undefined && (entry.framedMs >= sinceMs || entry.polledMs > sinceMs);
  };
  return {
    symbols,
    seed(rows, poll) {
      const compared: string[] = [];
      const drifted: string[] = [];
      const told = new Set<string>();
      for (const row of rows) {
        told.add(row.symbol);
        const old = entries.get(row.symbol);
        const live = old !== undefined && isCovered(old);
        if (live && Math.max(old.framedMs, old.answeredMs) < poll.beganMs - QUIET_MS) {
          compared.push(row.symbol);
          if (Number(old.price.floatText) !== Number(row.price.floatText)) drifted.push(row.symbol);
        }
        const entry = entryOf(row, poll, live ? old : undefined);
        entries.set(row.symbol, entry);
        symbols.set(row.symbol, { base: row.base, quote: row.quote });
      }
      for (const symbol of entries.keys()) {
        if (told.has(symbol)) continue;
        entries.delete(symbol);
        symbols.delete(symbol);
      }
      return { compared, drifted };
    },
    update(rows, nowMs) {
      for (const row of rows) {
        const entry = entries.get(row.symbol);
        if (entry) takeFrame(entry, row, { nowMs, stream });
      }
    },
    covered(symbol) {
      const entry = entries.get(symbol);
      return entry !== undefined && isCovered(entry);
    },
    rows(nowMs, sinceMs) {
      const rows: PriceRow[] = [];
      for (const entry of entries.values()) {
        const covered = isCovered(entry);
        if (!covered && entry.answeredMs < sinceMs) continue;
        const stands = covered && stream.book === 'each-change';
        rows.push(rowOf(entry, { nowMs, stands }));
      }
      return rows;
    },
  };
}

/** A market as a poll told it; a younger frame keeps its say on price, bid and ask. */
function entryOf(row: PriceRow, { beganMs, endedMs }: PollTimes, live: Entry | undefined): Entry {
  const { exchange, symbol, base, quote, pair, bid, ask } = row;
  const younger = live !== undefined && live.framedMs >= beganMs ? live : undefined;
  return {
    market: { exchange, symbol, base, quote, pair },
    price: younger?.price ?? row.price,
    exchangeTimeMs: younger ? younger.exchangeTimeMs : row.exchangeTimeMs,
    framedMs: live?.framedMs ?? Number.NEGATIVE_INFINITY,
    polledMs: beganMs,
    answeredMs: endedMs,
    book:
      younger && younger.bookMs >= beganMs
        ? younger.book
        : { ...(bid && { bid }), ...(ask && { ask }) },
    bookMs: endedMs,
    volume: row.volume,
    volumeMs: endedMs,
    quoteVolume: row.quoteVolume,
    quoteVolumeMs: endedMs,
  };
}

function takeFrame(
  entry: Entry,
  row: PriceRow,
  { nowMs, stream }: { nowMs: number; stream: BookOptions['stream'] },
): void {
  entry.price = row.price;
  entry.exchangeTimeMs = row.exchangeTimeMs;
  entry.framedMs = nowMs;
  if (stream.book !== 'never') {
    entry.book = { ...(row.bid && { bid: row.bid }), ...(row.ask && { ask: row.ask }) };
    entry.bookMs = nowMs;
  }
  if (!stream.volume) return;
  if (row.volume !== undefined) {
    entry.volume = row.volume;
    entry.volumeMs = nowMs;
  }
  if (row.quoteVolume !== undefined) {
    entry.quoteVolume = row.quoteVolume;
    entry.quoteVolumeMs = nowMs;
  }
}

/** @param stands whether bid and ask are those of now, however old */
function rowOf(entry: Entry, { nowMs, stands }: { nowMs: number; stands: boolean }): PriceRow {
  const { market, price, book, volume, quoteVolume, exchangeTimeMs } = entry;
  const { exchange, symbol, base, quote, pair } = market;
  // Thousands at each slot: assigned, since spreading costs ten times as much.
  const row: Writable<PriceRow> = { exchange, symbol, base, quote, pair, price };
  if (stands || nowMs - entry.bookMs <= BOOK_MS_MAX) {
    if (book.bid) row.bid = book.bid;
    if (book.ask) row.ask = book.ask;
  }
  if (volume !== undefined && nowMs - entry.volumeMs <= VOLUME_MS_MAX) row.volume = volume;
  if (quoteVolume !== undefined && nowMs - entry.quoteVolumeMs <= VOLUME_MS_MAX) {
    row.quoteVolume = quoteVolume;
  }
  if (exchangeTimeMs !== undefined) row.exchangeTimeMs = exchangeTimeMs;
  return row;
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

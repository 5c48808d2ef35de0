/**
 * Rows on their way between threads. Copied as objects they would cost more than reading them did:
 * so names cross once, as a market's number, and all decimals of a poll as one text.
 */
import type { FloatText } from '../../core/point.ts';
import type { DropCounts, ParsedPrices, PriceRow } from './adapter.ts';

/** What a row says of itself apart from its numbers. */
type MarketNames = Pick<PriceRow, 'exchange' | 'symbol' | 'base' | 'quote' | 'pair'>;

export interface PriceColumns {
  /** Markets that were not told before, five names each; their numbers follow the last one's. */
  readonly names: readonly string[];
  /** All numbers start anew with these names. */
  readonly fresh: boolean;
  /** Number of the market, for each row. */
  readonly markets: Uint32Array<ArrayBuffer>;
  /** The decimals of all rows one behind the other. */
  readonly text: string;
  /** Where each of the five decimals of each row ends in `text`; absent ones have no length. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** Three of each row: volume and quote volume where they are numbers, the time; NaN is absent. */
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly dropped: DropCounts;
}

const DECIMALS = 5;
const NUMBERS = 3;
/** More names than all exchanges have together: somebody sends new ones at every poll. */
const MARKETS_MAX = 100_000;

/** The sending end; one for each receiving end. */
export class ColumnWriter {
  #numbers = new Map<string, number>();
  #markets: MarketNames[] = [];
  #names: string[] = [];

  write({ rows, dropped }: ParsedPrices): PriceColumns {
    const fresh = this.#markets.length + rows.length > MARKETS_MAX;
    if (fresh) {
      this.#numbers = new Map();
      this.#markets = [];
    }
    const markets = new Uint32Array(rows.length);
    const ends = new Uint32Array(rows.length * DECIMALS);
    const numbers = new Float64Array(rows.length * NUMBERS).fill(Number.NaN);
    const texts: string[] = [];
    let length = 0;
    let last = -1;
    const add = (place: number, value: FloatText | number | undefined): boolean => {
      const isText = typeof value === 'object';
      if (isText) {
        texts.push(value.floatText);
        length += value.floatText.length;
      }
      ends[place] = length;
      return isText;
    };
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as PriceRow;
      last = this.#numberOf(row, last + 1);
      markets[i] = last;
      const place = i * DECIMALS;
      add(place, row.price);
      add(place + 1, row.bid);
      add(place + 2, row.ask);
      const { volume, quoteVolume, exchangeTimeMs } = row;
      if (!add(place + 3, volume) && volume !== undefined) numbers[i * NUMBERS] = volume as number;
      if (!add(place + 4, quoteVolume) && quoteVolume !== undefined) {
        numbers[i * NUMBERS + 1] = quoteVolume as number;
      }
      if (exchangeTimeMs !== undefined) numbers[i * NUMBERS + 2] = exchangeTimeMs;
    }
    const names = this.#names;
    this.#names = [];
    return { names, fresh, markets, text: texts.join(''), ends, numbers, dropped };
  }

  /** `guess`: answers list their markets in the same order each time. */
  #numberOf(row: PriceRow, guess: number): number {
    if (isOf(this.#markets[guess], row)) return guess;
    const key = `${row.exchange}\n${row.symbol}`;
    const known = this.#numbers.get(key);
    if (known !== undefined && isOf(this.#markets[known], row)) return known;
    const { exchange, symbol, base, quote, pair } = row;
    const number = this.#markets.length;
    this.#numbers.set(key, number);
    this.#markets.push({ exchange, symbol, base, quote, pair });
    this.#names.push(exchange, symbol, base, quote, pair);
    return number;
  }
}

function isOf(market: MarketNames | undefined, row: PriceRow): boolean {
  return (
    market !== undefined &&
    market.symbol === row.symbol &&
    market.exchange === row.exchange &&
    market.base === row.base &&
    market.quote === row.quote &&
    market.pair === row.pair
  );
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The receiving end: takes what one sending end wrote, in that order. */
export class ColumnReader {
  #markets: MarketNames[] = [];

  read(columns: PriceColumns): ParsedPrices {
    this.#learn(columns);
    const { markets, text, ends, numbers, dropped } = columns;
    const rows: PriceRow[] = [];
    let start = 0;
    const textAt = (place: number): FloatText | undefined => {
      const from = start;
      start = ends[place] as number;
      return start > from ? { floatText: text.slice(from, start) } : undefined;
    };
    const numberAt = (place: number): number | undefined => {
      const value = numbers[place] as number;
      return Number.isNaN(value) ? undefined : value;
    };
    for (let i = 0; i < markets.length; i++) {
      const { exchange, symbol, base, quote, pair } = this.#markets[markets[i] as number]!;
      const place = i * DECIMALS;
      const price = textAt(place) as FloatText;
      const row: Writable<PriceRow> = { exchange, symbol, base, quote, pair, price };
      const bid = textAt(place + 1);
      if (bid) row.bid = bid;
      const ask = textAt(place + 2);
      if (ask) row.ask = ask;
      const volume = textAt(place + 3) ?? numberAt(i * NUMBERS);
      if (volume !== undefined) row.volume = volume;
      const quoteVolume = textAt(place + 4) ?? numberAt(i * NUMBERS + 1);
      if (quoteVolume !== undefined) row.quoteVolume = quoteVolume;
      const timeMs = numberAt(i * NUMBERS + 2);
      if (timeMs !== undefined) row.exchangeTimeMs = timeMs;
      rows.push(row);
    }
    return { rows, dropped };
  }

  #learn({ names, fresh }: PriceColumns): void {
    if (fresh) this.#markets = [];
    for (let at = 0; at < names.length; at += 5) {
      const [exchange, symbol, base, quote, pair] = names.slice(at, at + 5) as Five;
      this.#markets.push({ exchange, symbol, base, quote, pair });
    }
  }
}

type Five = [string, string, string, string, string];

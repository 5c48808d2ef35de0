/**
 * Rows on their way between threads. Copied as objects they would cost more than reading them did:
 * so names cross once, as a market's number, and the numbers of all rows as the bytes that will
 * stand in their lines, so that nobody has to make rows of them again.
 */
import { keepShape } from '../../core/kept-shapes.ts';
import { LineEncoder, type Refusal } from '../../core/line-protocol.ts';
import type { FloatText } from '../../core/point.ts';
import type { DropCounts, ParsedPrices, PriceRow } from './adapter.ts';
import { addFields, type PriceField, type WritingRows } from './points.ts';

/** What a row says of itself apart from its numbers. */
type MarketNames = Pick<PriceRow, 'exchange' | 'symbol' | 'base' | 'quote' | 'pair'>;

export interface PriceColumns {
  /** Markets that were not told before, five names each; their numbers follow the last one's. */
  readonly names: readonly string[];
  /** All numbers start anew with these names. */
  readonly fresh: boolean;
  /** Number of the market, for each row. */
  readonly markets: Uint32Array<ArrayBuffer>;
  /** The fields of all rows one behind the other, each as ` price=1.5,volume=2`. */
  readonly fields: Uint8Array<ArrayBuffer>;
  /** Where each row ends in `fields`. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** Rows that can be no line, by their index: what is wrong with them is told with the others. */
  readonly odd: ReadonlyMap<number, PriceRow>;
  readonly dropped: DropCounts;
}

/** What can be moved to another thread and need not be copied. */
export function movedBuffers({ markets, fields, ends }: PriceColumns): ArrayBuffer[] {
  return [markets.buffer, fields.buffer, ends.buffer];
}

/** More names than all exchanges have together: somebody sends new ones at every poll. */
const MARKETS_MAX = 100_000;

/** The sending end; one for each receiving end. */
export class ColumnWriter {
  readonly #encoder = new LineEncoder();
  #numbers = new Map<string, number>();
  #markets: MarketNames[] = [];
  #names: string[] = [];

  write({ rows, dropped }: ParsedPrices): PriceColumns {
    const fresh = this.#markets.length + rows.length > MARKETS_MAX;
    if (fresh) {
      this.#numbers = new Map();
      this.#markets = [];
    }
    const encoder = this.#encoder;
    const markets = new Uint32Array(rows.length);
    const ends = new Uint32Array(rows.length);
    const odd = new Map<number, PriceRow>();
    let last = -1;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as PriceRow;
      last = this.#numberOf(row, last + 1);
      markets[i] = last;
      encoder.beginFields();
      if (addFields(encoder, row) !== undefined) odd.set(i, row);
      ends[i] = encoder.bytes;
    }
    const names = this.#names;
    this.#names = [];
    return { names, fresh, markets, fields: encoder.take(), ends, odd, dropped };
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

/** The receiving end: takes what one sending end wrote, in that order. */
export class ColumnReader {
  #markets: MarketNames[] = [];

  read(columns: PriceColumns): ColumnRows {
    const { names, fresh, markets } = columns;
    if (fresh) this.#markets = [];
    for (let at = 0; at < names.length; at += 5) {
      const [exchange, symbol, base, quote, pair] = names.slice(at, at + 5) as Five;
      this.#markets.push({ exchange, symbol, base, quote, pair });
    }
    const told: MarketNames[] = [];
    for (let i = 0; i < markets.length; i++) {
      told.push(this.#markets[markets[i] as number] as MarketNames);
    }
    return new ColumnRows(columns, told);
  }
}

type Five = [string, string, string, string, string];

/** A poll that writes its lines from columns; rows are made of them when somebody asks for them. */
export class ColumnRows implements ParsedPrices, WritingRows {
  readonly dropped: DropCounts;
  readonly markets: readonly MarketNames[];
  readonly #columns: PriceColumns;
  readonly #view: DataView;
  #rows: readonly PriceRow[] | undefined;

  constructor(columns: PriceColumns, markets: readonly MarketNames[]) {
    const { fields, dropped } = columns;
    this.dropped = dropped;
    this.markets = markets;
    this.#columns = columns;
    this.#view = new DataView(fields.buffer, fields.byteOffset, fields.byteLength);
  }

  get rows(): readonly PriceRow[] {
    this.#rows ??= this.markets.map((_, index) => this.rowAt(index));
    return this.#rows;
  }

  get writing(): WritingRows {
    return this;
  }

  addFields(encoder: LineEncoder, index: number): Refusal | undefined {
    const { ends, odd } = this.#columns;
    const start = index === 0 ? 0 : (ends[index - 1] as number);
    const end = ends[index] as number;
    if (start === end) return addFields(encoder, odd.get(index) as PriceRow);
    encoder.ready(this.#view, start, end);
    return undefined;
  }

  rowAt(index: number): PriceRow {
    const { fields, ends, odd } = this.#columns;
    const start = index === 0 ? 0 : (ends[index - 1] as number);
    const end = ends[index] as number;
    if (start === end) return odd.get(index) as PriceRow;
    const text = Buffer.from(fields.buffer, fields.byteOffset + start, end - start);
    return rowOf(this.markets[index] as MarketNames, text.toString('latin1'));
  }
}

// A poll leaves nothing behind, and the next one comes a minute later.
const empty = new ColumnWriter().write({ rows: [], dropped: {} });
const arrived = structuredClone(empty);
keepShape(arrived);
keepShape(new ColumnRows(arrived, []));

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What was a number comes out as the decimal that it is written as. */
function rowOf(market: MarketNames, fields: string): PriceRow {
  const { exchange, symbol, base, quote, pair } = market;
  const values: { [K in PriceField]?: string } = Object.fromEntries(
    fields
      .slice(1)
      .split(',')
      .map((field) => field.split('=')),
  );
  const { price = '', bid, ask, volume, quote_volume, exchange_time } = values;
  const decimal = (floatText: string): FloatText => ({ floatText });
  const row: Writable<PriceRow> = { exchange, symbol, base, quote, pair, price: decimal(price) };
  if (bid !== undefined) row.bid = decimal(bid);
  if (ask !== undefined) row.ask = decimal(ask);
  if (volume !== undefined) row.volume = decimal(volume);
  if (quote_volume !== undefined) row.quoteVolume = decimal(quote_volume);
  if (exchange_time !== undefined) row.exchangeTimeMs = Number(exchange_time.slice(0, -1));
  return row;
}

import { fieldKey, type SeriesKey, seriesKey } from '../core/line-protocol.ts';
import type { FloatText } from '../core/point.ts';
import type { PriceRow } from '../ingest/prices/adapter.ts';

export const MARKETS = 13_827;
export const EXCHANGES = 18;
export const START_MS = 1_795_000_000_000;

/** The rows of one poll by exchange and turn; turns differ in their prices. */
export type Polls<Row> = readonly (readonly (readonly Row[])[])[];

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The names that the parser remembers from poll to poll, symbols among them. */
const names = Array.from({ length: MARKETS }, (_, i) => ({
  ...{ symbol: `coin${i}-USD`, base: `coin${i}`, quote: 'usd', pair: `coin${i}usd` },
}));
const exchangeNames = Array.from({ length: EXCHANGES }, (_, i) => `exchange${i}`);

/** Put together as the parser does it. */
function makeRow(i: number, turn: number, full: boolean): PriceRow {
  const text = (value: number, digits: number) => ({ floatText: value.toFixed(digits) });
  const { symbol, base, quote, pair } = names[i] as (typeof names)[number];
  const exchange = exchangeNames[i % EXCHANGES] as string;
  const value = 10 + ((i * 7_919 + turn * 37) % 1_000_003) / 1_000;
  const price = text(value, 3);
  const row: Writable<PriceRow> = { exchange, symbol, base, quote, pair, price };
  if (full) row.bid = text(value * 0.999, 3);
  if (full) row.ask = text(value * 1.001, 3);
  row.volume = text((1e8 + i * 123_457 + turn) / 1e4, 4);
  if (full) row.quoteVolume = text(value * i, 8);
  if (full) row.exchangeTimeMs = START_MS + turn * 60_000 - (i % 5_000);
  return row;
}

/** Two fields in each row, or all that an exchange tells. */
export function makePolls(turns: number, full: boolean): Polls<PriceRow> {
  const all = Array.from({ length: MARKETS }, (_, i) => i);
  return exchangeNames.map((_, exchange) => {
    const markets = all.filter((i) => i % EXCHANGES === exchange);
    return Array.from({ length: turns }, (_, turn) => markets.map((i) => makeRow(i, turn, full)));
  });
}

export const PRICE = fieldKey('price');
export const VOLUME = fieldKey('volume');

/** A row of JavaScript numbers, whose series is known. */
export interface NumberRow {
  readonly exchange: string;
  readonly pair: string;
  readonly key: SeriesKey;
  readonly price: number;
  readonly volume: number;
}

export function numbersOf(polls: Polls<PriceRow>): Polls<NumberRow> {
  const number = (text: unknown) => Number((text as FloatText).floatText);
  return polls.map((turns) => {
    const keys = (turns[0] ?? []).map(({ exchange, pair }) =>
      seriesKey('price', { exchange, pair }),
    );
    return turns.map((rows) =>
      rows.map(({ exchange, pair, price, volume }, i) => {
        const numbers = { price: number(price), volume: number(volume) };
        return { exchange, pair, key: keys[i] as SeriesKey, ...numbers };
      }),
    );
  });
}

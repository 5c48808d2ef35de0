/**
 * A cycle for benchmarks: what the exchanges answer to one poll each, 13,827 markets altogether,
 * split as the real ones are. Rows are as wide as the recorded ones: where a recording is at hand
 * its rows are repeated under new names, else the demo market's are filled up to that width.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../core/paths.ts';
import type { Book } from '../demo/books/book.ts';
import { books } from '../demo/books/list.ts';
import type { Market, Quote } from '../demo/market.ts';
import { exchanges } from '../ingest/prices/exchanges/list.ts';

export const MARKETS = 13_827;

/** Spot markets of each exchange, about as many as it lists; scaled to MARKETS. */
const SIZES: Readonly<Record<string, number>> = {
  ...{ gate: 2_700, mexc: 2_400, binance: 1_500, kraken: 1_400, kucoin: 1_270, cryptowatch: 300 },
  ...{ htx: 880, bitget: 800, cryptocom: 620, okx: 655, bybit: 620, coinbase: 573, poloniex: 524 },
  ...{ bithumb: 450, bitfinex: 423, upbit: 289, bitstamp: 240, gemini: 111 },
};

/** Bytes of a row in the real answer (recordings and documented samples). */
const ROW_BYTES: Readonly<Record<string, number>> = {
  ...{ gate: 330, mexc: 400, binance: 510, kraken: 280, kucoin: 480, cryptowatch: 45, htx: 230 },
  ...{ bitget: 420, cryptocom: 190, okx: 330, bybit: 260, coinbase: 900, poloniex: 330 },
  ...{ bithumb: 330, bitfinex: 120, upbit: 650, bitstamp: 230, gemini: 70 },
};

/** What one exchange answers. */
export interface Bodies {
  readonly id: string;
  /** The body at a path with query; made once. */
  answer(path: string): Buffer;
  /** Every body that was asked for so far, by path. */
  readonly made: ReadonlyMap<string, Buffer>;
}

/** Many markets with prices of many forms; the same at every call with the same `turn`. */
function quotesOf(count: number, turn: number): readonly Quote[] {
  return Array.from({ length: count }, (_, i) => {
    const scale = 10 ** ((i % 9) - 5);
    const price = (1 + ((i * 7_919 + turn * 31) % 9_000) / 997) * scale;
    const digits = Math.max(2, 5 - Math.floor(Math.log10(price)));
    const volume = ((i * 104_729 + turn) % 1_000_003) * 1.37;
    return {
      base: `c${i.toString(36)}x`,
      quote: i % 5 === 0 ? 'btc' : 'usdt',
      last: price.toFixed(digits),
      bid: (price * 0.9997).toFixed(digits),
      ask: (price * 1.0003).toFixed(digits),
      volume: volume.toFixed(8),
      average: (price * 1.01).toFixed(digits),
      quoteVolume: (volume * price).toFixed(8),
      timeMs: 1_795_000_000_000 + turn * 60_000,
    };
  });
}

/** Adds what the real rows have besides, so that there is as much to read. */
function widened(body: string, rows: number, id: string): string {
  const lack = (ROW_BYTES[id] ?? 0) - body.length / rows;
  const parts = Math.floor(lack / 26);
  if (parts <= 0) return body;
  const more = Array.from({ length: parts }, (_, n) => `"other_${n}":"${(n * 7.31).toFixed(8)}"`);
  const first = `{${more.join(',')},`;
  // Rows are the innermost objects; an array of arrays is as wide as it is.
  return body.replace(/\{(?="[^{}]*\})/g, first);
}

const RECORDED = join(projectRoot, '..', 'shared', 'data', 'prices');
const KRAKEN = 'kraken/tickers.Ticker-assetVersion1.2026-07-23T095003Z.json';

/** Kraken's recording as it is: 1,546 rows with what is wrong in them. */
function recorded(id: string): string | undefined {
  const path = join(RECORDED, KRAKEN);
  return id === 'kraken' && existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** The bodies of one cycle; another `turn` has other prices of the same markets. */
export function makeBodies(turn = 0): readonly Bodies[] {
  const ids = exchanges.map(({ id }) => id).filter((id) => books[id] && SIZES[id]);
  const listed = ids.reduce((sum, id) => sum + (SIZES[id] ?? 0), 0);
  return ids.map((id) => {
    const count = Math.round(((SIZES[id] ?? 0) * MARKETS) / listed);
    return bodiesOf(id, books[id] as Book, quotesOf(count, turn));
  });
}

function bodiesOf(id: string, book: Book, quotes: readonly Quote[]): Bodies {
  const market: Market = { quotes: () => quotes, pairs: () => quotes, bars: () => [] };
  const made = new Map<string, Buffer>();
  const make = (path: string): Buffer => {
    const url = new URL(path, 'http://localhost');
    const text =
      recorded(id) ??
      book.answers[path]?.(market, Date.now()) ??
      book.named?.(url, market, Date.now());
    if (typeof text !== 'string') throw new Error(`${id}: no answer for ${path.slice(0, 200)}`);
    const rows = Math.max(1, text.match(/\{(?="[^{}]*\})/g)?.length ?? 1);
    const body = Buffer.from(id === 'kraken' ? text : widened(text, rows, id));
    made.set(path, body);
    return body;
  };
  return { id, made, answer: (path) => made.get(path) ?? make(path) };
}

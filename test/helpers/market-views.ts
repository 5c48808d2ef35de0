/** The demo's market with something changed, for a server that plays exchanges in trouble. */
import { VOICES } from '../../demo/books/cryptowatch.ts';
import type { Market, Pair, Quote } from '../../demo/market.ts';

/** What an odd price is put in the place of; no market comes near it. */
export const MARK = '918273645.5';
/** MARK in an answer, as a text or as a bare number. */
export const MARKED = /"918273645\.5"|918273645\.5/g;
export const NEW_NAME = 'tide';

/** The exchanges whose prices a source tells, by id. */
export const speakersOf = (id: string): readonly string[] => (id === 'cryptowatch' ? VOICES : [id]);

export const nameOf = ({ base, quote }: Pair): string => base + quote;

/** The same market, which computes the quotes of an exchange and second once. */
export function remembered(market: Market): Market {
  const last = new Map<string, { readonly second: number; readonly quotes: readonly Quote[] }>();
  return {
    ...market,
    quotes(exchange, timeMs) {
      const second = Math.floor(timeMs / 1_000);
      const known = last.get(exchange);
      if (known?.second === second) return known.quotes;
      const quotes = market.quotes(exchange, timeMs);
      last.set(exchange, { second, quotes });
      return quotes;
    },
  };
}

type Change = <T extends Pair>(exchange: string, list: readonly T[]) => readonly T[];

function changed(market: Market, change: Change): Market {
  return {
    ...market,
    pairs: (exchange) => change(exchange, market.pairs(exchange)),
    quotes: (exchange, timeMs) => change(exchange, market.quotes(exchange, timeMs)),
  };
}

/** The last market of each exchange under a new name, with the prices that it always had. */
export function renamed(market: Market): Market {
  return changed(market, (_exchange, list) =>
    list.map((each, at) => (at === list.length - 1 ? { ...each, base: NEW_NAME } : each)),
  );
}

/** The first `count` markets of each exchange alone. */
export function some(market: Market, count: number): Market {
  return changed(market, (_exchange, list) => list.slice(0, count));
}

export interface Place {
  readonly exchange: string;
  readonly pair: Pair;
}

/** One market's last price replaced by MARK. */
export function marked(market: Market, { exchange, pair }: Place): Market {
  const mark = (quote: Quote): Quote =>
    nameOf(quote) === nameOf(pair) ? { ...quote, last: MARK } : quote;
  return {
    ...market,
    quotes: (asked, timeMs) => {
      const quotes = market.quotes(asked, timeMs);
      return asked === exchange ? quotes.map(mark) : quotes;
    },
  };
}

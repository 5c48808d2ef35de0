import { pairOf } from '../../core/pair.ts';
import type { Assets, PriceRow } from './adapter.ts';

/** More markets than any exchange has: somebody sends new ones at every poll. */
const MARKETS_MAX = 20_000;
/** From this length on a part of a text may be a window on the whole, and keep it alive. */
const WINDOW_LENGTH_MIN = 13;
/** Letters and digits of any script: exchanges list coins with Chinese names. */
const ASSET = /^[\p{L}\p{N}$][\p{L}\p{N}._$]{0,31}$/u;

/** A text to keep: a copy where it could be a part of a whole body. */
export function ownText(text: string): string {
  return text.length < WINDOW_LENGTH_MIN ? text : Buffer.from(text).toString();
}

/** A pure function of a text that answers from memory what it was asked before. */
export function remembered<T>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const old = known.get(text);
    if (old !== undefined) return old;
    const own = ownText(text);
    const made = read(own);
    if (known.size >= MARKETS_MAX) known.clear();
    known.set(own, made);
    return made;
  };
}

/** A market as its exchange names it, and what it is called here. */
export interface NamedMarket {
  readonly symbol: string;
  readonly assets: Assets;
  /** Undefined unless both are names of assets. */
  readonly names: Pick<PriceRow, 'base' | 'quote' | 'pair'> | undefined;
  /** The answer that told of it last, by its number. */
  toldIn: number;
}

/**
 * The markets of one exchange in the order of its last answer. The next answer has the same ones in
 * the same order, but for a few: so the one that is due is looked at first, and no table is asked.
 */
export class MarketNames {
  #markets: NamedMarket[] = [];
  #places = new Map<string, number>();
  #due = 0;
  #answer = 0;

  /** A new answer begins; its number. */
  begin(): number {
    // Never within an answer: it may tell of the same market twice.
    if (this.#markets.length > MARKETS_MAX) {
      this.#markets = [];
      this.#places = new Map();
    }
    this.#due = 0;
    this.#answer += 1;
    return this.#answer;
  }

  of(symbol: string, assets: Assets): NamedMarket {
    const due = this.#markets[this.#due];
    if (due !== undefined && due.symbol === symbol && same(due.assets, assets)) {
      this.#due += 1;
      return due;
    }
    const place = this.#places.get(symbol);
    if (place === undefined) return this.#add(symbol, assets);
    this.#due = place + 1;
    const known = this.#markets[place] as NamedMarket;
    if (same(known.assets, assets)) return known;
    const renamed = { ...named(known.symbol, assets), toldIn: known.toldIn };
    this.#markets[place] = renamed;
    return renamed;
  }

  #add(symbol: string, assets: Assets): NamedMarket {
    const market = named(ownText(symbol), assets);
    this.#places.set(market.symbol, this.#markets.length);
    this.#markets.push(market);
    this.#due = this.#markets.length;
    return market;
  }
}

function same(left: Assets, right: Assets): boolean {
  return left === right || (left.base === right.base && left.quote === right.quote);
}

function named(symbol: string, assets: Assets): NamedMarket {
  const base = assets.base.toLowerCase();
  const quote = assets.quote.toLowerCase();
  const isSound = ASSET.test(base) && ASSET.test(quote);
  const names = isSound ? { base, quote, pair: pairOf(base, quote) } : undefined;
  // The very object, where it keeps nothing else alive: the next answer most likely has it again.
  const isOwn = base.length < WINDOW_LENGTH_MIN && quote.length < WINDOW_LENGTH_MIN;
  const own = isOwn ? assets : { base: ownText(assets.base), quote: ownText(assets.quote) };
  return { symbol, assets: own, names, toldIn: 0 };
}

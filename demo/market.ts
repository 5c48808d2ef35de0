import { chance, createWalk, hashOf, type Noise } from './noise.ts';
import { COINS, choosePairs, MAJORS, MONEY, type Pair } from './pairs.ts';

export type { Pair } from './pairs.ts';

/** One market at one moment, in numbers; each exchange writes them in its own way. */
export interface Quote {
  readonly base: string;
  readonly quote: string;
  readonly last: string;
  readonly bid: string;
  readonly ask: string;
  /** Base units of the last 24 h. */
  readonly volume: string;
  /** Volume-weighted average price of the last 24 h. */
  readonly average: string;
  /** Volume x average. */
  readonly quoteVolume: string;
  readonly timeMs: number;
}

/** One minute of one market, in numbers with the digits of its close. */
export interface Bar {
  readonly startMs: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  /** Of a minute that is over: the `last` of the quote at its end. */
  readonly close: string;
  /** Base units of this minute. */
  readonly volume: string;
  readonly quoteVolume: string;
  /** Whether the minute was over at the time of asking. */
  readonly closed: boolean;
}

/** Half open, ms since the epoch, and the moment of asking: minutes to come have no bar. */
export interface BarRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly nowMs: number;
}

export interface Market {
  /** The markets of an exchange, always the same. */
  pairs(exchange: string): readonly Pair[];
  /** Every market of an exchange at a moment; the same for the same second. */
  quotes(exchange: string, timeMs: number): readonly Quote[];
  /** The minutes that begin in a range, the oldest first; none where nothing was traded. */
  bars(exchange: string, pair: Pair, range: BarRange): readonly Bar[];
}

export interface MarketOptions {
  readonly seed: number;
  readonly pairsPerExchange: number;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A market whose exchanges agree but for a little: one walk a coin, one of the whole market. */
export function createMarket({ seed, pairsPerExchange }: MarketOptions): Market {
  const walk = createWalk(seed);
  const chosen = new Map<string, readonly Pair[]>();
  const pairs = (exchange: string): readonly Pair[] => {
    const known = chosen.get(exchange) ?? choosePairs(exchange, seed, pairsPerExchange);
    chosen.set(exchange, known);
    return known;
  };
  return {
    pairs,
    quotes(exchange, timeMs) {
      const secondMs = Math.floor(timeMs / SECOND_MS) * SECOND_MS;
      return pairs(exchange).map((pair) => quoteOf(walk, { exchange, seed, pair }, secondMs));
    },
    bars(exchange, pair, { fromMs, toMs, nowMs }) {
      const place = { exchange, seed, pair };
      if (isFrozen(place)) return [];
      const bars: Bar[] = [];
      const endMs = Math.min(toMs, nowMs);
      const bar = createBars(walk, place, nowMs);
      let startMs = Math.ceil(fromMs / MINUTE_MS) * MINUTE_MS;
      for (; startMs < endMs; startMs += MINUTE_MS) bars.push(bar(startMs));
      return bars;
    },
  };
}

interface Place {
  readonly exchange: string;
  readonly seed: number;
  readonly pair: Pair;
}

const hashOfPlace = ({ exchange, seed, pair }: Place): number =>
  hashOf(`${seed} ${exchange} ${pair.base}/${pair.quote}`);

/** One market in sixty has not traded for a long time, as some never do. */
function isFrozen(place: Place): boolean {
  return !MAJORS.includes(place.pair.base) && chance(hashOfPlace(place), 1) < 1 / 60;
}

function priceOf(walk: Noise, { exchange, seed, pair }: Place, timeMs: number): number {
  const fair = usdOf(walk, seed, pair.base, timeMs) / usdOf(walk, seed, pair.quote, timeMs);
  return fair * (1 + 0.002 * walk(`${exchange} ${pair.base}${pair.quote}`, timeMs));
}

function quoteOf(walk: Noise, place: Place, nowMs: number): Quote {
  const { exchange, seed, pair } = place;
  const hash = hashOfPlace(place);
  const frozen = isFrozen(place);
  const timeMs = frozen ? Math.floor(nowMs / (30 * DAY_MS)) * 30 * DAY_MS : nowMs;
  const price = priceOf(walk, place, timeMs);
  const spread = price * (0.0001 + 0.002 * chance(hash, 2));
  const turnover = 10 ** (3.5 + 4.5 * chance(hash, 3));
  const day = 0.6 + 0.4 * Math.tanh(walk(`${exchange} volume ${pair.base}`, timeMs));
  const volume = frozen ? 0 : (turnover * day) / usdOf(walk, seed, pair.base, timeMs);
  const average = price * (1 + 0.01 * walk(`${exchange} average ${pair.base}`, timeMs));
  const digits = decimalsOf(price);
  const texts = { volume: volume.toFixed(8), average: average.toFixed(digits) };
  return {
    ...pair,
    ...texts,
    last: price.toFixed(digits),
    bid: (price - spread / 2).toFixed(digits),
    ask: (price + spread / 2).toFixed(digits),
    quoteVolume: (Number(texts.volume) * Number(texts.average)).toFixed(8),
    timeMs,
  };
}

/** Where in a minute the price is looked at for its high and low, beside its ends, in ms. */
const LOOKS_MS = [20_000, 40_000];

/** The bars of one market, to be asked for one after the other: one ends as the next begins. */
function createBars(walk: Noise, place: Place, nowMs: number): (startMs: number) => Bar {
  const secondMs = Math.floor(nowMs / SECOND_MS) * SECOND_MS;
  const hash = hashOfPlace(place);
  const turnover = 10 ** (3.5 + 4.5 * chance(hash, 3));
  // Units for a dollar, roughly: traded amounts need not follow the price.
  const units = 1 / usdOf(walk, place.seed, place.pair.base, 0);
  let last = { timeMs: Number.NaN, price: 0 };
  const priceAt = (timeMs: number): number => {
    if (last.timeMs !== timeMs) last = { timeMs, price: priceOf(walk, place, timeMs) };
    return last.price;
  };
  return (startMs) => {
    const endMs = Math.min(startMs + MINUTE_MS, secondMs);
    const open = priceAt(startMs);
    const between = LOOKS_MS.map((ms) => priceAt(Math.min(startMs + ms, endMs)));
    const close = priceAt(endMs);
    const prices = [open, ...between, close];
    const digits = decimalsOf(close);
    const share = (2 * chance(hash + 4, startMs / MINUTE_MS)) / 1_440;
    const volume = turnover * share * units;
    return {
      startMs,
      open: open.toFixed(digits),
      high: Math.max(...prices).toFixed(digits),
      low: Math.min(...prices).toFixed(digits),
      close: close.toFixed(digits),
      volume: volume.toFixed(8),
      quoteVolume: (volume * close).toFixed(8),
      closed: startMs + MINUTE_MS <= nowMs,
    };
  };
}

function usdOf(walk: Noise, seed: number, asset: string, timeMs: number): number {
  const money = MONEY[asset];
  if (money) return money.usd * Math.exp(money.swing * walk(asset, timeMs));
  const hash = hashOf(`${seed} ${asset}`);
  // From calm (1 % a day) to wild (15 %), so that a rank by volatility has something to rank;
  // the largest move like themselves.
  const swing = MAJORS.includes(asset) ? 0.02 : 0.01 * 15 ** chance(hash, 1);
  const tide = 0.3 + 0.6 * chance(hash, 2);
  const own = Math.sqrt(1 - tide * tide);
  const move = tide * walk('the whole market', timeMs) + own * walk(asset, timeMs);
  return (COINS[asset] ?? 1) * Math.exp(swing * move);
}

/** Decimals that leave seven digits that count. */
function decimalsOf(price: number): number {
  return Math.min(12, Math.max(2, 6 - Math.floor(Math.log10(price))));
}

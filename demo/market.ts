import { chance, createWalk, hashOf, type Noise } from './noise.ts';

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

export interface Pair {
  readonly base: string;
  readonly quote: string;
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

interface Asset {
  readonly usd: number;
  /** How far it wanders in a day, relative. */
  readonly swing: number;
}

const MONEY: Readonly<Record<string, Asset>> = {
  usd: { usd: 1, swing: 0 },
  eur: { usd: 1.08, swing: 0.003 },
  gbp: { usd: 1.27, swing: 0.003 },
  jpy: { usd: 0.0067, swing: 0.004 },
  usdt: { usd: 1, swing: 0.0003 },
  usdc: { usd: 1, swing: 0.0002 },
  krw: { usd: 0.00072, swing: 0.003 },
};

/** Coins and the price that they wander around. */
const COINS: Readonly<Record<string, number>> = {
  ...{ btc: 64_000, eth: 3_100, bnb: 580, sol: 150, xrp: 0.52, ada: 0.38, doge: 0.12, trx: 0.13 },
  ...{ dot: 6.1, link: 14, ltc: 72, bch: 390, avax: 27, atom: 6.3, xlm: 0.1, etc: 23, xmr: 165 },
  ...{ algo: 0.14, fil: 4.1, uni: 8.9, aave: 98, mkr: 2_400, comp: 49, snx: 1.9, crv: 0.29 },
  ...{ near: 5.2, apt: 7.1, arb: 0.74, op: 1.8, sui: 0.9, inj: 22, sei: 0.34, tia: 6.8, icp: 8.4 },
  ...{ grt: 0.2, mana: 0.34, sand: 0.32, axs: 6.0, gala: 0.022, imx: 1.4, ape: 0.8, chz: 0.075 },
  ...{ dash: 27, zec: 32, eos: 0.56, xtz: 0.75, iota: 0.17, neo: 10.4, qtum: 2.6, zrx: 0.36 },
  ...{ bat: 0.2, knc: 0.55, lrc: 0.16, storj: 0.4, omg: 0.31, ens: 24, ldo: 1.6, rune: 4.2 },
  ...{ kava: 0.42, flow: 0.6, mina: 0.5, rose: 0.082, celo: 0.6, one: 0.015, zil: 0.017 },
  ...{ hbar: 0.072, vet: 0.024, theta: 1.4, egld: 31, ftm: 0.5, ksm: 22, waves: 1.1, yfi: 5_600 },
  ...{ sushi: 0.75, '1inch': 0.33, bal: 2.4, uma: 2.3, band: 1.2, ocean: 0.6, fet: 1.3, agix: 0.6 },
  ...{ pepe: 0.0000094, shib: 0.000017, floki: 0.00016, bonk: 0.000023, wif: 2.1, jup: 0.85 },
  ...{ pyth: 0.34, jto: 2.4, w: 0.33, strk: 0.7, zk: 0.16, ena: 0.45, ondo: 0.95, pendle: 4.1 },
};

/** The quotes that an exchange trades in, the usual one first. */
const QUOTES: Readonly<Record<string, readonly string[]>> = {
  kraken: ['usd', 'eur', 'usdt', 'btc', 'gbp'],
  bitfinex: ['usd', 'usdt', 'btc', 'eur'],
  binance: ['usdt', 'usdc', 'btc', 'eth', 'eur'],
  // Its markets against USDC share the books of those against USD: none of their own here.
  coinbase: ['usd', 'eur', 'gbp', 'btc'],
  okx: ['usdt', 'usdc', 'btc', 'eth'],
  bitstamp: ['usd', 'eur', 'btc', 'gbp'],
  cryptocom: ['usd', 'usdt', 'btc'],
  gemini: ['usd', 'btc', 'eth', 'eur'],
  poloniex: ['usdt', 'btc', 'usdc'],
  upbit: ['krw', 'btc', 'usdt'],
  bithumb: ['krw', 'btc'],
  kucoin: ['usdt', 'usdc', 'btc', 'eth'],
  gate: ['usdt', 'usdc', 'btc', 'eth'],
  bybit: ['usdt', 'usdc', 'btc', 'eur'],
  htx: ['usdt', 'btc', 'eth'],
  mexc: ['usdt', 'usdc', 'btc', 'eur'],
  bitget: ['usdt', 'usdc', 'btc', 'eth'],
};
const OTHER_QUOTES = ['usd', 'eur', 'btc', 'usdt'];
const MAJORS = ['btc', 'eth', 'sol', 'xrp'];
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
      let startMs = Math.ceil(fromMs / MINUTE_MS) * MINUTE_MS;
      for (; startMs < endMs; startMs += MINUTE_MS) {
        bars.push(barOf(walk, place, { startMs, nowMs }));
      }
      return bars;
    },
  };
}

function choosePairs(exchange: string, seed: number, most: number): readonly Pair[] {
  const quotes = QUOTES[exchange] ?? OTHER_QUOTES;
  const all = quotes.flatMap((quote) =>
    Object.keys(COINS)
      .filter((base) => base !== quote)
      .map((base) => ({ base, quote })),
  );
  const place = ({ base, quote }: Pair): number => {
    if (MAJORS.includes(base) && quotes.indexOf(quote) < 2) return -1;
    return chance(hashOf(`${seed} ${exchange} ${base} ${quote}`));
  };
  return all.sort((left, right) => place(left) - place(right)).slice(0, most);
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

/** Where in a minute the price is looked at for its high and low, in ms. */
const LOOKS_MS = [0, 15_000, 30_000, 45_000, MINUTE_MS];

function barOf(walk: Noise, place: Place, { startMs, nowMs }: { startMs: number; nowMs: number }) {
  const secondMs = Math.floor(nowMs / SECOND_MS) * SECOND_MS;
  const endMs = Math.min(startMs + MINUTE_MS, secondMs);
  const looks = LOOKS_MS.map((ms) => Math.min(startMs + ms, endMs));
  const prices = looks.map((timeMs) => priceOf(walk, place, timeMs));
  const close = prices.at(-1) ?? 0;
  const digits = decimalsOf(close);
  const text = (price: number) => price.toFixed(digits);
  const hash = hashOfPlace(place);
  const turnover = 10 ** (3.5 + 4.5 * chance(hash, 3));
  const share = (2 * chance(hash + 4, startMs / MINUTE_MS)) / 1_440;
  const volume = (turnover * share) / usdOf(walk, place.seed, place.pair.base, endMs);
  return {
    startMs,
    open: text(prices[0] ?? close),
    high: text(Math.max(...prices)),
    low: text(Math.min(...prices)),
    close: text(close),
    volume: volume.toFixed(8),
    quoteVolume: (volume * close).toFixed(8),
    closed: startMs + MINUTE_MS <= nowMs,
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

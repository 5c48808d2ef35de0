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

export interface Market {
  /** Every market of an exchange at a moment; the same for the same second. */
  quotes(exchange: string, timeMs: number): readonly Quote[];
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
  coinbase: ['usd', 'eur', 'usdc', 'btc'],
  okx: ['usdt', 'usdc', 'btc', 'eth'],
  bitstamp: ['usd', 'eur', 'btc', 'gbp'],
};
const OTHER_QUOTES = ['usd', 'eur', 'btc', 'usdt'];
const MAJORS = ['btc', 'eth', 'sol', 'xrp'];
const SECOND_MS = 1_000;

/** A market whose exchanges agree but for a little: one walk a coin, one of the whole market. */
export function createMarket({ seed, pairsPerExchange }: MarketOptions): Market {
  const walk = createWalk(seed);
  const pairs = new Map<string, readonly Pair[]>();
  return {
    quotes(exchange, timeMs) {
      const secondMs = Math.floor(timeMs / SECOND_MS) * SECOND_MS;
      const known = pairs.get(exchange) ?? choosePairs(exchange, seed, pairsPerExchange);
      pairs.set(exchange, known);
      return known.map((pair) => quoteOf(walk, { exchange, seed, pair }, secondMs));
    },
  };
}

interface Pair {
  readonly base: string;
  readonly quote: string;
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

function quoteOf(walk: Noise, place: Place, nowMs: number): Quote {
  const { exchange, seed, pair } = place;
  const hash = hashOf(`${seed} ${exchange} ${pair.base}/${pair.quote}`);
  // One market in sixty has not traded for a long time: it is frozen, as some always are.
  const frozen = !MAJORS.includes(pair.base) && chance(hash, 1) < 1 / 60;
  const timeMs = frozen ? Math.floor(nowMs / (30 * 86_400_000)) * 30 * 86_400_000 : nowMs;
  const fair = usdOf(walk, seed, pair.base, timeMs) / usdOf(walk, seed, pair.quote, timeMs);
  const premium = 1 + 0.002 * walk(`${exchange} ${pair.base}${pair.quote}`, timeMs);
  const price = fair * premium;
  const spread = price * (0.0001 + 0.002 * chance(hash, 2));
  const turnover = 10 ** (3.5 + 4.5 * chance(hash, 3));
  const day = 0.6 + 0.4 * Math.tanh(walk(`${exchange} volume ${pair.base}`, timeMs));
  const volume = frozen ? 0 : (turnover * day) / usdOf(walk, seed, pair.base, timeMs);
  const average = price * (1 + 0.01 * walk(`${exchange} average ${pair.base}`, timeMs));
  const digits = decimalsOf(price);
  return {
    ...pair,
    last: price.toFixed(digits),
    bid: (price - spread / 2).toFixed(digits),
    ask: (price + spread / 2).toFixed(digits),
    volume: volume.toFixed(8),
    average: average.toFixed(digits),
    quoteVolume: (volume * average).toFixed(8),
    timeMs,
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

import { chance, hashOf } from './noise.ts';

export interface Pair {
  readonly base: string;
  readonly quote: string;
}

interface Asset {
  readonly usd: number;
  /** How far it wanders in a day, relative. */
  readonly swing: number;
}

export const MONEY: Readonly<Record<string, Asset>> = {
  usd: { usd: 1, swing: 0 },
  eur: { usd: 1.08, swing: 0.003 },
  gbp: { usd: 1.27, swing: 0.003 },
  jpy: { usd: 0.0067, swing: 0.004 },
  usdt: { usd: 1, swing: 0.0003 },
  usdc: { usd: 1, swing: 0.0002 },
  krw: { usd: 0.00072, swing: 0.003 },
};

/** Coins and the price that they wander around. */
export const COINS: Readonly<Record<string, number>> = {
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
/** The largest: on every exchange against its first two quotes, and never frozen. */
export const MAJORS = ['btc', 'eth', 'sol', 'xrp'];

/** The markets of an exchange, the majors first, then by chance. */
export function choosePairs(exchange: string, seed: number, most: number): readonly Pair[] {
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

import { z } from 'zod';
import type { Assets, CandleSource, DropReason, PriceAdapter } from '../adapter.ts';
import { cells, collectCandles } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { collectRows } from '../rows.ts';
import { openList, openMap, rowShape, shaped, text } from '../shapes.ts';

const answer = z.object({ result: openMap });
const failure = rowShape({ error: text });

/**
 * Quotes to look for at the end of a glued pair, the longest first: `usdt` before `usd`. The pair's
 * name is taken as it stands, so that a wrong cut could never merge two series; base and quote are
 * for display and for the registry.
 */
const QUOTES = new Set([
  ...['usdt', 'usdc', 'busd', 'tusd', 'usdp', 'gusd', 'eurt', 'eurs', 'cnht', 'usdd', 'fdusd'],
  ...['usd', 'eur', 'gbp', 'jpy', 'krw', 'cny', 'cad', 'aud', 'chf', 'try', 'brl', 'rub', 'mxn'],
  ...['inr', 'idr', 'pln', 'sgd', 'hkd', 'nzd', 'zar', 'uah', 'thb', 'php', 'ngn', 'ars', 'czk'],
  ...['btc', 'eth', 'bnb', 'dai', 'ust', 'trx', 'xrp', 'sol', 'dot', 'ltc', 'bch', 'xmr', 'doge'],
  ...['ils', 'sek', 'nok', 'dkk', 'vnd', 'pax', 'xlm', 'kcs', 'okb', 'leo', 'usde', 'eos', 'ht'],
]);
const QUOTE_LENGTHS = [5, 4, 3, 2];

/** The ways to cut a pair, the longest quote first: `ba|tusd`, `bat|usd`. */
function cutsOf(pair: string): Assets[] {
  return QUOTE_LENGTHS.filter((length) => length < pair.length)
    .map((length) => ({ base: pair.slice(0, -length), quote: pair.slice(-length) }))
    .filter(({ quote }) => QUOTES.has(quote));
}

/** Shorter names of coins are rare: without other evidence, `bat|usd` and not `ba|tusd`. */
const BASE_LENGTH_USUAL = 3;

/**
 * Cuts each pair by what else the answer has: a base that stands before more quotes is the likelier
 * one, since `bateur` and `batbtc` are there too.
 */
function cutter(pairs: Iterable<string>): (pair: string) => Assets | undefined {
  const quotesOf = new Map<string, Set<string>>();
  for (const pair of pairs) {
    for (const { base, quote } of cutsOf(pair)) {
      const quotes = quotesOf.get(base);
      if (quotes) quotes.add(quote);
      else quotesOf.set(base, new Set([quote]));
    }
  }
  const weight = ({ base }: Assets): number =>
    (quotesOf.get(base)?.size ?? 0) + (base.length >= BASE_LENGTH_USUAL ? 0.5 : 0);
  return (pair) =>
    cutsOf(pair).reduce<Assets | undefined>(
      (best, cut) => (best === undefined || weight(cut) > weight(best) ? cut : best),
      undefined,
    );
}

/** `market:kraken:btcusd` (since 2019) or `kraken:btcusd` (before). */
const KEY = /^(?:market:)?(?!market:)([a-z0-9][a-z0-9._-]{0,31}):([^:]+)$/;

/** What a key stands for, of one of these exchanges. */
interface Market {
  readonly exchange: string;
  readonly symbol: string;
  readonly assets: Assets;
}

let last: { readonly keys: readonly string[]; readonly markets: readonly (Market | DropReason)[] } =
  { keys: [], markets: [] };

/** What the keys of an answer stand for; thought about anew when there are others. */
function marketsOf(keys: readonly string[]): readonly (Market | DropReason)[] {
  const known = last.keys;
  if (keys.length !== known.length || !keys.every((key, i) => key === known[i])) {
    const cut = cutter(keys.map((key) => KEY.exec(key)?.[2] ?? ''));
    last = { keys, markets: keys.map((key) => marketOf(key, cut)) };
  }
  return last.markets;
}

function marketOf(key: string, cut: (pair: string) => Assets | undefined): Market | DropReason {
  if (/^(assets?|index|indices):/.test(key)) return 'non-spot';
  const [, exchange = '', pair = ''] = KEY.exec(key) ?? [];
  if (exchange === '') return 'malformed';
  // btcusd-perpetual-futures, btcusd-quarterly-futures
  if (pair.includes('-')) return 'derivative';
  const assets = cut(pair);
  if (assets === undefined) return 'unknown-symbol';
  // The same market under both forms of the key.
  return { exchange, symbol: `${exchange}:${pair}`, assets };
}

function resultOf(body: unknown): Readonly<Record<string, unknown>> {
  if (failure.is(body)) throw errorBody('cryptowatch', body.error);
  return shaped(answer, body).result;
}

/** Rows by period (s): CLOSES at (s), open, high, low, close, volume, quote volume. */
const candles: CandleSource = {
  pageRowsMax: 1_000,
  spacingMs: 1_000,
  request({ symbol }, { fromMs, toMs }) {
    const market = symbol.split(':').map(encodeURIComponent).join('/');
    // Some servers count `after` and `before` by a row's end, some by its start: both are asked.
    const range = `after=${fromMs / 1_000}&before=${toMs / 1_000 + 60}`;
    return `/markets/${market}/ohlc?periods=60&${range}`;
  },
  parse(body) {
    return collectCandles(shaped(openList, resultOf(body)['60']), (raw) => {
      const [end, open, high, low, close, volume] = cells(raw, 6) ?? [];
      const startMs = (Number(end) - 60) * 1_000;
      return { startMs, open, high, low, close, volume };
    });
  },
};

/**
 * Any server of cryptowat.ch's shape: one answer with the prices of many exchanges, each row under
 * its own exchange's tag. The service itself is gone, so a base URL has to be given.
 */
export const cryptowatch: PriceAdapter = {
  id: 'cryptowatch',
  baseUrl: 'https://api.cryptowat.ch',
  byDefault: false,
  requests: { tickers: ['/markets/prices'], lists: [] },
  reads: { tickers: { ...failure.members, result: { '*': true } } },
  candles,
  parse([body]) {
    const result = resultOf(body);
    const markets = marketsOf(Object.keys(result));
    const prices = Object.values(result);
    return collectRows('cryptowatch', prices.keys(), (place) => {
      const market = markets[place] as Market | DropReason;
      if (typeof market === 'string') return market;
      const price = prices[place];
      if (typeof price !== 'string' && price !== null) return 'malformed';
      const { exchange, symbol, assets } = market;
      return { exchange, symbol, assets, price };
    });
  },
};

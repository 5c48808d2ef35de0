import type { Assets, CandleSource, DropReason, PriceAdapter } from '../adapter.ts';
import { cells, collectCandles } from '../candles.ts';
import { remembered } from '../market-names.ts';
import { errorBody } from '../refusal.ts';
import { type Aliases, collectRows, sides } from '../rows.ts';
import { openList, shaped } from '../shapes.ts';
import { bitfinexStream } from './bitfinex-stream.ts';

const answer = openList;

/** SYMBOL, BID, BID_SIZE, ASK, ASK_SIZE, CHANGE, CHANGE_RELATIVE, LAST, VOLUME, HIGH, LOW */
type Ticker = readonly (string | null)[];
const CELLS_MIN = 9;

function isTicker(row: readonly unknown[]): row is Ticker {
  if (row.length < CELLS_MIN) return false;
  return row.slice(0, CELLS_MIN).every((cell) => cell === null || typeof cell === 'string');
}
/** `error`, code, text */
const isFailure = (body: unknown): body is readonly string[] =>
  Array.isArray(body) && body[0] === 'error' && cells(body, 3) !== undefined;

/** Bitfinex's own asset names, as `/v2/conf/pub:map:currency:sym` lists them. */
const ALIASES: Aliases = new Map([
  ['ALG', 'ALGO'],
  ['AMP', 'AMPL'],
  ['ATO', 'ATOM'],
  ['BAB', 'BCH'],
  ['BCHABC', 'XEC'],
  ['BCHN', 'BCH'],
  ['DAT', 'DATA'],
  ['DOG', 'MDOGE'],
  ['DSH', 'DASH'],
  ['EDO', 'PNT'],
  ['EUS', 'EURS'],
  ['EUT', 'EURT'],
  ['GSD', 'GUSD'],
  ['IOS', 'IOST'],
  ['IOT', 'IOTA'],
  ['IQX', 'IQ'],
  ['LUNA', 'LUNC'],
  ['LUNA2', 'LUNA'],
  ['MIT', 'MITH'],
  ['MNA', 'MANA'],
  ['PAS', 'PASS'],
  ['QSH', 'QASH'],
  ['QTM', 'QTUM'],
  ['RBT', 'RBTC'],
  ['SNG', 'SNGLS'],
  ['STJ', 'STORJ'],
  ['TERRAUST', 'USTC'],
  ['TSD', 'TUSD'],
  ['UDC', 'USDC'],
  ['UST', 'USDT'],
  ['UTN', 'UTNP'],
  ['VSY', 'VSYS'],
  ['WAX', 'WAXP'],
  ['XCH', 'XCHF'],
  ['YYW', 'YOYOW'],
  ['ZBT', 'ZB'],
]);

/** `BTCUSD` is 3 + 3 letters, anything longer has a colon: `DUSK:USD`. */
function assetsOf(name: string): { base: string; quote: string } | undefined {
  if (name.includes(':')) return sides(name, ':', ALIASES);
  if (name.length !== 6) return undefined;
  return sides(`${name.slice(0, 3)}:${name.slice(3)}`, ':', ALIASES);
}

/** What a symbol stands for; the same ones come at each poll. */
const marketOf = remembered((symbol): Assets | DropReason => {
  if (/^f[A-Z]/.test(symbol)) return 'funding';
  if (!symbol.startsWith('t')) return 'malformed';
  if (/F0(:|$)/.test(symbol)) return 'derivative';
  if (/TEST|^tAAABBB$/.test(symbol)) return 'test';
  return assetsOf(symbol.slice(1)) ?? 'unknown-symbol';
});

function refuseFailure(body: unknown): void {
  if (isFailure(body)) throw errorBody('bitfinex', body.slice(1, 3).join(' '));
}

/**
 * Rows: start (ms), open, CLOSE, high, low, volume. Minutes without a trade have no row.
 * https://docs.bitfinex.com/reference/rest-public-candles
 */
const candles: CandleSource = {
  pageRowsMax: 10_000,
  // 30 requests a minute.
  spacingMs: 2_100,
  request({ symbol }, { fromMs, toMs }) {
    const key = `trade:1m:${encodeURIComponent(symbol).replaceAll('%3A', ':')}`;
    return `/v2/candles/${key}/hist?start=${fromMs}&end=${toMs - 1}&limit=10000&sort=1`;
  },
  parse(body) {
    refuseFailure(body);
    return collectCandles(shaped(answer, body), (raw) => {
      const [startMs, open, close, high, low, volume] = cells(raw, 6) ?? [];
      return { startMs: Number(startMs), open, high, low, close, volume };
    });
  },
};

/** https://docs.bitfinex.com/reference/rest-public-tickers */
export const bitfinex: PriceAdapter = {
  id: 'bitfinex',
  baseUrl: 'https://api-pub.bitfinex.com',
  byDefault: true,
  requests: { tickers: ['/v2/tickers?symbols=ALL'], lists: [] },
  candles,
  stream: bitfinexStream,
  parse([body]) {
    refuseFailure(body);
    return collectRows('bitfinex', shaped(answer, body), (raw) => {
      if (!Array.isArray(raw) || typeof raw[0] !== 'string') return 'malformed';
      const symbol = raw[0];
      const assets = marketOf(symbol);
      if (typeof assets === 'string') return assets;
      if (!isTicker(raw)) return 'malformed';
      const [, bid, , ask, , , , price, volume] = raw;
      return { symbol, assets, price, bid, ask, volume };
    });
  },
};

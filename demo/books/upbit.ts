import type { Market, Pair, Quote } from '../market.ts';
import { type Book, bare, barsOf, type Reply, rowsAsked } from './book.ts';

const MINUTE_MS = 60_000;
const KOREA_MS = 9 * 60 * MINUTE_MS;

/** The quote comes first. */
export const quoteFirst = ({ base, quote }: Pair): string => `${quote}-${base}`.toUpperCase();

/** 2026-01-02T03:04:05 in two texts: 20260102 and 030405. */
function dayAndTime(timeMs: number): readonly string[] {
  const text = new Date(timeMs).toISOString().slice(0, 19);
  return text.replaceAll(/[-:]/g, '').split('T');
}

/** A ticker of Upbit, and of Bithumb. Numbers are bare, so the text is built by hand. */
export function tickerText(market: string, quote: Quote, tradeTimestamp = quote.timeMs): string {
  const [day, time] = dayAndTime(quote.timeMs);
  const [dayInKorea, timeInKorea] = dayAndTime(quote.timeMs + KOREA_MS);
  const cells = Object.entries({
    opening_price: quote.average,
    high_price: quote.last,
    low_price: quote.last,
    trade_price: quote.last,
    prev_closing_price: quote.average,
    acc_trade_price: '0.00000000',
    acc_trade_price_24h: quote.quoteVolume,
    acc_trade_volume: '0.00000000',
    acc_trade_volume_24h: quote.volume,
    trade_timestamp: tradeTimestamp,
    timestamp: quote.timeMs,
  });
  const texts = {
    market,
    trade_date: day,
    trade_time: time,
    trade_date_kst: dayInKorea,
    trade_time_kst: timeInKorea,
  };
  const numbers = cells.map(([key, value]) => `"${key}":${value}`).join(',');
  return `${JSON.stringify(texts).slice(0, -1)},${numbers}}`;
}

/** What a request for candles is about, beside its parameters. */
interface Minutes {
  readonly exchange: string;
  /** The time of a `to` without a zone. */
  readonly zoneMs: number;
  readonly nowMs: number;
}

/** Candles of Upbit, and of Bithumb: the newest first, those that begin before `to`. */
export function minutesText(
  url: URL,
  market: Market,
  { exchange, zoneMs, nowMs }: Minutes,
): string | Reply | undefined {
  if (url.pathname !== '/v1/candles/minutes/1') return undefined;
  const symbol = url.searchParams.get('market') ?? '';
  const to = url.searchParams.get('to') ?? '';
  const bars = barsOf(market, {
    exchange,
    symbol,
    symbolOf: quoteFirst,
    fromMs: Number.NaN,
    toMs: /[Z+]/.test(to) ? Date.parse(to) : Date.parse(`${to}Z`) - zoneMs,
    nowMs,
    rowsMax: rowsAsked(url, 'count', { usual: 1, most: 200 }),
    keep: 'newest',
  });
  if (!bars) return { status: 404, body: '{"error":{"name":404,"message":"Code not found"}}' };
  const rows = bars.map(({ startMs, open, high, low, close, volume, quoteVolume }) => {
    const time = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 19);
    const texts = JSON.stringify({
      market: symbol,
      candle_date_time_utc: time(startMs),
      candle_date_time_kst: time(startMs + KOREA_MS),
    });
    const prices = `"opening_price":${bare(open)},"high_price":${bare(high)},"low_price":${bare(low)}`;
    const ends = `"trade_price":${bare(close)},"timestamp":${startMs + 59_000}`;
    const traded = `"candle_acc_trade_price":${quoteVolume},"candle_acc_trade_volume":${volume}`;
    return `${texts.slice(0, -1)},${prices},${ends},${traded},"unit":1}`;
  });
  return `[${rows.reverse().join(',')}]`;
}

export const upbit: Book = {
  answers: {
    '/v1/ticker/all?quote_currencies=KRW,BTC,USDT': (market, nowMs) => {
      const quotes = market.quotes('upbit', nowMs);
      return `[${quotes.map((quote) => tickerText(quoteFirst(quote), quote)).join(',')}]`;
    },
  },
  candles: (url, market, nowMs) =>
    minutesText(url, market, { exchange: 'upbit', zoneMs: 0, nowMs }),
};

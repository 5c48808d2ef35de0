import type { Quote } from '../market.ts';
import type { Book } from './book.ts';

const MINUTE_MS = 60_000;
const KOREA_MS = 9 * 60 * MINUTE_MS;

/** The quote comes first. */
export const quoteFirst = ({ base, quote }: Quote): string => `${quote}-${base}`.toUpperCase();

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

export const upbit: Book = {
  answers: {
    '/v1/ticker/all?quote_currencies=KRW,BTC,USDT': (market, nowMs) => {
      const quotes = market.quotes('upbit', nowMs);
      return `[${quotes.map((quote) => tickerText(quoteFirst(quote), quote)).join(',')}]`;
    },
  },
};

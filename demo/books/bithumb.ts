import type { Market } from '../market.ts';
import type { Book, Reply } from './book.ts';
import { minutesText, quoteFirst, tickerText } from './upbit.ts';

const KOREA_MS = 9 * 3_600_000;

/** As the exchange does since 2026-10: no more than 200 markets, all of them known. */
function tickers(url: URL, market: Market, nowMs: number): string | Reply {
  const names = (url.searchParams.get('markets') ?? '').split(',');
  if (names.length > 200) return failure(400, "Parameter 'markets' must be <= 200 items.");
  const quotes = new Map(market.quotes('bithumb', nowMs).map((row) => [quoteFirst(row), row]));
  const texts: string[] = [];
  for (const name of names) {
    const quote = quotes.get(name);
    if (!quote) return failure(404, 'Code not found');
    // Korea's clock read as if it were UTC: 9 h ahead.
    texts.push(tickerText(name, quote, quote.timeMs + KOREA_MS));
  }
  return `[${texts.join(',')}]`;
}

function failure(status: number, message: string): Reply {
  return { status, body: JSON.stringify({ error: { name: String(status), message } }) };
}

export const bithumb: Book = {
  answers: {
    '/v1/market/all': (market, nowMs) =>
      JSON.stringify(
        market.quotes('bithumb', nowMs).map((quote) => ({
          market: quoteFirst(quote),
          korean_name: quote.base,
          english_name: quote.base,
        })),
      ),
  },
  named: (url, market, nowMs) =>
    url.pathname === '/v1/ticker' ? tickers(url, market, nowMs) : undefined,
  candles: (url, market, nowMs) =>
    minutesText(url, market, { exchange: 'bithumb', zoneMs: KOREA_MS, nowMs }),
};

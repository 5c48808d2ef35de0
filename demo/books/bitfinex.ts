import type { Quote } from '../market.ts';
import type { Book } from './book.ts';

/** Bitfinex's own names of assets. */
const BITFINEX: Readonly<Record<string, string>> = {
  ...{ usdt: 'UST', usdc: 'UDC', dash: 'DSH', iota: 'IOT', algo: 'ALG', atom: 'ATO', mana: 'MNA' },
  ...{ qtum: 'QTM', storj: 'STJ' },
};

function bitfinexSymbol({ base, quote }: Quote): string {
  const left = BITFINEX[base] ?? base.toUpperCase();
  const right = BITFINEX[quote] ?? quote.toUpperCase();
  return `t${left}${left.length === 3 && right.length === 3 ? '' : ':'}${right}`;
}

/** Bitfinex writes bare numbers, small ones with an exponent: text is built by hand. */
function bitfinexRow(symbol: string, row: Quote): string {
  const number = (text: string): string => String(Number(text));
  const change = number((Number(row.last) - Number(row.average)).toPrecision(6));
  const cells = [number(row.bid), '12.5', number(row.ask), '7.25', change, '0.001'];
  const rest = [number(row.last), number(row.volume), number(row.ask), number(row.bid)];
  return `["${symbol}",${[...cells, ...rest].join(',')}]`;
}

export const bitfinex: Book = {
  answers: {
    '/v2/tickers?symbols=ALL': (market, nowMs) => {
      const rows = market.quotes('bitfinex', nowMs);
      const texts = rows.map((row) => bitfinexRow(bitfinexSymbol(row), row));
      const first = rows[0];
      if (first) {
        texts.push(bitfinexRow('tBTCF0:USTF0', first), bitfinexRow('tTESTBTC:TESTUSD', first));
      }
      texts.push(
        '["fUSD",0.00044,0.00023,30,2253563.2,0.00026,2,415829.7,0,0.012,0.00027,1e8,0.0003]',
      );
      return `[${texts.join(',')}]`;
    },
  },
};

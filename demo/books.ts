import type { Market, Quote } from './market.ts';

/** Path with query -> the JSON text that the exchange of that path would answer. */
export type Book = Readonly<Record<string, (market: Market, nowMs: number) => string>>;

const upper = ({ base, quote }: Quote, between = ''): string =>
  `${base}${between}${quote}`.toUpperCase();

const ZERO = '0.00000000';

/** A row of the 2026 Ticker answer: [price, whole lots, lots], [today, 24 h]. */
function krakenRow(row: Quote): object {
  return {
    a: [row.ask, '1', '1.000'],
    b: [row.bid, '1', '1.000'],
    c: [row.last, '0.10000000'],
    v: [ZERO, row.volume],
    p: [row.average, row.average],
    t: [0, 1_000],
    l: [row.last, row.last],
    h: [row.last, row.last],
    o: row.average,
  };
}

const kraken: Book = {
  '/0/public/Ticker?assetVersion=1': (market, nowMs) => {
    const rows = market.quotes('kraken', nowMs);
    const result: Record<string, object> = {};
    for (const row of rows) result[upper(row, '/')] = krakenRow(row);
    const first = rows[0];
    if (first) {
      result[`${upper(first, '/')}:BTNL`] = krakenRow(first);
      // Delisted, but still in the answer.
      const nothing = { last: '0.00000', bid: '0.00000', ask: '0.00000', volume: ZERO };
      result['AI16Z/USD'] = krakenRow({ ...first, ...nothing, average: '0.00000' });
    }
    return JSON.stringify({ error: [], result });
  },
};

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

const bitfinex: Book = {
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
};

const binance: Book = {
  '/api/v3/ticker/24hr': (market, nowMs) => {
    const rows = market.quotes('binance', nowMs).map((row) => ({
      symbol: upper(row),
      weightedAvgPrice: row.average,
      lastPrice: row.last,
      bidPrice: row.bid,
      askPrice: row.ask,
      volume: row.volume,
      quoteVolume: row.quoteVolume,
      openTime: row.timeMs - 86_400_000,
      closeTime: row.timeMs,
      count: 1_000,
    }));
    const nothing = { lastPrice: ZERO, bidPrice: ZERO, askPrice: ZERO, volume: ZERO };
    const halted = { ...rows[0], ...nothing, quoteVolume: ZERO, symbol: 'BCCBTC', count: 0 };
    return JSON.stringify([...rows, halted, { ...rows[0], symbol: '123456' }]);
  },
  '/api/v3/exchangeInfo?showPermissionSets=false': (market, nowMs) => {
    const listing = (symbol: string, baseAsset: string, quoteAsset: string, status: string) => ({
      symbol,
      status,
      baseAsset,
      quoteAsset,
      isSpotTradingAllowed: true,
    });
    const rows = market.quotes('binance', nowMs).map((row) => {
      return listing(upper(row), row.base.toUpperCase(), row.quote.toUpperCase(), 'TRADING');
    });
    const symbols = [...rows, listing('BCCBTC', 'BCC', 'BTC', 'BREAK')];
    return JSON.stringify({ timezone: 'UTC', serverTime: nowMs, symbols });
  },
};

const coinbase: Book = {
  '/api/v3/brokerage/market/products?product_type=SPOT': (market, nowMs) => {
    const products = market.quotes('coinbase', nowMs).map((row) => ({
      product_id: upper(row, '-'),
      price: row.last,
      volume_24h: row.volume,
      approximate_quote_24h_volume: row.quoteVolume,
      status: 'online',
      is_disabled: false,
      trading_disabled: false,
      product_type: 'SPOT',
      base_currency_id: row.base.toUpperCase(),
      quote_currency_id: row.quote.toUpperCase(),
    }));
    const fresh = { ...products[0], product_id: 'NEW-USD', base_currency_id: 'NEW', price: '' };
    return JSON.stringify({ products: [...products, fresh], num_products: products.length + 1 });
  },
};

const okx: Book = {
  '/api/v5/market/tickers?instType=SPOT': (market, nowMs) => {
    const data = market.quotes('okx', nowMs).map((row) => ({
      instType: 'SPOT',
      instId: upper(row, '-'),
      last: row.last,
      askPx: row.ask,
      bidPx: row.bid,
      volCcy24h: row.quoteVolume,
      vol24h: row.volume,
      ts: String(row.timeMs),
    }));
    return JSON.stringify({ code: '0', msg: '', data });
  },
};

const bitstamp: Book = {
  '/api/v2/ticker/': (market, nowMs) => {
    const rows = market.quotes('bitstamp', nowMs).map((row) => ({
      timestamp: String(Math.floor(nowMs / 1_000)),
      last: row.last,
      volume: row.volume,
      vwap: row.average,
      bid: row.bid,
      ask: row.ask,
      percent_change_24: null,
      pair: upper(row, '/'),
      market_type: 'SPOT',
    }));
    const perpetual = { ...rows[0], pair: 'BTC/USD-PERP', market_type: 'PERPETUAL' };
    return JSON.stringify([...rows, perpetual]);
  },
};

/** The exchanges that the cryptowat.ch-shaped source speaks for. */
const VOICES = ['bisq', 'gemini', 'cexio'];

const cryptowatch: Book = {
  '/markets/prices': (market, nowMs) => {
    const cells = VOICES.flatMap((exchange) =>
      market
        .quotes(exchange, nowMs)
        .map((row) => `"market:${exchange}:${row.base}${row.quote}":${Number(row.last)}`),
    );
    const perpetual = '"market:bitmex:btcusd-perpetual-futures":64000.5';
    const allowance = '{"cost":0.015,"remaining":9.985}';
    return `{"result":{${[...cells, perpetual].join(',')}},"allowance":${allowance}}`;
  },
};

/** Exchange id -> its book, at the exchange's real paths. */
export const books: Readonly<Record<string, Book>> = {
  binance,
  bitfinex,
  bitstamp,
  coinbase,
  cryptowatch,
  kraken,
  okx,
};

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from '../../../../core/paths.ts';
import type { Assets, PriceAdapter, StreamNews } from '../../../../ingest/prices/adapter.ts';
import { exchanges } from '../../../../ingest/prices/exchanges/list.ts';
import { parseNumberJson } from '../../../../ingest/prices/number-json.ts';
import { Refusal } from '../../../../ingest/prices/refusal.ts';

const FIXTURES = join(projectRoot, 'test', 'fixtures', 'prices');
const MARKETS = [
  ['binance', 'BTCUSDT', 'PEPEBTC', 'ETHBTC'],
  ['kraken', 'BTC/USD', 'PEPE/EUR'],
  ['bitfinex', 'tBTCUSD', 'tDUSK:USD', 'tETHUSD'],
  ['kucoin', 'BTC-USDT', 'ETH-BTC'],
  ['poloniex', 'BTC_USDT', 'TRX_USDT', 'ETH_BTC'],
  ['coinbase', 'BTC-USD', 'BTC-USDC', 'USDT-USDC'],
] as const;
const STREAMED = exchanges.filter(({ stream }) => stream !== undefined);

const lines = (id: string): string[] =>
  readFileSync(join(FIXTURES, id, 'stream.jsonl'), 'utf8')
    .trim()
    .split('\n');

function tableOf(id: string): Map<string, Assets> {
  const [, ...symbols] = MARKETS.find(([exchange]) => exchange === id) ?? [];
  return new Map(symbols.map((symbol) => [symbol, { base: `b${symbol.length}`, quote: 'q' }]));
}

const readerOf = ({ id, stream }: PriceAdapter) => {
  assert.ok(stream);
  return stream.open(tableOf(id));
};

/** What a reader said of one frame, decimals as plain texts; without what every row repeats. */
function plain(news: StreamNews): unknown {
  const { prices, end, ...rest } = news;
  const rows = prices?.rows.map(({ exchange, base, quote, pair, ...row }) => row);
  const shown = {
    ...(prices && { rows, dropped: prices.dropped }),
    ...(end && { end: [end.reason, end.pauseMs ?? 0] }),
    ...rest,
  };
  return JSON.parse(JSON.stringify(shown, (_key, value) => value?.floatText ?? value));
}

describe('readers of streams', () => {
  it('there are six', () => {
    const ids = STREAMED.map(({ id }) => id).sort();
    assert.deepEqual(ids, ['binance', 'bitfinex', 'coinbase', 'kraken', 'kucoin', 'poloniex']);
  });

  for (const adapter of STREAMED) {
    const { id } = adapter;
    it(`${id}: each frame as rows, confirmations, refusals or an end`, () => {
      const reader = readerOf(adapter);
      const news = lines(id).map((line) => plain(reader.read(parseNumberJson(line))));
      const want = JSON.parse(readFileSync(join(FIXTURES, id, 'stream-want.json'), 'utf8'));
      assert.deepEqual(news, want);
    });

    it(`${id}: rows carry the assets that the poll told`, () => {
      const table = tableOf(id);
      const reader = readerOf(adapter);
      const rows = lines(id).flatMap(
        (line) => reader.read(parseNumberJson(line)).prices?.rows ?? [],
      );
      assert.ok(rows.length > 0);
      for (const { exchange, symbol, base, quote } of rows) {
        assert.equal(exchange, id);
        assert.deepEqual({ base, quote }, table.get(symbol));
      }
    });

    it(`${id}: survives any cell of a frame being something else`, () => {
      const frames = lines(id).map(parseNumberJson);
      for (const hostile of [null, '', 'NaN', '-1', '1e999', {}, [], [[]], true]) {
        for (const [at, frame] of frames.entries()) {
          for (const mutant of mutants(frame, hostile)) {
            const reader = readerOf(adapter);
            for (const before of frames.slice(0, at)) reader.read(before);
            for (const row of attempt(() => reader.read(mutant))?.prices?.rows ?? []) {
              const numbers = [row.price, row.bid, row.ask, row.volume, row.quoteVolume];
              for (const number of numbers) {
                const value = typeof number === 'object' ? Number(number.floatText) : (number ?? 0);
                assert.ok(Number.isFinite(value) && value >= 0, JSON.stringify(row));
              }
            }
          }
        }
      }
    });

    it(`${id}: subscribes every symbol, in frames of JSON`, () => {
      const { stream } = adapter;
      assert.ok(stream);
      const symbols = Array.from({ length: 250 }, (_, index) => `S${index}/-_USD`);
      const frames = stream.subscribe(symbols);
      for (const frame of frames) JSON.parse(frame);
      const named = symbols.filter((symbol) =>
        frames.some((frame) => frame.includes(`"${symbol}"`)),
      );
      const all = stream.symbolsPerConnectionMax === Number.POSITIVE_INFINITY;
      assert.equal(named.length, all ? 0 : 250);
    });
  }

  it('coinbase asks once for markets that share a book', () => {
    const stream = STREAMED.find(({ id }) => id === 'coinbase')?.stream;
    const frames = stream
      ?.subscribe(['BTC-USD', 'BTC-USDC', 'USDT-USDC'])
      .map((f) => JSON.parse(f));
    assert.deepEqual(frames?.[1]?.product_ids, ['BTC-USD', 'USDT-USDC']);
  });

  it('kucoin: the address is that of the ticket, or the reason why there is none', () => {
    const ticket = STREAMED.find(({ id }) => id === 'kucoin')?.stream?.ticket;
    assert.ok(ticket);
    const servers = [{ endpoint: 'wss://ws-api-spot.kucoin.com/', pingInterval: '18000' }];
    const good = { code: '200000', data: { token: '2neAiuYv==.WN/+g', instanceServers: servers } };
    const url = new URL(ticket.urlOf(good, 'c 1'));
    assert.equal(url.origin + url.pathname, 'wss://ws-api-spot.kucoin.com/');
    assert.equal(url.searchParams.get('token'), '2neAiuYv==.WN/+g');
    assert.equal(url.searchParams.get('connectId'), 'c 1');
    const refused = (body: unknown, reason: string) =>
      assert.throws(
        () => ticket.urlOf(body, 'c'),
        (error) => error instanceof Refusal && error.reason === reason,
      );
    refused({ code: '429000', msg: 'Too Many Requests' }, 'rate-limited');
    refused({ code: '200000', data: { token: 't', instanceServers: [] } }, 'shape');
    const elsewhere = [{ endpoint: 'file:///etc/passwd' }];
    refused({ code: '200000', data: { token: 't', instanceServers: elsewhere } }, 'shape');
    refused('text', 'shape');
  });
});

/** The result; nothing when the frame was refused, which is the only other way out. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return undefined;
  }
}

/** The value with one of its cells (objects and arrays included) replaced, for each cell. */
function* mutants(value: unknown, hostile: unknown): Generator<unknown> {
  yield hostile;
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) {
      for (const mutant of mutants(item, hostile)) yield value.with(at, mutant);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      for (const mutant of mutants(item, hostile)) yield { ...value, [name]: mutant };
    }
  }
}

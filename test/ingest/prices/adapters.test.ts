import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from '../../../core/paths.ts';
import type { ParsedPrices, PriceAdapter, SymbolTable } from '../../../ingest/prices/adapter.ts';
import { chooseExchanges, exchanges } from '../../../ingest/prices/exchanges/list.ts';
import { parseNumberJson } from '../../../ingest/prices/number-json.ts';
import { Refusal } from '../../../ingest/prices/refusal.ts';

const FIXTURES = join(projectRoot, 'test', 'fixtures', 'prices');

const text = (id: string, name: string) => readFileSync(join(FIXTURES, id, name), 'utf8');

function tableOf(adapter: PriceAdapter): SymbolTable {
  if (!existsSync(join(FIXTURES, adapter.id, 'list.json'))) return new Map();
  return adapter.symbols?.([parseNumberJson(text(adapter.id, 'list.json'))]) ?? new Map();
}

/** Rows with decimals as plain texts, as want.json has them. */
function plain(parsed: ParsedPrices): unknown {
  const rows = JSON.stringify(parsed.rows, (_key, value) => value?.floatText ?? value);
  return { rows: JSON.parse(rows), dropped: parsed.dropped };
}

describe('adapters', () => {
  for (const adapter of exchanges) {
    it(`${adapter.id} reads its answer: every row kept as text or dropped under its reason`, () => {
      const body = parseNumberJson(text(adapter.id, 'tickers.json'));
      const parsed = adapter.parse([body], tableOf(adapter));
      assert.deepEqual(plain(parsed), JSON.parse(text(adapter.id, 'want.json')));
    });

    it(`${adapter.id} refuses JSON of another shape`, () => {
      for (const body of [null, 'text', true, { unrelated: 1 }, [[]].length, { result: [] }]) {
        assert.throws(
          () => adapter.parse([body], tableOf(adapter)),
          (error) => error instanceof Refusal && error.reason === 'shape',
          `${adapter.id} took ${JSON.stringify(body)}`,
        );
      }
    });

    it(`${adapter.id} survives any cell of its answer being something else`, () => {
      const good = parseNumberJson(text(adapter.id, 'tickers.json'));
      const total = totalOf(adapter.parse([good], tableOf(adapter)));
      for (const hostile of [null, '', 'NaN', '-Infinity', '1e999', '0x10', {}, [], true, ' 1']) {
        for (const mutant of mutants(good, hostile)) {
          const parsed = attempt(() => adapter.parse([mutant], tableOf(adapter)));
          if (!parsed) continue;
          assert.equal(totalOf(parsed), total, 'a row vanished without being counted');
          for (const row of parsed.rows) {
            const numbers = [row.price, row.bid, row.ask, row.volume, row.quoteVolume];
            for (const number of numbers) {
              const value = typeof number === 'object' ? Number(number.floatText) : (number ?? 0);
              assert.ok(Number.isFinite(value) && value >= 0, JSON.stringify(row));
            }
          }
        }
      }
    });
  }

  it('binance refuses a market list without symbols', () => {
    const binance = exchanges.find(({ id }) => id === 'binance');
    for (const body of [{ symbols: [] }, { symbols: [{}] }, { code: '-1003', msg: 'no' }, {}]) {
      assert.throws(() => binance?.symbols?.([body]), Refusal);
    }
  });
});

function totalOf(parsed: ParsedPrices): number {
  return Object.values(parsed.dropped).reduce((sum, rows) => sum + rows, parsed.rows.length);
}

/** The answer with each cell of its rows replaced, one at a time. */
function* mutants(body: unknown, hostile: unknown): Generator<unknown> {
  const rows = rowsIn(body);
  for (const [key, row] of Object.entries(rows)) {
    const cells = typeof row === 'object' && row !== null ? Object.keys(row) : [];
    for (const cell of cells) {
      const copy = structuredClone(body);
      const changed = rowsIn(copy)[key] as Record<string, unknown>;
      changed[cell] = hostile;
      yield copy;
    }
  }
}

function rowsIn(body: unknown): Record<string, unknown> {
  const holder = body as Record<string, Record<string, unknown>>;
  const { result, products, data, ticker, list } = holder;
  const inner = result ?? products ?? data ?? ticker ?? list;
  // Some put their rows one level deeper: { result: { data: [...] } }.
  return inner ? rowsIn(inner) : (body as Record<string, unknown>);
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return undefined;
  }
}

describe('the choice of exchanges', () => {
  const ids = (choice: Parameters<typeof chooseExchanges>[0]) =>
    chooseExchanges(choice).map(({ adapter }) => adapter.id);

  it('is all of the well-tried ones, and those that a base URL is given for', () => {
    const usual = [
      ...['binance', 'bitfinex', 'bitget', 'bithumb', 'bitstamp', 'bybit', 'coinbase'],
      ...['cryptocom', 'gate', 'gemini', 'htx', 'kraken', 'kucoin', 'mexc', 'okx', 'poloniex'],
      'upbit',
    ];
    assert.deepEqual(ids({}), usual);
    const more = ids({ urls: { cryptowatch: 'http://127.0.0.1:9' } });
    assert.deepEqual(more, [...usual, 'cryptowatch'].sort());
  });

  it('is exactly what is named, at the base URL that is given', () => {
    const urls = { kraken: 'http://127.0.0.1:8080/' };
    assert.deepEqual(
      chooseExchanges({ ids: ['okx', 'kraken'], urls }).map(({ baseUrl }) => baseUrl),
      ['http://127.0.0.1:8080', 'https://www.okx.com'],
    );
  });

  it('refuses unknown exchanges and base URLs with a path, saying what is allowed', () => {
    assert.throws(() => chooseExchanges({ ids: ['mtgox'] }), /unknown exchange mtgox/);
    assert.throws(() => chooseExchanges({ urls: { mtgox: 'http://a' } }), /unknown exchange mtgox/);
    for (const url of ['http://a/path', 'ftp://a', 'kraken', 'http://a/?b=1']) {
      assert.throws(() => chooseExchanges({ urls: { kraken: url } }), /base URL of kraken/);
    }
  });
});

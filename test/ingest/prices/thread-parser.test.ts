import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../../core/clock.ts';
import { silentLog } from '../../../core/log.ts';
import { books } from '../../../demo/books/list.ts';
import { createMarket } from '../../../demo/market.ts';
import type { ParsedPrices, PriceAdapter } from '../../../ingest/prices/adapter.ts';
import { exchanges } from '../../../ingest/prices/exchanges/list.ts';
import { inlineParser, type PriceParser } from '../../../ingest/prices/parser.ts';
import { Refusal, type RefusalReason } from '../../../ingest/prices/refusal.ts';
import { createThreadParser } from '../../../ingest/prices/thread-parser.ts';
import { ManualClock } from '../../helpers/clock.ts';

const market = createMarket({ seed: 4, pairsPerExchange: 60 });
const NOW_MS = Date.UTC(2026, 10, 21);

const adapterOf = (id: string): PriceAdapter => {
  const adapter = exchanges.find((each) => each.id === id);
  assert.ok(adapter);
  return adapter;
};

/** A fresh copy each time: the parser may take it over. */
function bodyOf(id: string, path: string): Buffer {
  const book = books[id];
  const url = new URL(path, 'http://localhost');
  const text = book?.answers[path]?.(market, NOW_MS) ?? book?.named?.(url, market, NOW_MS);
  assert.equal(typeof text, 'string', path);
  return Buffer.from(text as string);
}

/** Numbers cross threads as the decimals that they are written as. */
function told({ rows, dropped }: ParsedPrices): ParsedPrices {
  const text = (value: number) => ({ floatText: String(value) });
  return {
    rows: rows.map((row) => ({
      ...row,
      ...(typeof row.volume === 'number' ? { volume: text(row.volume) } : {}),
      ...(typeof row.quoteVolume === 'number' ? { quoteVolume: text(row.quoteVolume) } : {}),
    })),
    dropped,
  };
}

/** One poll of an exchange, as fetch.ts asks for it. */
async function pollWith(parser: PriceParser, id: string): Promise<ParsedPrices> {
  const adapter = adapterOf(id);
  const source = parser.open(adapter);
  const lists = adapter.requests.lists.map(({ path }) => bodyOf(id, path));
  if (lists.length > 0) {
    assert.equal(source.hasSymbols, false);
    assert.ok((await source.readLists(lists)) > 0);
  }
  assert.equal(source.hasSymbols, true);
  const paths = await source.tickerPaths();
  const parsed = told(await source.readTickers(paths.map((path) => bodyOf(id, path))));
  // Names are told once: the second time they have to be remembered.
  const again = told(await source.readTickers(paths.map((path) => bodyOf(id, path))));
  assert.deepEqual(again, parsed);
  source.close();
  return parsed;
}

const refused = (reason: RefusalReason, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Refusal, String(error));
  assert.equal(error.reason, reason);
  assert.match(error.message, words);
  return true;
};

describe('the parser in a thread', () => {
  let parser: PriceParser;
  before(() => {
    parser = createThreadParser({ clock: systemClock, log: silentLog, threads: 2 });
  });
  after(() => parser.close());

  for (const { id } of exchanges.filter((adapter) => books[adapter.id])) {
    it(`reads ${id} as the one without a thread does`, async () => {
      const wanted = await pollWith(inlineParser, id);
      assert.ok(wanted.rows.length > 10);
      assert.deepEqual(await pollWith(parser, id), wanted);
    });
  }

  it('hands refusals over with their reason and pause', async () => {
    const source = parser.open(adapterOf('kraken'));
    const say = (text: string) => source.readTickers([Buffer.from(text)]);
    await assert.rejects(say('{"error":'), refused('not-json', /is cut/));
    await assert.rejects(say(' <html>'), refused('html', /markup/));
    await assert.rejects(say('{"error":["EGeneral:oh"]}'), refused('error-body', /oh/));
    await assert.rejects(say('{"error":["EAPI:Rate limit exceeded"]}'), (error) => {
      assert.ok(error instanceof Refusal);
      assert.deepEqual([error.reason, error.pauseMs], ['rate-limited', 60_000]);
      return true;
    });
  });

  it('keeps its table when the next list is less than half of it', async () => {
    const source = parser.open(adapterOf('binance'));
    const list = (count: number) =>
      Buffer.from(
        JSON.stringify({
          symbols: Array.from({ length: count }, (_, i) => ({
            ...{ symbol: `C${i}BTC`, status: 'TRADING', baseAsset: `C${i}`, quoteAsset: 'BTC' },
          })),
        }),
      );
    assert.equal(await source.readLists([list(10)]), 10);
    await assert.rejects(source.readLists([list(4)]), refused('shrunken', /4 symbols after 10/));
    const symbols = await source.symbols();
    assert.equal(symbols.size, 10);
    assert.deepEqual(symbols.get('C7BTC'), { base: 'C7', quote: 'BTC' });
  });

  it('reads an adapter that is not in the list where it is called', async () => {
    const own: PriceAdapter = { ...adapterOf('kraken'), id: 'own' };
    const { rows } = await parser
      .open(own)
      .readTickers([bodyOf('kraken', '/0/public/Ticker?assetVersion=1')]);
    assert.ok(rows.length > 10);
  });
});

describe('a parser that breaks', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidemark-parser-'));
  });
  after(() => rm(dir, { recursive: true }));

  /** A thread that does this with each request. */
  async function broken(what: string): Promise<URL> {
    const path = join(dir, `${what.length}.mjs`);
    const head = "import { parentPort } from 'node:worker_threads';\nlet n = 0;\n";
    await writeFile(path, `${head}parentPort.on('message', ({ id }) => { n += 1; ${what} });\n`);
    return pathToFileURL(path);
  }
  const list = () => [bodyOf('binance', '/api/v3/exchangeInfo?showPermissionSets=false')];
  const tickers = () => [bodyOf('binance', '/api/v3/ticker/24hr')];

  it('that throws, exits or runs out of memory costs that poll, and starts anew', async () => {
    for (const [what, words] of [
      ['throw new Error("no")', /ended: no/],
      ['process.exit(3)', /ended with 3/],
      ['const all = []; for (;;) all.push(new Array(1e5).fill(n));', /memory/],
    ] as const) {
      const program = await broken(
        `if (n > 1) { ${what} } parentPort.postMessage({ id, value: 7 });`,
      );
      const parser = createThreadParser({
        ...{ clock: systemClock, log: silentLog, program, memoryMbMax: 16 },
      });
      const source = parser.open(adapterOf('binance'));
      assert.equal(await source.readLists(list()), 7);
      assert.equal(source.hasSymbols, true);
      await assert.rejects(source.readTickers(tickers()), refused('internal', words));
      assert.equal(source.hasSymbols, false);
      await assert.rejects(source.readTickers(tickers()), refused('internal', /market list/));
      assert.equal(await source.readLists(list()), 7);
      assert.equal(source.hasSymbols, true);
      await parser.close();
    }
  });

  it('costs the exchanges of its own thread alone', async () => {
    const program = await broken(
      'if (n > 1) process.exit(4); parentPort.postMessage({ id, value: 8 });',
    );
    const shared = { clock: systemClock, log: silentLog, program };
    const parser = createThreadParser({ ...shared, threads: 2 });
    const [one, other] = [parser.open(adapterOf('binance')), parser.open(adapterOf('okx'))];
    assert.deepEqual([await one.readLists(list()), await other.readLists(list())], [8, 8]);
    await assert.rejects(one.readTickers(tickers()), refused('internal', /ended with 4/));
    assert.deepEqual([one.hasSymbols, other.hasSymbols], [false, true]);
    await parser.close();
  });

  it('that never answers is ended after a while, and everybody who waits is told', async () => {
    const program = await broken('for (;;) {}');
    const clock = new ManualClock();
    const parser = createThreadParser({ clock, log: silentLog, program, taskMsMax: 5_000 });
    const kraken = parser.open(adapterOf('kraken'));
    const silent = [kraken.readTickers([Buffer.from('{}')]), kraken.tickerPaths()];
    const told = silent.map((poll) => assert.rejects(poll, refused('internal', /did not answer/)));
    assert.equal(clock.waiting, 1);
    await clock.advance(5_000);
    await Promise.all(told);
    assert.equal(clock.waiting, 0);
    await parser.close();
    await assert.rejects(kraken.tickerPaths(), refused('cancelled', /closed/));
  });
});

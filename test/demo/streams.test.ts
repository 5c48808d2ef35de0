import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { createHttp, type HttpClient } from '../../core/http.ts';
import { createMarket } from '../../demo/market.ts';
import { type DemoMarket, startDemoMarket } from '../../demo/start.ts';
import type { Assets, PriceRow, StreamSource } from '../../ingest/prices/adapter.ts';
import { exchanges } from '../../ingest/prices/exchanges/list.ts';
import { createPriceSource } from '../../ingest/prices/fetch.ts';
import { parseNumberJson } from '../../ingest/prices/number-json.ts';
import { decodeJson } from '../../ingest/prices/suspicion.ts';
import { ManualClock } from '../helpers/clock.ts';

const SEED = 3;
const PAIRS = 20;
const START_MS = Date.UTC(2026, 0, 2, 12);
const SECOND_MS = 1_000;

/** A client that knows what the exchange's reader makes of every frame. */
interface Client {
  readonly rows: Map<string, PriceRow>;
  readonly confirmed: Set<string>;
  readonly refused: Set<string>;
  readonly texts: string[];
  readonly socket: WebSocket;
  closed: boolean;
}

describe('the streams of the demo market', () => {
  const clock = new ManualClock(START_MS);
  const market = createMarket({ seed: SEED, pairsPerExchange: PAIRS });
  let demo: DemoMarket;
  let http: HttpClient;
  const clients: Client[] = [];

  before(async () => {
    demo = await startDemoMarket({ port: 0, seed: SEED, pairsPerExchange: PAIRS, clock });
    http = createHttp({ clock, version: '1' });
  });
  after(async () => {
    for (const { socket } of clients) socket.terminate();
    await http.close();
    await demo.close();
  });

  const until = async (what: () => boolean) => {
    while (!what()) await new Promise(setImmediate);
  };

  async function listed(id: string): Promise<Map<string, Assets>> {
    const adapter = exchanges.find((each) => each.id === id);
    assert.ok(adapter);
    const exchange = { adapter, baseUrl: demo.urls[id] ?? '' };
    const source = createPriceSource({ exchange, http, clock, deadlineMs: 5_000 });
    const { rows } = await source.poll(new AbortController().signal);
    return new Map(rows.map(({ symbol, base, quote }) => [symbol, { base, quote }]));
  }

  async function addressOf(id: string, stream: StreamSource): Promise<string> {
    if (!stream.ticket) {
      const { pathname, search } = new URL(stream.url);
      return `${demo.streamUrls[id]}${pathname}${search}`;
    }
    const url = `${demo.urls[id]}${stream.ticket.path}`;
    const asked = { url, deadlineMs: 5_000, bytesMax: 10_000, from: 'operator' } as const;
    const answer = await http.fetch({ ...asked, method: 'POST' });
    return stream.ticket.urlOf(decodeJson(answer), 'me');
  }

  async function connect(id: string, stream: StreamSource, symbols: Map<string, Assets>) {
    const socket = new WebSocket(await addressOf(id, stream));
    const [confirmed, refused] = [new Set<string>(), new Set<string>()];
    const rows = new Map<string, PriceRow>();
    const client: Client = { rows, confirmed, refused, texts: [], socket, closed: false };
    const reader = stream.open(symbols);
    socket.on('message', (data) => {
      client.texts.push(String(data));
      const news = reader.read(parseNumberJson(String(data)));
      assert.equal(news.end, undefined);
      for (const row of news.prices?.rows ?? []) rows.set(row.symbol, row);
      assert.deepEqual(news.prices?.dropped ?? {}, {});
      const more = news.confirmed === 'all' ? symbols.keys() : (news.confirmed ?? []);
      for (const symbol of more) confirmed.add(symbol);
      for (const symbol of news.refused ?? []) refused.add(symbol);
    });
    socket.on('close', () => {
      client.closed = true;
    });
    clients.push(client);
    await once(socket, 'open');
    return client;
  }

  /** Whether a client knows what the market says now, of these symbols. */
  function isCurrent(id: string, client: Client, symbols: Map<string, Assets>): boolean {
    const quotes = market.quotes(id, clock.nowMs());
    return [...symbols].every(([symbol, { base, quote }]) => {
      const lower = (text: string) => text.toLowerCase();
      const known = quotes.find((q) => q.base === lower(base) && q.quote === lower(quote));
      const isFrozen = known !== undefined && Number(known.volume) === 0;
      const told = client.rows.get(symbol)?.price.floatText;
      return isFrozen || Number(told) === Number(known?.last);
    });
  }

  for (const { id, stream } of exchanges) {
    if (!stream) continue;

    it(`of ${id}: subscribed, confirmed and current each second`, async () => {
      const all = await listed(id);
      const symbols = new Map([...all].slice(0, stream.symbolsPerConnectionMax));
      const client = await connect(id, stream, symbols);
      for (const frame of stream.subscribe([...symbols.keys()])) client.socket.send(frame);
      const confirmed = () => [...symbols.keys()].every((each) => client.confirmed.has(each));
      // Where the address alone subscribes, the first frame is the confirmation.
      if (stream.subscribe(['A']).length > 0) await until(confirmed);
      for (let second = 1; second <= 12; second += 1) {
        await clock.advance(SECOND_MS);
        await until(() => confirmed() && isCurrent(id, client, symbols));
      }
      assert.equal(client.closed, false);
      assert.equal(client.refused.size, 0);
      client.socket.close();
    });

    if (stream.subscribe(['A', 'B']).some((frame) => frame.includes('"B"'))) {
      it(`of ${id}: an unknown market is refused by name`, async () => {
        const symbol = id === 'bitfinex' ? 'tNOBODY:USD' : 'NOBODY-USD';
        const symbols = new Map([[symbol, { base: 'NOBODY', quote: 'USD' }]]);
        const client = await connect(id, stream, symbols);
        for (const frame of stream.subscribe([...symbols.keys()])) client.socket.send(frame);
        await until(() => client.refused.size > 0);
        assert.equal(client.rows.size, 0);
        client.socket.close();
      });
    }
  }

  for (const id of ['kucoin', 'poloniex', 'coinbase']) {
    it(`of ${id}: a client that says nothing for too long is ended`, async () => {
      const stream = exchanges.find((each) => each.id === id)?.stream;
      assert.ok(stream);
      const client = await connect(id, stream, await listed(id));
      await clock.advance(40 * SECOND_MS);
      await until(() => client.closed);
    });
  }

  const PINGS: readonly (readonly [string, string, RegExp])[] = [
    ['kraken', '{"method":"ping","req_id":1}', /"method":"pong"/],
    ['bitfinex', '{"event":"ping","cid":9}', /"event":"pong".*"cid":9/],
    ['kucoin', '{"id":"5","type":"ping"}', /"id":"5","type":"pong"/],
    ['poloniex', '{"event":"ping"}', /"event":"pong"/],
  ];
  for (const [id, frame, pong] of PINGS) {
    it(`of ${id}: a ping is answered, nonsense is an error`, async () => {
      const stream = exchanges.find((each) => each.id === id)?.stream;
      assert.ok(stream);
      const socket = new WebSocket(await addressOf(id, stream));
      const texts: string[] = [];
      socket.on('message', (data) => texts.push(String(data)));
      await once(socket, 'open');
      socket.send(frame);
      await until(() => texts.some((text) => pong.test(text)));
      for (const nonsense of ['{', '7', '[]', '{"event":"subscribe","channel":{}}']) {
        const before = texts.length;
        socket.send(nonsense);
        await until(() => texts.length > before);
        assert.match(texts.at(-1) ?? '', /error/);
      }
      socket.terminate();
    });
  }

  it('are at their real paths alone', async () => {
    for (const url of Object.values(demo.streamUrls)) {
      const socket = new WebSocket(`${url}/nothing/here`);
      const [error] = await once(socket, 'error');
      assert.match(String(error), /404/);
    }
  });
});

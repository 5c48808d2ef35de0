/**
 * Every exchange of a list on loopback, at its real paths, out of the demo's books, with faults by a
 * schedule. It knows what it told, so that a test can hold what was stored against it.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { books } from '../../demo/books/list.ts';
import { createExchange } from '../../demo/exchange.ts';
import type { Handler } from '../../demo/http.ts';
import { createMarket, type Market, type Quote } from '../../demo/market.ts';
import { chance, hashOf } from '../../demo/noise.ts';
import type { PriceAdapter } from '../../ingest/prices/adapter.ts';
import { type Fault, ODD_PRICES } from './faults.ts';
import {
  MARKED,
  marked,
  nameOf,
  type Place,
  remembered,
  renamed,
  some,
  speakersOf,
} from './market-views.ts';

const MINUTE_MS = 60_000;
const SHRUNKEN_TO = 4;
const SHRUNKEN_MS_MAX = 30 * MINUTE_MS;

/** What a poll met. */
export interface Told {
  readonly slot: number;
  readonly nowMs: number;
  /** `ok`, or the reason with which the poll has to be refused. */
  readonly outcome: string;
  /** What happened, for people. */
  readonly what: string;
  readonly pauseMs?: number;
  /** What has to be stored, by `exchange pair`; nothing where the poll has to be refused. */
  readonly prices: ReadonlyMap<string, ToldPrice>;
}

export interface ToldPrice {
  readonly quote: Quote;
  /** The price as it stood in the answer, where that is not the quote's. */
  readonly odd?: string;
}

/** What happens in a slot of an exchange; undefined: nothing unusual. */
export type Event = Fault | 'shrunken' | 'empty' | 'odd' | undefined;

export interface Schedule {
  event(exchange: string, slot: number): Event;
  /** From this slot on one market of the exchange has another name. */
  renamedAt(exchange: string): number;
  /** What is wrong with the market lists in this slot. */
  list(exchange: string, slot: number): Fault | 'shrunken' | undefined;
}

export interface FaultyMarketOptions {
  readonly adapters: readonly PriceAdapter[];
  readonly schedule: Schedule;
  readonly clock: Clock;
  readonly startMs: number;
  readonly seed: number;
  readonly pairsPerExchange: number;
}

export interface FaultyMarket {
  /** Exchange id -> base URL. */
  readonly urls: Readonly<Record<string, string>>;
  /** The newest thing told to a poll of this exchange. */
  last(exchange: string): Told | undefined;
  /** How many polls came, those that met a fault included. */
  polls(exchange: string): number;
  /** How many requests for lists met a fault. */
  listFaults(): number;
  close(): Promise<void>;
}

/** @throws Error for an adapter without a book. */
export async function startFaultyMarket(options: FaultyMarketOptions): Promise<FaultyMarket> {
  const players = new Map(options.adapters.map((each) => [each.id, new Player(each, options)]));
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  const urls: Record<string, string> = {};
  for (const [id, player] of players) {
    const server = createServer(({ url }, response) => player.answer(url ?? '/', response));
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    servers.push(server);
    urls[id] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  return {
    urls,
    last: (id) => players.get(id)?.told,
    polls: (id) => players.get(id)?.polls ?? 0,
    listFaults: () => [...players.values()].reduce((sum, { listFaults }) => sum + listFaults, 0),
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
    },
  };
}

interface Turn {
  readonly response: ServerResponse;
  readonly nowMs: number;
  readonly slot: number;
  readonly market: Market;
}

interface OddPrice extends Place {
  readonly json: string;
  /** What has to be stored of it. */
  readonly text: string | undefined;
}

/** One exchange. */
class Player {
  told: Told | undefined;
  polls = 0;
  listFaults = 0;
  readonly #adapter: PriceAdapter;
  readonly #options: FaultyMarketOptions;
  readonly #market: Market;
  readonly #accepts = acceptance();
  /** The markets of the last good list; undefined where the exchange has no lists. */
  #listed: ReadonlySet<string> | undefined;

  constructor(adapter: PriceAdapter, options: FaultyMarketOptions) {
    if (!Object.hasOwn(books, adapter.id)) {
      throw new Error(`${adapter.id} has no book in demo/books: nobody can play it`);
    }
    this.#adapter = adapter;
    this.#options = options;
    this.#market = remembered(createMarket(options));
  }

  answer(path: string, response: ServerResponse): void {
    const { clock, startMs, schedule } = this.#options;
    const { id, requests } = this.#adapter;
    const nowMs = clock.nowMs();
    const slot = Math.floor((nowMs - startMs) / MINUTE_MS);
    const market = slot < schedule.renamedAt(id) ? this.#market : renamed(this.#market);
    const turn = { response, nowMs, slot, market };
    if (requests.lists.some((list) => list.path === path)) this.#answerList(path, turn);
    else this.#answerPoll(path, turn);
  }

  #answerList(path: string, turn: Turn): void {
    const { id } = this.#adapter;
    const trouble = this.#options.schedule.list(id, turn.slot);
    if (trouble) this.listFaults += 1;
    if (trouble === 'shrunken') {
      send(turn.response, this.#page(path, some(turn.market, 1)));
    } else if (trouble) {
      this.#fail(trouble, path, turn);
    } else {
      this.#listed = new Set(turn.market.pairs(id).map(nameOf));
      send(turn.response, this.#page(path, turn.market));
    }
  }

  #answerPoll(path: string, turn: Turn): void {
    // The client sends a request once more that met a connection just closed.
    const again = this.told?.slot === turn.slot && this.told.outcome === 'reset';
    if (!again) this.polls += 1;
    // Known before anything is on its way.
    const event = this.#options.schedule.event(this.#adapter.id, turn.slot);
    if (typeof event !== 'object') {
      this.#answerGood(event, path, turn);
      return;
    }
    const { reason, ...pause } = this.#fail(event, path, turn);
    this.#note(turn, { outcome: reason, what: event.name, prices: new Map(), ...pause });
  }

  #fail(fault: Fault, path: string, turn: Turn) {
    const pick = chance(hashOf(`${this.#adapter.id} pick`), turn.slot);
    const { body } = this.#page(path, turn.market);
    return fault.send({ ...turn, body, pick, adapter: this.#adapter });
  }

  #answerGood(event: 'shrunken' | 'empty' | 'odd' | undefined, path: string, turn: Turn): void {
    const count = event === 'empty' ? 0 : SHRUNKEN_TO;
    const isSmall = event === 'shrunken' || event === 'empty';
    const market = isSmall ? some(turn.market, count) : turn.market;
    const named = isSmall ? fewerNames(path, count) : path;
    const odd = event === 'odd' ? this.#oddPrice(turn) : undefined;
    const page = this.#page(named, odd ? marked(market, odd) : market);
    if (page.status !== 200) {
      // A request that names its markets, one of them by a name that is gone.
      this.#note(turn, { outcome: 'status', what: 'a name that is gone', prices: new Map() });
      send(turn.response, page);
      return;
    }
    const prices = this.#expected(market, odd, turn.nowMs);
    const outcome = this.#accepts(prices.size, turn.nowMs);
    const stored = outcome === 'ok' ? prices : new Map<string, ToldPrice>();
    this.#note(turn, { outcome, what: odd?.json ?? event ?? 'good', prices: stored });
    send(turn.response, odd ? { ...page, body: page.body.replaceAll(MARKED, odd.json) } : page);
  }

  #note({ slot, nowMs }: Turn, told: Omit<Told, 'slot' | 'nowMs'>): void {
    this.told = { slot, nowMs, ...told };
  }

  #page(path: string, market: Market): { status: number; body: string } {
    const book = books[this.#adapter.id] ?? { answers: {} };
    const handler: Handler = createExchange(book, market, this.#options.clock);
    const page = handler({ method: 'GET', path, origin: '' });
    return { status: page?.status ?? 500, body: page?.body ?? '' };
  }

  #oddPrice({ market, slot }: Turn): OddPrice {
    const hash = hashOf(`${this.#adapter.id} odd ${slot}`);
    const exchange = speakersOf(this.#adapter.id)[0] ?? '';
    const pairs = market.pairs(exchange);
    const pair = pairs[Math.floor(chance(hash, 1) * pairs.length)] ?? { base: '', quote: '' };
    const kind = ODD_PRICES[Math.floor(chance(hash, 2) * ODD_PRICES.length)];
    return { exchange, pair, json: kind?.[0] ?? '0', text: kind?.[1] };
  }

  #expected(market: Market, odd: OddPrice | undefined, nowMs: number): Map<string, ToldPrice> {
    const prices = new Map<string, ToldPrice>();
    for (const exchange of speakersOf(this.#adapter.id)) {
      for (const quote of market.quotes(exchange, nowMs)) {
        if (this.#listed && !this.#listed.has(nameOf(quote))) continue;
        const isOdd = odd?.exchange === exchange && nameOf(odd.pair) === nameOf(quote);
        if (isOdd && odd.text === undefined) continue;
        const text = isOdd ? odd.text : undefined;
        const price = text === undefined ? { quote } : { quote, odd: text };
        prices.set(`${exchange} ${nameOf(quote)}`, price);
      }
    }
    return prices;
  }
}

function send(response: ServerResponse, { status, body }: { status: number; body: string }): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
  });
  response.end(body);
}

/** The path of a request that names its markets, with the first `count` of them. */
function fewerNames(path: string, count: number): string {
  const [start = '', names] = path.split('markets=');
  if (names === undefined) return path;
  return `${start}markets=${names.split(',').slice(0, count).join(',')}`;
}

/** How many rows are believed: what is expected of the product, in its own words. */
function acceptance(): (rows: number, nowMs: number) => string {
  let lastRows = 0;
  let sinceMs: number | undefined;
  return (rows, nowMs) => {
    if (rows === 0) return 'empty';
    const isLong = nowMs - (sinceMs ?? nowMs) >= SHRUNKEN_MS_MAX;
    if (rows * 2 < lastRows && !isLong) {
      sinceMs ??= nowMs;
      return 'shrunken';
    }
    sinceMs = undefined;
    lastRows = rows;
    return 'ok';
  };
}

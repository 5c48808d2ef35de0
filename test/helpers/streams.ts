import assert from 'node:assert/strict';
import type { HttpClient } from '../../core/http.ts';
import type { Log } from '../../core/log.ts';
import type {
  ParsedPrices,
  PriceAdapter,
  StreamNews,
  StreamSource,
} from '../../ingest/prices/adapter.ts';
import { Refusal } from '../../ingest/prices/refusal.ts';
import { collectRows } from '../../ingest/prices/rows.ts';
import type { StreamMetrics } from '../../ingest/prices/streams/metrics.ts';
import type { Connect, SocketListener } from '../../ingest/prices/streams/socket.ts';
import { createStreamSource } from '../../ingest/prices/streams/source.ts';
import { ManualClock } from './clock.ts';

/** A frame of the test exchange: prices by symbol, and news as the reader tells it. */
export interface TestFrame extends Omit<StreamNews, 'prices' | 'end'> {
  readonly p?: Readonly<Record<string, string>>;
  readonly bid?: string;
  readonly volume?: string;
  readonly end?: string;
  /** Of `end`; text, as all numbers of a frame are. */
  readonly pauseMs?: string;
}

/** A stream that subscribes two symbols a frame and reads `TestFrame`s. */
export const testStream: StreamSource = {
  url: 'ws://stream.test/ticker?v=1',
  book: 'at-trades',
  volume: true,
  subscribe(symbols) {
    const pairs = Array.from({ length: Math.ceil(symbols.length / 2) }, (_, index) =>
      symbols.slice(index * 2, index * 2 + 2),
    );
    return pairs.map((pair) => JSON.stringify({ ask: pair }));
  },
  symbolsPerConnectionMax: 4,
  connectionsMax: 2,
  connectSpacingMs: 1_000,
  sendSpacingMs: 100,
  ping: { everyMs: 15_000, frame: () => '{"ping":true}' },
  silenceMsMax: 20_000,
  open: (symbols) => ({
    read(frame) {
      if (typeof frame !== 'object' || frame === null) throw new Refusal('shape', 'no object');
      const { p, bid, volume, end, pauseMs, ...news } = frame as TestFrame;
      const prices = collectRows('test', Object.entries(p ?? {}), ([symbol, price]) => {
        const assets = symbols.get(symbol) ?? 'unknown-symbol';
        return typeof assets === 'string' ? assets : { symbol, assets, price, bid, volume };
      });
      const ending =
        end === undefined
          ? {}
          : { end: new Refusal('maintenance', end, { pauseMs: Number(pauseMs ?? 0) }) };
      return { ...news, ...(p && { prices }), ...ending };
    },
  }),
};

/** One websocket that the product opened, as the other side sees it. */
export interface TestSocket {
  readonly url: string;
  readonly sent: string[];
  /** Whether the product ended it. */
  readonly terminated: boolean;
  open(): void;
  say(frame: TestFrame): void;
  text(text: string | undefined): void;
  end(why?: string, refused?: boolean): void;
}

export interface TestSockets {
  readonly connect: Connect;
  readonly all: readonly TestSocket[];
  /** The newest. */
  readonly last: TestSocket;
}

export function createTestSockets(): TestSockets {
  const all: TestSocket[] = [];
  const open = (url: string, listener: SocketListener) => {
    let terminated = false;
    const sent: string[] = [];
    all.push({
      url,
      sent,
      get terminated() {
        return terminated;
      },
      open: () => listener.onOpen(),
      say: (frame) => listener.onFrame(JSON.stringify(frame)),
      text: (text) => listener.onFrame(text),
      end: (why = 'closed with 1006', refused = false) => listener.onEnd({ why, refused }),
    });
    return {
      send: (text: string) => void sent.push(text),
      terminate: () => {
        terminated = true;
      },
    };
  };
  return {
    connect: open,
    all,
    get last() {
      const last = all.at(-1);
      assert.ok(last, 'no socket was opened');
      return last;
    },
  };
}

/** The answer of a poll: symbols are `BTC`, `ETH`; all against usd. */
export function polled(prices: Readonly<Record<string, string>>): ParsedPrices {
  const entries = Object.entries(prices);
  return collectRows('test', entries, ([symbol, price]) => ({
    ...{ symbol, assets: { base: symbol, quote: 'usd' } },
    ...{ price, bid: price, volume: '7', quoteVolume: '9' },
  }));
}

/** A poll that is on its way until it is told its answer. */
export function createSlowPoll(): {
  readonly promise: Promise<ParsedPrices>;
  resolve(answer: ParsedPrices): void;
} {
  let resolve: (answer: ParsedPrices) => void = () => undefined;
  const promise = new Promise<ParsedPrices>((done) => {
    resolve = done;
  });
  return { promise, resolve: (answer) => resolve(answer) };
}

export interface StreamBench {
  readonly clock: ManualClock;
  readonly sockets: TestSockets;
  readonly source: ReturnType<typeof createStreamSource>;
  readonly pauses: Map<string, number>;
  readonly told: string[];
  readonly ends: string[];
  readonly frames: string[];
  drifted: number;
  /** What the next polls answer. */
  answer: ParsedPrices | Refusal | Promise<ParsedPrices>;
  polls: number;
  /** The prices of a slot, by symbol. */
  slot(): Promise<Record<string, string>>;
}

export interface BenchOptions {
  readonly stream?: Partial<StreamSource>;
  readonly connect?: Connect;
  readonly random?: () => number;
  readonly intervalMs?: number;
}

/** A streamed source of the test exchange under a clock that stands still. */
export function createStreamBench(options: BenchOptions = {}): StreamBench {
  const clock = new ManualClock();
  const sockets = createTestSockets();
  const pauses = new Map<string, number>();
  const stream = { ...testStream, ...options.stream };
  const adapter: PriceAdapter = {
    id: 'test',
    baseUrl: 'http://rest.test',
    byDefault: false,
    requests: { tickers: ['/'], lists: [] },
    parse: () => ({ rows: [], dropped: {} }),
    stream,
  };
  const told: string[] = [];
  const ends: string[] = [];
  const frames: string[] = [];
  const http: HttpClient = {
    fetch: () => Promise.reject(new Refusal('connect', 'no network here')),
    close: async () => undefined,
  };
  const tell = (ids: object, message: string) =>
    void told.push(`${message} ${JSON.stringify(ids)}`);
  const log: Log = { debug: tell, info: tell, warn: tell, error: tell, child: () => log };
  const metrics: StreamMetrics = {
    served: () => undefined,
    reconnected: (_id, reason) => void ends.push(reason),
    frame: (_id, outcome) => void frames.push(outcome),
    drifted: (_id, count) => {
      bench.drifted += count;
    },
  };
  const source = createStreamSource({
    exchange: { adapter, baseUrl: adapter.baseUrl },
    fallback: {
      async poll(signal) {
        bench.polls += 1;
        if (bench.answer instanceof Refusal) throw bench.answer;
        const { answer } = bench;
        return new Promise((resolve, reject) => {
          const leave = (): void => reject(new Refusal('cancelled', 'left'));
          signal.addEventListener('abort', leave);
          const done = (parsed: ParsedPrices): void => {
            signal.removeEventListener('abort', leave);
            resolve(parsed);
          };
          Promise.resolve(answer).then(done, reject);
        });
      },
    },
    intervalMs: options.intervalMs ?? 1_000,
    http,
    deadlineMs: 10_000,
    clock,
    random: options.random ?? (() => 0),
    log,
    metrics,
    connect: options.connect ?? sockets.connect,
    pauses,
  });
  const bench: StreamBench = {
    ...{ clock, sockets, source, pauses, told, ends, frames },
    drifted: 0,
    answer: polled({ BTC: '100', ETH: '10' }),
    polls: 0,
    async slot() {
      const { rows } = await source.poll(new AbortController().signal);
      return Object.fromEntries(rows.map(({ symbol, price }) => [symbol, price.floatText]));
    },
  };
  return bench;
}

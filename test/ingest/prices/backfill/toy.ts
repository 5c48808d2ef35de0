/** A made-up exchange on loopback, and a Tidemark's parts around it, for tests of backfills. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '../../../../core/clock.ts';
import { createHttp } from '../../../../core/http.ts';
import { createInflux, type Influx } from '../../../../core/influx/influx.ts';
import { silentLog as log } from '../../../../core/log.ts';
import type { PriceAdapter } from '../../../../ingest/prices/adapter.ts';
import {
  type BackfillDesk,
  createDesk,
  type DeskOptions,
} from '../../../../ingest/prices/backfill/desk.ts';
import { noBackfillMetrics } from '../../../../ingest/prices/backfill/metrics.ts';
import { MINUTE_MS } from '../../../../ingest/prices/backfill/minutes.ts';
import {
  type BackfillOptions,
  type Backfills,
  startBackfills,
} from '../../../../ingest/prices/backfill/service.ts';
import { createStoredPrices } from '../../../../ingest/prices/backfill/stored.ts';
import { collectCandles } from '../../../../ingest/prices/candles.ts';
import { Refusal } from '../../../../ingest/prices/refusal.ts';
import { createWriter, type Writer } from '../../../../ingest/writer/writer.ts';
import type { Database } from '../../../../registry/database.ts';
import { ensureMarkets } from '../../../../registry/markets.ts';
import { migrate } from '../../../../registry/migrate.ts';
import { openPGlite } from '../../../../registry/pglite.ts';
import type { Engine } from '../../../helpers/engines.ts';

/** Rows `[start ms, close]`. */
const toyCandles: NonNullable<PriceAdapter['candles']> = {
  pageRowsMax: 60,
  spacingMs: 1,
  request: ({ symbol }, { fromMs, toMs }) => `/candles/${symbol}/${fromMs}/${toMs}`,
  parse(body) {
    if (!Array.isArray(body)) throw new Refusal('error-body', 'toy says: no');
    return collectCandles(body as [string, string][], ([startMs, close]) => {
      return { startMs: Number(startMs), open: close, high: close, low: close, close };
    });
  },
};

export function toyAdapter(more: Partial<typeof toyCandles> = {}, id = 'toy'): PriceAdapter {
  return {
    ...{ id, baseUrl: 'http://toy.invalid', byDefault: false },
    requests: { tickers: ['/tickers'], lists: [] },
    parse: () => ({ rows: [], dropped: {} }),
    candles: { ...toyCandles, ...more },
  };
}

/** What the close of a minute is: its number since the epoch, a little different by symbol. */
export const toyClose = (symbol: string, startMs: number): string =>
  `${(startMs / MINUTE_MS) % 100_000}.${symbol.length}25`;

/** Whether a symbol trades in a minute: all but every fifth. */
export const toyTrades = (startMs: number): boolean => (startMs / MINUTE_MS) % 5 !== 2;

export interface ToyServer {
  readonly url: string;
  /** Symbol and minutes of every request. */
  readonly asked: string[];
  /** Answers instead, when it says so. */
  fault: (
    nth: number,
    symbol: string,
  ) => { status: number; body: unknown; retryAfter?: string } | undefined;
  close(): Promise<void>;
}

export async function startToyServer(): Promise<ToyServer> {
  const send = (response: ServerResponse, status: number, body: unknown, retryAfter?: string) => {
    const headers = { 'content-type': 'application/json' };
    response.writeHead(status, { ...headers, ...(retryAfter && { 'retry-after': retryAfter }) });
    response.end(JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    const [, , symbol = '', from, to] = (request.url ?? '').split('/');
    toy.asked.push(`${symbol} ${(Number(to) - Number(from)) / MINUTE_MS}`);
    const fault = toy.fault(toy.asked.length, symbol);
    if (fault) return send(response, fault.status, fault.body, fault.retryAfter);
    const rows: [number, string][] = [];
    for (let ms = Number(from); ms < Number(to); ms += MINUTE_MS) {
      if (toyTrades(ms)) rows.unshift([ms, toyClose(symbol, ms)]);
    }
    send(response, 200, rows);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const toy: ToyServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    fault: () => undefined,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return toy;
}

export interface Toy {
  readonly influx: Influx;
  readonly registry: Database;
  readonly writer: Writer;
  readonly server: ToyServer;
  readonly desk: BackfillDesk;
  readonly pauses: Map<string, number>;
  /** Works until `stop`; several may run at once, as several processes do. */
  work(more?: Partial<BackfillOptions>): Backfills;
  /** Ends all work, and forgets what was asked and what goes wrong. */
  rest(): Promise<void>;
  close(): Promise<void>;
}

/** Everything that a backfill needs, on an engine, with markets `a`, `bb` and `ccc`. */
export async function startToy(
  engine: Engine,
  more: { readonly adapter?: PriceAdapter; readonly desk?: Partial<DeskOptions> } = {},
): Promise<Toy> {
  const { url, token, org, bucket } = engine;
  const adapter = more.adapter ?? toyAdapter();
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-backfill-'));
  const influx = createInflux({ url, token, org, bucket, timeoutMs: 60_000, clock });
  const registry = await openPGlite({ dir: join(dir, 'registry'), log });
  await migrate(registry);
  const markets = ['a', 'bb', 'ccc'].map((base) => ({ symbol: base, base, quote: 'usd' }));
  await ensureMarkets(registry, adapter.id, markets);
  const writer = await createWriter({
    ...{ dir: join(dir, 'spool'), target: influx, clock, log },
    random: () => 0.5,
  });
  const server = await startToyServer();
  const http = createHttp({ clock, version: '0' });
  const stored = createStoredPrices(influx);
  const exchangeOf = async (id: string) =>
    id === adapter.id ? { adapter, baseUrl: server.url } : undefined;
  const pauses = new Map<string, number>();
  const started: Backfills[] = [];
  let owners = 0;
  const rest = async () => {
    for (const service of started.splice(0)) await service.close();
    server.asked.length = 0;
    server.fault = () => undefined;
    pauses.clear();
  };
  return {
    ...{ influx, registry, writer, server, pauses },
    desk: createDesk({
      ...{ database: registry, stored, exchangeOf, exchangeNames: [adapter.id] },
      intervalMsOf: async () => MINUTE_MS,
      offPairs: async () => new Set(),
      learnMarkets: async () => undefined,
      retentionMs: 0,
      nowMs: () => clock.nowMs(),
      ...more.desk,
    }),
    work(options = {}) {
      owners += 1;
      const service = startBackfills({
        ...{ database: registry, stored, sink: writer, http, pauses, clock, log, exchangeOf },
        metrics: noBackfillMetrics,
        ...{ isSettled: () => true, random: () => 0, owner: `owner${owners}`, pollMs: 20 },
        ...options,
      });
      started.push(service);
      return service;
    },
    rest,
    async close() {
      await rest();
      await writer.close();
      await Promise.all([http.close(), influx.close(), registry.close(), server.close()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

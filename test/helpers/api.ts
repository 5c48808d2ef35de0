import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createApp, type Dependencies } from '../../api/app.ts';
import type { Influx } from '../../api/contract.ts';
import { errorAnswer, priceAnswer } from '../../api/schemas.ts';
import { listen, type ServerOptions } from '../../api/server.ts';
import { systemClock } from '../../core/clock.ts';
import type { ApiKey } from '../../core/config.ts';
import type { Column, RowBatch } from '../../core/influx/tables.ts';
import { silentLog } from '../../core/log.ts';
import { createMetrics } from '../../core/metrics.ts';
import type { PriceRange } from '../../flux/price-queries.ts';
import type { Catalog, ExchangeEntry, PairEntry } from '../../registry/catalog.ts';
import { fakeAlerts, fakeChannels, fakeDeliveries, fakeSilences } from './alert-desk.ts';
import { fakeBackfills } from './backfills.ts';
import { fakeChoices, fakeExchanges } from './choices.ts';
import { FakeEvents } from './events.ts';
import { fakeArticles, fakeFeeds, fakeJobs, fakeRules } from './feed-desk.ts';
import { servingWith } from './keys.ts';
import { fakeMonitors } from './monitor-desk.ts';

/** What a fake InfluxDB was asked: the name of the query and its parameters. */
export interface Asked {
  readonly query:
    | ('prices' | 'rank' | 'pairRanks' | 'records' | 'exchangeRecords' | 'slots')
    | ('marketPrices' | 'rankRuns')
    | ('raw' | 'rollup' | 'marks')
    | ('results' | 'reasons' | 'latency' | 'latencySteps');
  readonly parameters: Partial<PriceRange> & Partial<Record<string, string>>;
}

export const column = (label: string): Column => ({ label, type: 'string', group: false });
export const priceColumns = ['table', '_time', '_value', 'exchange'].map(column);
export const rankColumns = ['rank', 'of'].map(column);

/** Rows `[exchange, time, price]` as a batch in the order of `priceColumns`. */
export function priceBatch(rows: readonly (readonly [string, string, string])[]): RowBatch {
  const cells = rows.map(([exchange, time, price]) => ['0', time, price, exchange]);
  return { columns: priceColumns, rows: cells };
}

export function rankBatch(rank: string, of: string): RowBatch {
  return { columns: rankColumns, rows: [[rank, of]] };
}

type Answers = (asked: Asked, signal: AbortSignal) => AsyncIterable<RowBatch, void, undefined>;

/** An InfluxDB whose answers are generators; every question is kept in `asked`. */
export function fakeInflux(answers: Answers): Influx & { readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const answer = (flux: string, signal: AbortSignal) => {
    const question = JSON.parse(flux) as Asked;
    asked.push(question);
    return answers(question, signal);
  };
  return {
    asked,
    queryRows: (flux, { signal }) => answer(flux, signal),
    queryCsv: (flux, { signal }) => csvOf(answer(flux, signal)),
  };
}

/** Annotated CSV as InfluxDB writes it, one chunk a batch, one table in all. */
async function* csvOf(batches: AsyncIterable<RowBatch>): AsyncGenerator<Uint8Array, void> {
  let begun = false;
  for await (const { columns, rows } of batches) {
    let text = '';
    if (!begun) {
      const line = (cells: readonly string[]) => `${cells.join(',')}\r\n`;
      text += line(['#datatype', ...columns.map(({ type }) => type)]);
      text += line(['#group', ...columns.map(({ group }) => String(group))]);
      text += line(['#default', ...columns.map(() => '')]);
      text += line(['', ...columns.map(({ label }) => label)]);
      begun = true;
    }
    for (const row of rows) text += `,${row.join(',')}\r\n`;
    yield Buffer.from(text);
  }
  yield Buffer.from('\r\n');
}

export const listed: readonly PairEntry[] = [
  { pair: 'btcusd', base: 'btc', quote: 'usd', exchanges: ['bitfinex', 'bitstamp', 'kraken'] },
  { pair: 'ab-cusd', base: 'ab', quote: 'cusd', exchanges: ['kraken'] },
  { pair: 'abcusd', base: 'abc', quote: 'usd', exchanges: ['kraken', 'okx'] },
  { pair: 'ethbtc', base: 'eth', quote: 'btc', exchanges: ['kraken'] },
].sort((a, b) => (a.pair < b.pair ? -1 : 1));

const exchange = (id: string): ExchangeEntry => ({
  exchange: id,
  enabled: true,
  intervalMs: 60_000,
  mode: 'poll',
  state: 'ok',
  lastSuccessMs: 1_665_459_302_358,
  lastAttemptMs: 1_665_459_302_358,
  pausedUntilMs: undefined,
  latenessMs: 12.5,
  rows: 3,
  dropped: { dead: 2 },
  consecutiveFailures: 0,
  streaming: false,
  error: undefined,
});

export const fakeCatalog: Catalog = {
  listedExchanges: async () => [...new Set(listed.flatMap((entry) => entry.exchanges))].sort(),
  exchangesOf: async (pair) => listed.find((entry) => entry.pair === pair)?.exchanges ?? [],
  nearPairs: async (pair) => (pair === 'btcsud' ? ['btcusd'] : []),
  pairs: async ({ q = '', exchange: on, after = '', limit }) =>
    listed
      .filter(({ pair, exchanges }) => {
        return pair > after && pair.includes(q) && (!on || exchanges.includes(on));
      })
      .slice(0, limit),
  exchanges: async () => ['bitfinex', 'bitstamp', 'kraken', 'okx'].map(exchange),
};

export interface TestApi {
  readonly url: string;
  readonly port: number;
  readonly metrics: Dependencies['metrics'];
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;

/** The whole API on a free port of loopback, with fakes behind it. */
export async function startApi(
  parts: Partial<Dependencies> &
    Pick<Partial<ServerOptions>, 'graceMs'> & { readonly keys?: readonly ApiKey[] } = {},
): Promise<TestApi> {
  const { graceMs = 1000, keys = [], ...given } = parts;
  const name = (query: Asked['query']) => (parameters: object) =>
    JSON.stringify({ query, parameters });
  let ids = 0;
  const dependencies: Dependencies = {
    influx: fakeInflux(async function* () {}),
    bucket: 'tidemark',
    catalog: fakeCatalog,
    queries: {
      ...{ prices: name('prices'), rank: name('rank'), pairRanks: () => '{}' },
      ...{ marketPrices: name('marketPrices'), rankRuns: name('rankRuns') },
    },
    metricQueries: {
      records: name('records'),
      exchangeRecords: name('exchangeRecords'),
      slots: name('slots'),
    },
    history: {
      queries: {
        raw: name('raw'),
        rollup: (range, level, fields) => name('rollup')({ ...range, level, fields }),
        marks: name('marks'),
      },
      kept: { at: async () => ({ rawFromMs: 0, levels: [] }) },
    },
    runs: { newest: async () => undefined, at: async () => undefined },
    choices: fakeChoices(listed),
    backfills: fakeBackfills(),
    monitors: fakeMonitors(),
    feeds: fakeFeeds(),
    rules: fakeRules(),
    articles: fakeArticles(),
    jobs: fakeJobs(),
    alerts: fakeAlerts(),
    channels: fakeChannels(),
    deliveries: fakeDeliveries(),
    silences: fakeSilences(),
    tasks: { list: async () => [] },
    hub: new FakeEvents().hub,
    assets: new Map(),
    scanQueries: {
      results: name('results'),
      reasons: name('reasons'),
      latency: name('latency'),
      latencySteps: name('latencySteps'),
    },
    knownExchanges: fakeExchanges,
    ranks: { newest: async () => new Map([['btcusd', '1/4']]) },
    probes: [],
    metrics: createMetrics(),
    clock: systemClock,
    log: silentLog,
    retentionMs: 30 * 24 * HOUR_MS,
    ...servingWith({ clock: given.clock ?? systemClock, keys }),
    host: '127.0.0.1',
    version: '0.0.0',
    newId: () => `request-${++ids}`,
    ...given,
  };
  const { clock, keyring, metrics } = dependencies;
  const app = createApp(dependencies);
  const server = await listen({ app, host: '127.0.0.1', port: 0, keyring, clock, graceMs });
  return { url: server.url, port: server.port, metrics, close: server.close };
}

/** One GET on a connection of its own; resolves with the head, the body is read by the caller. */
export function open(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent: false }, resolve);
    request.on('error', reject);
    request.end();
  });
}

/** Sends bytes as they are and reads until the server closes the connection. */
export function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => {
      answer += piece;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') resolve(`${answer}<reset>`);
      else reject(error);
    });
  });
}

/** The body, checked against the schema that OpenAPI publishes. */
export async function pricesOf(answer: Response) {
  return priceAnswer.parse(await answer.json());
}

/** The error of a body, checked against the published schema. */
export async function errorOf(answer: Response) {
  const { error } = errorAnswer.strict().parse(await answer.json());
  return { ...error, details: (error.details ?? {}) as Record<string, unknown> };
}

export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

/** A promise that resolves when told to: tests wait for events, not for time. */
export function gate(): Gate {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

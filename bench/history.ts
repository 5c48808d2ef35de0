/**
 * Prices over any time and the leaderboard, with 13,827 markets in the store: 30 days of roll-ups
 * of one pair on 27 exchanges, two hours of everything else, moments of 24 h of all markets. First
 * byte, whole answer, CPU of this process (the API and its client), its memory over long answers.
 * Usage: node dist/bench/history.js [runs] [embedded|influxd]
 */
import { loadavg } from 'node:os';
import { createKept } from '../api/history/coverage.ts';
import { createRuns } from '../api/leaderboard/runs.ts';
import { systemClock as clock } from '../core/clock.ts';
import { createInflux, type Influx } from '../core/influx/influx.ts';
import {
  momentLevel,
  momentNames,
  rankBucket,
  rollupBucket,
  rollupLevels,
  rollupMeasurement,
  stepMs,
} from '../core/rollups.ts';
import { createHistoryQueries } from '../flux/history-queries.ts';
import { createRankQueries, momentPoints } from '../flux/rank-queries.ts';
import type { Catalog } from '../registry/catalog.ts';
import { startApi } from '../test/helpers/api.ts';
import { makeMarkets } from './market.ts';
import { median } from './median.ts';
import { type Server as AnyServer, startServers } from './servers.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const LINES_PER_WRITE = 10_000;
const MOMENTS = momentNames(momentLevel('24h'));
const MOMENT_MS = stepMs(momentLevel('24h'));
const LEVELS = { '5m': 5 * MINUTE_MS, '1h': HOUR_MS } as const;

type Server = AnyServer & { cpuSeconds?(): number };

const markets = makeMarkets();
const exchanges = [...new Set(markets.map(({ exchange }) => exchange))].sort();
const pairs = [...new Set(markets.map(({ pair }) => pair))].sort();
const tagsOf = ({ exchange, pair }: (typeof markets)[number]) =>
  `exchange=${exchange},pair=${pair}`;

const catalog: Catalog = {
  exchangesOf: async () => exchanges,
  listedExchanges: async () => exchanges,
  nearPairs: async () => [],
  exchanges: async () => [],
  pairs: async () =>
    pairs.map((pair) => ({ pair, base: pair.slice(0, -3), quote: pair.slice(-3), exchanges })),
};

async function writeAll(server: Server, bucket: string, lines: Iterable<string>): Promise<void> {
  let batch: string[] = [];
  const flush = async () => {
    const url = `${server.url}/api/v2/write?org=${server.org}&bucket=${bucket}`;
    const headers = { authorization: `Token ${server.token}` };
    const answer = await fetch(url, { method: 'POST', headers, body: batch.join('\n') });
    if (answer.status !== 204) throw new Error(await answer.text());
    batch = [];
  };
  for (const line of lines) {
    if (batch.push(line) === LINES_PER_WRITE) await flush();
  }
  if (batch.length > 0) await flush();
}

function* priceLines(nowMs: number): Iterable<string> {
  for (let minute = 1; minute <= 26 * 60; minute++) {
    const time = `${nowMs - minute * MINUTE_MS}000000`;
    for (const market of markets) {
      if (minute > 120 && market.pair !== 'btcusd') continue;
      yield `price,${tagsOf(market)} price=${market.base + (minute % 17)} ${time}`;
    }
  }
}

function* rollupLines(level: keyof typeof LEVELS, nowMs: number): Iterable<string> {
  const fields = 'first=1.5,max=3.25,min=1.25,last=2.5,mean=2,count=5i';
  for (let ago = 1; ago * LEVELS[level] <= 30 * DAY_MS; ago++) {
    const time = `${nowMs - ago * LEVELS[level]}000000`;
    for (const market of markets) {
      if (ago > 24 && market.pair !== 'btcusd') continue;
      yield `${rollupMeasurement(level)},${tagsOf(market)} ${fields} ${time}`;
    }
  }
}

function* markLines(nowMs: number): Iterable<string> {
  for (const level of ['5m', '1h'] as const) {
    for (let ago = 1; ago * LEVELS[level] <= 31 * DAY_MS; ago++) {
      yield `rollup_step,task=rollup-${level} series=1i ${nowMs - ago * LEVELS[level]}000000`;
    }
  }
  const fields = `series=1i,regular=${MOMENT_MS / MINUTE_MS}i`;
  yield `rollup_step,task=${MOMENTS.mark} ${fields} ${nowMs - MOMENT_MS}000000`;
  for (const [kind, count] of Object.entries({ rank: markets.length, 'pair-rank': pairs.length })) {
    yield `rollup_step,task=${kind}-24h series=${count}i ${nowMs}000000`;
  }
}

function* rankLines(nowMs: number): Iterable<string> {
  const seen = new Map<string, number>();
  for (const market of markets) {
    const rank = (seen.get(market.exchange) ?? 0) + 1;
    seen.set(market.exchange, rank);
    const fields = `stddev=${1e6 / rank},rank=${rank}i,of=13827i`;
    yield `rank,${tagsOf(market)},window=24h ${fields} ${nowMs}000000`;
  }
  for (const [index, pair] of pairs.entries()) {
    const fields = `stddev=${1e6 / (index + 1)},rank=${index + 1}i,of=${pairs.length}i`;
    yield `pair_rank,pair=${pair},window=24h ${fields} ${nowMs}000000`;
  }
}

function* momentLines(nowMs: number): Iterable<string> {
  for (let half = 1; half <= momentPoints('24h'); half++) {
    const time = `${nowMs - (half * MOMENT_MS) / 2}000000`;
    for (const market of markets) {
      yield `${MOMENTS.points},${tagsOf(market)} point=${market.base + (half % 3)} ${time}`;
    }
  }
}

async function fill(server: Server, influx: Influx, nowMs: number): Promise<void> {
  const names = [...rollupLevels.map((level) => rollupBucket(server.bucket, level))];
  for (const name of [...names, rankBucket(server.bucket)]) {
    await influx.buckets.ensure({ retentionSeconds: 0, name });
  }
  await writeAll(server, server.bucket, priceLines(nowMs));
  await writeAll(server, server.bucket, markLines(nowMs));
  await writeAll(server, server.bucket, rankLines(nowMs));
  for (const level of ['5m', '1h'] as const) {
    await writeAll(server, rollupBucket(server.bucket, level), rollupLines(level, nowMs));
  }
  await writeAll(server, rankBucket(server.bucket), momentLines(nowMs));
}

const QUESTIONS = [
  ['24 h, all that was written', 'every=1m'],
  ['24 h, mean of 5 m', 'every=5m'],
  ['24 h, ohlc of 5 m', 'every=5m&fn=ohlc'],
  ['30 d, ohlc of 1 h', 'start=-30d&every=1h&fn=ohlc'],
  ['30 d, ohlc of 5 m, one exchange', 'start=-30d&every=5m&fn=ohlc&exchange=kraken'],
  ['30 d, ohlc of 5 m', 'start=-30d&every=5m&fn=ohlc'],
  ['30 d, mean of 5 m', 'start=-30d&every=5m'],
] as const;

async function timed(url: string): Promise<{ ms: number; firstMs: number; rows: number }> {
  const startMs = clock.monotonicMs();
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  let firstMs = 0;
  let rows = 0;
  for await (const chunk of answer.body ?? []) {
    firstMs ||= clock.monotonicMs() - startMs;
    for (const byte of chunk as Uint8Array) if (byte === 10) rows++;
  }
  return { ms: clock.monotonicMs() - startMs, firstMs, rows };
}

const middle = (values: readonly number[]): string => median(values).toFixed(0);

async function measure(server: Server, runs: number): Promise<void> {
  const influx = createInflux({ ...server, timeoutMs: 300_000, clock });
  const nowMs = Math.floor(clock.nowMs() / HOUR_MS) * HOUR_MS;
  await fill(server, influx, nowMs);
  const queries = createHistoryQueries({ bucket: server.bucket });
  const rollupRetentionMs = { '1m': 0, '5m': 0, '1h': 0, '1d': 0 };
  const dirty = async () => [];
  const still = { ...clock, nowMs: () => nowMs + 3 * MINUTE_MS };
  const retentionMs = 31 * DAY_MS;
  const options = { influx, queries, clock: still, retentionMs, rollupRetentionMs, dirty };
  const history = { queries, kept: createKept(options) };
  const rankQueries = createRankQueries({ bucket: server.bucket });
  let runsOf = createRuns({ influx, queries: rankQueries, clock });
  const api = await startApi({
    ...{ influx, catalog, history, retentionMs },
    clock: still,
    runs: {
      newest: (...which) => runsOf.newest(...which),
      at: (...which) => runsOf.at(...which),
    },
  });
  console.log(`\n${server.name}, ${runs} runs of each, median`);
  let peakMb = 0;
  const watch = setInterval(() => {
    peakMb = Math.max(peakMb, process.memoryUsage.rss() / 1e6);
  }, 10);
  for (const [title, query] of QUESTIONS) {
    const url = `${api.url}/api/v1/pairs/btcusd/prices?${query}&format=ndjson`;
    await timed(url);
    peakMb = 0;
    const cpu = process.cpuUsage();
    const found = [];
    for (let run = 0; run < runs; run++) found.push(await timed(url));
    const { user, system } = process.cpuUsage(cpu);
    console.log(
      `  ${title}: ${found[0]?.rows} rows in ${middle(found.map(({ ms }) => ms))} ms, ` +
        `first byte ${middle(found.map(({ firstMs }) => firstMs))} ms, ` +
        `CPU ${((user + system) / 1000 / runs).toFixed(0)} ms, peak RSS ${peakMb.toFixed(0)} MB`,
    );
  }
  clearInterval(watch);
  for (const query of ['', 'exchange=kraken', 'by=volatility', 'by=volatility&exchange=kraken']) {
    const cold = [];
    const warm = [];
    const serverCpu = server.cpuSeconds?.() ?? Number.NaN;
    for (let run = 0; run < runs; run++) {
      runsOf = createRuns({ influx, queries: rankQueries, clock });
      cold.push((await timed(`${api.url}/api/v1/ranks?${query}`)).ms);
      warm.push((await timed(`${api.url}/api/v1/ranks?${query}`)).ms);
    }
    const serverMs = (((server.cpuSeconds?.() ?? Number.NaN) - serverCpu) * 1000) / runs;
    console.log(
      `  ranks ${query || 'of pairs'}: ${middle(cold)} ms, then ${middle(warm)} ms; ` +
        `CPU of InfluxDB ${serverMs.toFixed(0)} ms`,
    );
  }
  await api.close();
  await influx.close();
}

const [, , runs = '5', which = 'both'] = process.argv;
console.log(`load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`);
for (const server of await startServers(which)) {
  try {
    await measure(server, Number(runs));
  } finally {
    await server.stop();
  }
}

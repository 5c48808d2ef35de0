/**
 * Line protocol over HTTP into our engine and into influxd, interleaved: 13,827 series, some
 * minutes at a time, gzip level 1 and two connections as the writer has them. Both servers are
 * processes of their own. Usage: node dist/bench/write.js [pairs of runs] [minutes a run]
 */
import { loadavg } from 'node:os';
import { constants, gzipSync } from 'node:zlib';
import { Agent, request } from 'undici';
import { influxdPath } from '../test/helpers/influxd.ts';
import { cpuSecondsOf, memoryBytesOf } from '../test/helpers/proc.ts';
import { makeMarkets, marketStart } from './market.ts';
import { median } from './median.ts';
import { type Server, startServers } from './servers.ts';

const CONNECTIONS = 2;
const LINES_PER_POST = 10_000;
const RATIO_AIM = 2;

interface Run {
  readonly pointsPerSecond: number;
  readonly cpuSeconds: number;
  readonly slowestMs: number;
}

const markets = makeMarkets();

/** The posts of one minute, packed. */
function postsOf(minute: number): Buffer[] {
  const time = `${marketStart + minute * 60}000000000`;
  const lines = markets.map(
    ({ prefix, base, phase }) =>
      `${prefix}${(base * (1 + Math.sin(minute + phase) / 50)).toPrecision(9)} ${time}`,
  );
  const posts: Buffer[] = [];
  for (let start = 0; start < lines.length; start += LINES_PER_POST) {
    const text = lines.slice(start, start + LINES_PER_POST).join('\n');
    posts.push(gzipSync(text, { level: constants.Z_BEST_SPEED }));
  }
  return posts;
}

async function run(server: Server, posts: readonly Buffer[], points: number): Promise<Run> {
  const dispatcher = new Agent({ connections: CONNECTIONS });
  const url = `${server.url}/api/v2/write?org=tidemark&bucket=tidemark&precision=ns`;
  const headers = { authorization: `Token ${server.token}`, 'content-encoding': 'gzip' };
  const waiting = [...posts];
  let slowestMs = 0;
  const cpuBefore = cpuSecondsOf(server.pid);
  const start = performance.now();
  const work = async () => {
    for (let body = waiting.shift(); body; body = waiting.shift()) {
      const sent = performance.now();
      const answer = await request(url, { method: 'POST', headers, body, dispatcher });
      if (answer.statusCode !== 204) throw new Error(await answer.body.text());
      await answer.body.dump();
      slowestMs = Math.max(slowestMs, performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  const seconds = (performance.now() - start) / 1000;
  await dispatcher.close();
  return {
    pointsPerSecond: points / seconds,
    cpuSeconds: cpuSecondsOf(server.pid) - cpuBefore,
    slowestMs,
  };
}

async function main(pairs: number, minutes: number): Promise<void> {
  if (influxdPath() === undefined) throw new Error('no influxd here: `make influxd` builds it');
  const servers = await startServers('both');
  const runs = new Map(servers.map((server) => [server.name, [] as Run[]]));
  const points = markets.length * minutes;
  console.log(`load ${loadavg()[0]?.toFixed(1)}; ${points} points a run, ${pairs} pairs of runs`);
  try {
    for (let pair = -1; pair < pairs; pair++) {
      const posts = Array.from({ length: minutes }, (_, i) =>
        postsOf((pair + 1) * minutes + i),
      ).flat();
      for (const server of servers) {
        const result = await run(server, posts, points);
        // The first pair makes the series and warms both up.
        if (pair >= 0) runs.get(server.name)!.push(result);
      }
    }
    report(servers, runs);
  } finally {
    for (const server of servers) await server.stop();
  }
}

function report(servers: readonly Server[], runs: ReadonlyMap<string, readonly Run[]>): void {
  for (const server of servers) {
    const own = runs.get(server.name)!;
    const rate = Math.round(median(own.map((one) => one.pointsPerSecond)));
    const cpu = median(own.map((one) => one.cpuSeconds)).toFixed(2);
    const slowest = Math.round(Math.max(...own.map((one) => one.slowestMs)));
    const rss = Math.round(memoryBytesOf(server.pid, 'VmHWM') / 1e6);
    console.log(
      `${server.name}: ${rate} points/s, ${cpu} CPU s a run, slowest ${slowest} ms, peak ${rss} MB`,
    );
    console.log(`  raw points/s: ${own.map((one) => Math.round(one.pointsPerSecond)).join(' ')}`);
  }
  const [ours, theirs] = servers.map((server) => runs.get(server.name)!) as [Run[], Run[]];
  const ratio = median(ours.map((one, i) => one.pointsPerSecond / theirs[i]!.pointsPerSecond));
  console.log(
    `ratio ${ratio.toFixed(2)} (aim ${RATIO_AIM}): ${ratio >= RATIO_AIM ? 'met' : 'missed'}`,
  );
}

await main(Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 10));

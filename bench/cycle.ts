/**
 * One cycle of 13,827 markets, from the bodies of the exchanges in hand to the acknowledgement of
 * the server, beside the time of posting the same lines ready-made and nothing else. Interleaved,
 * medians, both engines as processes of their own; also how long the event loop stood still.
 * Usage: node --expose-gc dist/bench/cycle.js [cycles] [embedded|influxd|both] [thread|inline]
 */
import { loadavg } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { systemClock as clock } from '../core/clock.ts';
import { createInflux, type Influx } from '../core/influx/influx.ts';
import { cycle, LoopWatch, startIngest, TURNS } from './ingest.ts';
import { median } from './median.ts';
import { startServers } from './servers.ts';

const RATIO_AIM = 1.5;
const BLOCKED_MS_AIM = 50;
const MINUTE_MS = 60_000;
/** The lines of a cycle as the writer would send them, caught on their way. */
async function linesOf(turn: number, slotMs: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  const target: Pick<Influx, 'write'> = {
    async write(lines, { gzip }) {
      parts.push(gzip ? gunzipSync(lines) : Buffer.from(lines));
      return { status: 204, headers: {}, text: '' };
    },
  };
  const ingest = await startIngest(target, true);
  await cycle(ingest, turn, slotMs);
  await ingest.close();
  return Buffer.concat(parts);
}

/** The same lines at another time. */
function retimed(lines: Buffer, fromMs: number, toMs: number): Buffer {
  return Buffer.from(lines.toString().replaceAll(` ${fromMs}000000\n`, ` ${toMs}000000\n`));
}

async function compare(name: string, influx: Influx, rounds: number, inline: boolean) {
  const startMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 2 * rounds * MINUTE_MS;
  const ready: Buffer[] = [];
  for (let turn = 0; turn < TURNS; turn++) ready.push(await linesOf(turn, startMs));
  const count = ready[0]?.toString().split('\n').length ?? 0;
  const ingest = await startIngest(influx, inline);
  const cycles: number[] = [];
  const posts: number[] = [];
  const blocked: number[] = [];
  for (let round = -3; round < rounds; round++) {
    const slotMs = startMs + 2 * (round + 3) * MINUTE_MS;
    const body = retimed(ready[(round + 8) % TURNS] as Buffer, startMs, slotMs + MINUTE_MS);
    const watch = new LoopWatch();
    const tookMs = await cycle(ingest, round + 8, slotMs, watch);
    const postMs = await post(influx, body);
    if (round < 0) continue;
    cycles.push(tookMs);
    posts.push(postMs);
    blocked.push(watch.maxMs);
  }
  await ingest.close();
  const ratio = median(cycles.map((ms, i) => ms / (posts[i] as number)));
  const most = Math.max(...blocked);
  console.log(
    `${name}: ${count - 1} lines; cycle ${median(cycles).toFixed(0)} ms, ` +
      `post ${median(posts).toFixed(0)} ms`,
  );
  console.log(`  blocked ${blocked.map((ms) => ms.toFixed(0)).join(' ')}`);
  console.log(`  cycles ${cycles.map((ms) => ms.toFixed(0)).join(' ')}`);
  console.log(`  posts  ${posts.map((ms) => ms.toFixed(0)).join(' ')}`);
  console.log(`cycle/post ${name}: ${ratio.toFixed(2)} (wanted at most ${RATIO_AIM})`);
  console.log(`loop blocked ${name}: ${most.toFixed(0)} ms (wanted at most ${BLOCKED_MS_AIM})`);
}

async function post(influx: Influx, body: Buffer): Promise<number> {
  const startMs = performance.now();
  const { status, text } = await influx.write(body, { gzip: false });
  if (status !== 204) throw new Error(`${status} ${text}`);
  return performance.now() - startMs;
}

const rounds = Number(process.argv[2] ?? 15);
const which = process.argv[3] ?? 'both';
const inline = process.argv[4] === 'inline';
console.log(`load ${loadavg()[0]?.toFixed(2)}; ${rounds} rounds, ${inline ? 'inline' : 'thread'}`);
for (const server of await startServers(which)) {
  const influx = createInflux({ ...server, timeoutMs: 60_000, clock });
  try {
    await compare(server.name, influx, rounds, inline);
  } finally {
    await influx.close();
    await server.stop();
  }
}

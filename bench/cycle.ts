/**
 * One cycle of 13,827 markets, from the bodies of the exchanges in hand to the acknowledgement of
 * the server, beside the time of posting the same lines ready-made and nothing else. Interleaved,
 * medians, both engines as processes of their own; also how long the event loop stood still.
 * Usage: node --expose-gc dist/bench/cycle.js [cycles] [embedded|influxd|both] [thread|inline]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock as clock } from '../core/clock.ts';
import type { HttpClient } from '../core/http.ts';
import { createInflux, type Influx } from '../core/influx/influx.ts';
import { silentLog } from '../core/log.ts';
import { pairOf } from '../core/pair.ts';
import { exchanges } from '../ingest/prices/exchanges/list.ts';
import { createPriceSource } from '../ingest/prices/fetch.ts';
import { createLane, type LaneOptions, type PriceLane } from '../ingest/prices/lane.ts';
import { createMarketDirectory } from '../ingest/prices/markets.ts';
import { inlineParser } from '../ingest/prices/parser.ts';
import { createThreadParser } from '../ingest/prices/thread-parser.ts';
import { createWriter, type WriterMetrics } from '../ingest/writer/writer.ts';
import { type Bodies, makeBodies } from './bodies.ts';
import { startServers } from './servers.ts';

const RATIO_AIM = 1.5;
const BLOCKED_MS_AIM = 50;
const MINUTE_MS = 60_000;
/** Bodies with other prices, taken in turn. */
const TURNS = 4;

const turns = Array.from({ length: TURNS }, (_, turn) => makeBodies(turn));

/** Answers from memory, each body as a fresh copy that its reader may keep. */
class MemoryHttp implements HttpClient {
  readonly #ready = new Map<string, Buffer>();
  #turn = 0;

  /** Lays out the copies before the clock runs. */
  prepare(turn: number): void {
    this.#turn = turn % TURNS;
    for (const { id, made } of this.#bodies) {
      for (const [path, body] of made) this.#ready.set(`http://${id}${path}`, copyOf(body));
    }
  }

  get #bodies(): readonly Bodies[] {
    return turns[this.#turn] as readonly Bodies[];
  }

  fetch: HttpClient['fetch'] = async ({ url }) => {
    const body = this.#ready.get(url) ?? this.#make(url);
    this.#ready.delete(url);
    const headers = { 'content-type': 'application/json' };
    return { status: 200, headers, body, url, redirects: 0, durationMs: 0 };
  };

  /** The first time only: some requests name the markets of a list. */
  #make(url: string): Buffer {
    const { host } = new URL(url);
    const bodies = this.#bodies.find(({ id }) => id === host);
    if (!bodies) throw new Error(`no exchange ${host}`);
    return copyOf(bodies.answer(url.slice(`http://${host}`.length)));
  }

  async close(): Promise<void> {}
}

function copyOf(body: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(body.length);
  body.copy(copy);
  return copy;
}

interface Ingest {
  readonly http: MemoryHttp;
  readonly lanes: readonly PriceLane[];
  /** Resolves when every point that was accepted is acknowledged. */
  stored(): Promise<void>;
  close(): Promise<void>;
}

const ignore = (): void => undefined;

async function startIngest(target: Pick<Influx, 'write'>, inline: boolean): Promise<Ingest> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-cycle-'));
  const random = Math.random;
  let missing = 0;
  let wake = ignore;
  const metrics: WriterMetrics = {
    ...{ refused: ignore, retried: ignore },
    accepted(points) {
      missing += points;
    },
    dead(points, reason) {
      throw new Error(`${points} points dead: ${reason}`);
    },
    written(points) {
      missing -= points;
      if (missing === 0) wake();
    },
  };
  const writer = await createWriter({ dir, target, clock, random, log: silentLog, metrics });
  const http = new MemoryHttp();
  const parser = inline ? inlineParser : createThreadParser({ clock, log: silentLog });
  const shared: Omit<LaneOptions, 'exchange' | 'source'> = {
    intervalMs: MINUTE_MS,
    markets: createMarketDirectory({
      clock,
      ensureMarkets: async (_, list) =>
        list.map(({ symbol, base, quote }) => ({ symbol, pair: pairOf(base, quote) })),
    }),
    isOff: () => false,
    sink: writer,
    pauses: new Map(),
    clock,
    log: silentLog,
    metrics: {
      polled: ignore,
      wrote: ignore,
      dropped: ignore,
      skipped: ignore,
      late: ignore,
      clashed: ignore,
    },
    onState: ignore,
  };
  const ids = new Set(turns[0]?.map(({ id }) => id));
  const lanes = exchanges
    .filter(({ id }) => ids.has(id))
    .map((adapter) => {
      const exchange = { adapter, baseUrl: `http://${adapter.id}` };
      const source = createPriceSource({ exchange, http, clock, deadlineMs: 60_000, parser });
      return createLane({ ...shared, exchange, source });
    });
  return {
    ...{ http, lanes },
    stored: () =>
      new Promise((resolve) => {
        wake = () => resolve();
        if (missing === 0) resolve();
      }),
    async close() {
      await Promise.all(lanes.map((lane) => lane.close()));
      await parser.close();
      await writer.close();
      await rm(dir, { recursive: true });
    },
  };
}

const signal = new AbortController().signal;

/** Every lane once; the milliseconds until the server has acknowledged every point. */
async function cycle(ingest: Ingest, turn: number, slotMs: number): Promise<number> {
  const { http, lanes } = ingest;
  http.prepare(turn);
  globalThis.gc?.();
  const startMs = performance.now();
  await Promise.all(lanes.map((lane) => lane.run({ slotMs, dueMs: slotMs }, signal)));
  for (const { state } of lanes) {
    if (state.state !== 'ok') throw new Error(`${state.exchange}: ${state.lastError}`);
  }
  await ingest.stored();
  const tookMs = performance.now() - startMs;
  return tookMs;
}

/** The lines of a cycle as the writer would send them, caught on their way. */
async function linesOf(turn: number, slotMs: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  const target: Pick<Influx, 'write'> = {
    async write(lines, { gzip }) {
      const { gunzipSync } = await import('node:zlib');
      parts.push(gzip ? gunzipSync(lines) : Buffer.from(lines));
      return { status: 204, headers: {}, text: '' };
    },
  };
  const ingest = await startIngest(target, true);
  await cycle(ingest, turn, slotMs);
  await ingest.close();
  return Buffer.concat(parts);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
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
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const cycles: number[] = [];
  const posts: number[] = [];
  const blocked: number[] = [];
  for (let round = -3; round < rounds; round++) {
    const slotMs = startMs + 2 * (round + 3) * MINUTE_MS;
    const body = retimed(ready[(round + 8) % TURNS] as Buffer, startMs, slotMs + MINUTE_MS);
    globalThis.gc?.();
    delay.reset();
    delay.enable();
    const tookMs = await cycle(ingest, round + 8, slotMs);
    delay.disable();
    const postMs = await post(influx, body);
    if (round < 0) continue;
    cycles.push(tookMs);
    posts.push(postMs);
    blocked.push(delay.max / 1e6);
  }
  await ingest.close();
  const ratio = median(cycles.map((ms, i) => ms / (posts[i] as number)));
  const most = Math.max(...blocked);
  console.log(
    `${name}: ${count - 1} lines; cycle ${median(cycles).toFixed(0)} ms, ` +
      `post ${median(posts).toFixed(0)} ms`,
  );
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

/**
 * The price ingest for benchmarks: bodies from memory through parser, registry of names, encoder,
 * spool and writer into a server, without anybody's network.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock as clock } from '../core/clock.ts';
import type { HttpClient } from '../core/http.ts';
import type { Influx } from '../core/influx/influx.ts';
import { silentLog } from '../core/log.ts';
import { pairOf } from '../core/pair.ts';
import { exchanges } from '../ingest/prices/exchanges/list.ts';
import { createPriceSource } from '../ingest/prices/fetch.ts';
import { createLane, type LaneOptions, type PriceLane } from '../ingest/prices/lane.ts';
import { createMarketDirectory } from '../ingest/prices/markets.ts';
import { inlineParser } from '../ingest/prices/parser.ts';
import { createThreadParser, PARSER_THREADS } from '../ingest/prices/thread-parser.ts';
import { createWriter, type WriterMetrics } from '../ingest/writer/writer.ts';
import { type Bodies, makeBodies } from './bodies.ts';

const MINUTE_MS = 60_000;
/** Bodies with other prices, taken in turn. */
export const TURNS = 4;

/** 100 MB of objects are swept in less. */
const SWEEP_MS = 60;

const turns = Array.from({ length: TURNS }, (_, turn) => makeBodies(turn));

/** Answers from memory, each body as a fresh copy that its reader may keep. */
class MemoryHttp implements HttpClient {
  readonly #ready = new Map<string, Buffer>();
  #turn = 0;
  /** What was asked for since the last `prepare`. */
  asked: Buffer[] = [];

  /** Lays out the copies before the clock runs. */
  prepare(turn: number): void {
    this.#turn = turn % TURNS;
    this.asked = [];
    for (const { id, made } of this.#bodies) {
      for (const [path, body] of made) this.#ready.set(`http://${id}${path}`, copyOf(body));
    }
  }

  get #bodies(): readonly Bodies[] {
    return turns[this.#turn] as readonly Bodies[];
  }

  fetch: HttpClient['fetch'] = async ({ url }) => {
    const made = this.#made(url);
    const body = this.#ready.get(url) ?? copyOf(made);
    this.#ready.delete(url);
    this.asked.push(made);
    const headers = { 'content-type': 'application/json' };
    return { status: 200, headers, body, url, redirects: 0, durationMs: 0 };
  };

  /** Made the first time only: some requests name the markets of a list. */
  #made(url: string): Buffer {
    const { host } = new URL(url);
    const bodies = this.#bodies.find(({ id }) => id === host);
    if (!bodies) throw new Error(`no exchange ${host}`);
    return bodies.answer(url.slice(`http://${host}`.length));
  }

  async close(): Promise<void> {}
}

/** In memory of its own, so that it can be moved to another thread. */
export function copyOf(body: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(body.length);
  body.copy(copy);
  return copy;
}

export interface Ingest {
  readonly http: MemoryHttp;
  readonly lanes: readonly PriceLane[];
  /** Resolves when every point that was accepted is acknowledged. */
  stored(): Promise<void>;
  close(): Promise<void>;
}

const ignore = (): void => undefined;

export interface IngestOptions {
  /** Bodies are read without threads. */
  readonly inline?: boolean;
  /** Requests at once, where it is not the writer's default. */
  readonly connections?: number;
}

/** All exchanges that have bodies, a writer, and nobody's clock: `cycle` says when. */
export async function startIngest(
  target: Pick<Influx, 'write'>,
  { inline = false, connections }: IngestOptions = {},
): Promise<Ingest> {
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
  const own = { dir, target, clock, random, log: silentLog, metrics };
  // As the product does it on the same machine.
  const limits = connections === undefined ? {} : { connections };
  const writer = await createWriter({ ...own, limits, compress: false });
  const http = new MemoryHttp();
  const parser = inline
    ? inlineParser
    : createThreadParser({ clock, log: silentLog, threads: PARSER_THREADS });
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

/** Watches the event loop while somebody works; `maxMs`: how long it stood still at most. */
export class LoopWatch {
  readonly #delay = monitorEventLoopDelay({ resolution: 1 });
  maxMs = 0;

  async over<T>(work: () => Promise<T>): Promise<T> {
    this.#delay.enable();
    // The loop turns with the watch on, so that the first delay is seen too.
    await clock.sleep(5);
    this.#delay.reset();
    const result = await work();
    await clock.sleep(5);
    this.#delay.disable();
    this.maxMs = Math.max(this.maxMs, this.#delay.max / 1e6);
    return result;
  }
}

/** A collection leaves work to threads of its own: that must not be measured with what follows. */
export async function collectGarbage(): Promise<void> {
  globalThis.gc?.();
  await clock.sleep(SWEEP_MS);
}

/**
 * Every lane once; the milliseconds until the server has acknowledged every point. Bodies are laid
 * out and garbage is collected before, unwatched: that is this bench's work and not the product's.
 */
export async function cycle(
  ingest: Ingest,
  turn: number,
  slotMs: number,
  watch = new LoopWatch(),
): Promise<number> {
  ingest.http.prepare(turn);
  await collectGarbage();
  return watch.over(() => run(ingest, slotMs));
}

async function run(ingest: Ingest, slotMs: number): Promise<number> {
  const { lanes } = ingest;
  const startMs = performance.now();
  await Promise.all(
    lanes.map((lane) => lane.run({ slotMs, dueMs: slotMs }, new AbortController().signal)),
  );
  for (const { state } of lanes) {
    if (state.state !== 'ok') throw new Error(`${state.exchange}: ${state.lastError}`);
  }
  await ingest.stored();
  return performance.now() - startMs;
}

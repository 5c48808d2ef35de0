import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Config } from '../core/config.ts';
import { messageOf } from '../core/errors.ts';
import { createInflux, type Influx } from '../core/influx/influx.ts';
import type { WatchOptions } from '../core/influx/watch.ts';
import type { Log } from '../core/log.ts';
import { type Engine, startEngine } from '../embedded/engine.ts';
import type { Parts } from './parts.ts';

const QUERY_TIMEOUT_MS = 60_000;

export interface Store {
  readonly influx: Influx;
  /** Undefined: a real InfluxDB. */
  readonly engine: Engine | undefined;
}

/** Where the embedded engine keeps its files and its token. */
export function engineDir(config: Config): string {
  return join(config.dataDir, 'influx');
}

/** Connects to INFLUX_URL, or starts the embedded engine and connects to that. */
export async function openStore(
  config: Config,
  parts: Parts,
  { clock, log, watch = {} }: { clock: Clock; log: Log; watch?: WatchOptions },
): Promise<Store> {
  const { influxOrg: org, influxBucket: bucket } = config;
  let engine: Engine | undefined;
  if (config.influxUrl === undefined) {
    await mkdir(engineDir(config), { recursive: true });
    engine = await startEngine({
      dir: engineDir(config),
      host: '127.0.0.1',
      port: config.influxPort,
      org,
      bucket,
      retentionSeconds: config.retentionMs / 1000,
      memoryBytesMax: config.engineMemoryBytesMax,
      log,
    });
    parts.add('engine', engine.close);
  }
  const url = config.influxUrl ?? engine?.url ?? '';
  const token = config.influxToken ?? engine?.token ?? '';
  const how = { timeoutMs: QUERY_TIMEOUT_MS, clock, watch };
  const influx = createInflux({ ...{ url, token, org, bucket }, ...how });
  parts.add('influx', influx.close);
  if (engine === undefined) ensureBucket(config, influx, parts, { clock, log });
  return { influx, engine };
}

const ENSURE_WAIT_MS = 5_000;

/**
 * Makes the bucket as soon as InfluxDB answers. Nothing waits for that: until then points stay in
 * the spool and readiness says what is wrong.
 */
function ensureBucket(
  { retentionMs }: Config,
  influx: Influx,
  parts: Parts,
  { clock, log }: { clock: Clock; log: Log },
): void {
  const ending = new AbortController();
  async function run(): Promise<void> {
    for (let told = false; !ending.signal.aborted; told = true) {
      try {
        await influx.buckets.ensure({ retentionSeconds: retentionMs / 1000 });
        return;
      } catch (error) {
        if (!told) log.warn({ error: messageOf(error) }, 'the bucket is not there yet');
      }
      await clock.sleep(ENSURE_WAIT_MS, ending.signal).catch(() => undefined);
    }
  }
  const running = run();
  parts.add('bucket', async () => {
    ending.abort();
    await running;
  });
}

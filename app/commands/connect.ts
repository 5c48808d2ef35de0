import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import type { Config } from '../../core/config.ts';
import { isCode, messageOf, TidemarkError } from '../../core/errors.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { engineDir } from '../store.ts';

const TIMEOUT_MS = 300_000;

/**
 * A client of INFLUX_URL, or of the embedded engine of the Tidemark that is running with the same
 * DATA_DIR and INFLUX_PORT, which has answered. @throws TidemarkError `not-found` where no engine has
 * run, `unavailable` where nothing answers, `conflict` where something else does: each says where
 * was asked and what to do.
 */
export async function connect(config: Config): Promise<Influx> {
  const { influxUrl, influxOrg: org, influxBucket: bucket } = config;
  const url = influxUrl ?? `http://127.0.0.1:${config.influxPort}`;
  const token = config.influxToken ?? (await readToken(config, url));
  const influx = createInflux({
    url,
    token,
    org,
    bucket,
    timeoutMs: TIMEOUT_MS,
    clock: systemClock,
  });
  try {
    await demandAnswer(config, influx);
    return influx;
  } catch (error) {
    await influx.close();
    throw error;
  }
}

async function demandAnswer(config: Config, influx: Influx): Promise<void> {
  try {
    await influx.ping();
  } catch (cause) {
    if (isCode(cause, 'unavailable')) throw away(config, cause);
    if (isCode(cause, 'not-found', 'invalid', 'upstream'))
      throw stranger(config, influx.url, cause);
    throw cause;
  }
  if (config.influxUrl !== undefined || config.influxToken !== undefined) return;
  try {
    await influx.buckets.find(config.influxBucket);
  } catch (cause) {
    if (!isCode(cause, 'unauthorized')) throw cause;
    const found = `the engine at ${influx.url} is that of another DATA_DIR than ${config.dataDir}`;
    const fix = 'set DATA_DIR to that of the Tidemark that runs there, or INFLUX_PORT to another';
    throw new TidemarkError('conflict', `${found}: ${fix}`, { cause });
  }
}

function away({ influxUrl, influxPort, dataDir }: Config, cause: unknown): TidemarkError {
  const fix =
    influxUrl === undefined
      ? `start Tidemark with DATA_DIR=${dataDir} (make start); ` +
        `where it runs already, with another INFLUX_PORT than ${influxPort}, set that`
      : 'start InfluxDB there, or mend INFLUX_URL';
  return new TidemarkError('unavailable', `${messageOf(cause)}; ${fix}`, { cause });
}

function stranger({ influxUrl }: Config, url: string, cause: unknown): TidemarkError {
  const setting = influxUrl === undefined ? 'INFLUX_PORT' : 'INFLUX_URL';
  const fix = `mend ${setting} (the API of Tidemark has a port of its own, PORT)`;
  return new TidemarkError('conflict', `what answers at ${url} is no InfluxDB: ${fix}`, { cause });
}

async function readToken(config: Config, url: string): Promise<string> {
  const token = await tokenIn(config);
  if (token !== undefined) return token;
  const demo = { ...config, dataDir: `${config.dataDir.replace(/\/+$/, '')}-demo` };
  const there = (await tokenIn(demo)) !== undefined;
  throw new TidemarkError(
    'not-found',
    `no Tidemark has run with DATA_DIR=${config.dataDir}, so there is none to ask at ${url}: ` +
      'start it (make start), set DATA_DIR to that of the one that runs' +
      `${there ? ` (the demo: DATA_DIR=${demo.dataDir})` : ''}, or set INFLUX_URL and INFLUX_TOKEN`,
  );
}

/** Of the engine that has run with this DATA_DIR. */
async function tokenIn(config: Config): Promise<string | undefined> {
  try {
    return (await readFile(join(engineDir(config), 'token'), 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

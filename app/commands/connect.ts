import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import type { Config } from '../../core/config.ts';
import { TidemarkError } from '../../core/errors.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { engineDir } from '../store.ts';

const TIMEOUT_MS = 300_000;

/**
 * A client of INFLUX_URL, or of the embedded engine of the Tidemark that is running with the same
 * DATA_DIR and INFLUX_PORT; `not-found` where none has ever run.
 */
export async function connect(config: Config): Promise<Influx> {
  const { influxUrl, influxOrg: org, influxBucket: bucket } = config;
  const url = influxUrl ?? `http://127.0.0.1:${config.influxPort}`;
  const token = config.influxToken ?? (await readToken(config));
  return createInflux({ url, token, org, bucket, timeoutMs: TIMEOUT_MS, clock: systemClock });
}

async function readToken(config: Config): Promise<string> {
  try {
    return (await readFile(join(engineDir(config), 'token'), 'utf8')).trim();
  } catch (cause) {
    throw new TidemarkError(
      'not-found',
      `no embedded engine has run in ${config.dataDir}: start Tidemark first, or set INFLUX_URL`,
      { cause },
    );
  }
}

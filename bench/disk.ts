/**
 * Bytes on disk of a point, for both engines, as Tidemark stores prices: price and volume of a
 * market each minute, prices that walk by cents, some that stand still.
 * Usage: node dist/bench/disk.js [series=4000] [minutes=1440]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../core/clock.ts';
import { TidemarkError } from '../core/errors.ts';
import { silentLog } from '../core/log.ts';
import type { Point } from '../core/point.ts';
import { startEngine } from '../embedded/engine.ts';
import { createWriter } from '../ingest/writer/writer.ts';
import { startInfluxd } from '../test/helpers/influxd.ts';

const [series = 4_000, minutes = 1_440] = process.argv.slice(2).map(Number);
const START = 1_760_000_000;
const EXCHANGES = 20;
/** InfluxDB writes its files out when it has not been written to for a while, and tidies them. */
const SETTLE_MS = 60_000;
const SPOOL_MINUTES = 60;
const LINE = /^price,exchange=(\w+),pair=(\w+) price=([\d.-]+),volume=([\d.-]+) /;

interface Server {
  readonly url: string;
  readonly token: string;
}

/** The same numbers at each run (a linear congruence of Numerical Recipes). */
let state = 1;
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

const cents = Array.from({ length: series }, () => Math.round(10 ** (1 + random() * 6)));
const volumes = cents.map(() => random() * 10_000);

function linesOf(minute: number): string {
  const lines = cents.map((_, n) => {
    if (random() < 0.6) cents[n]! += Math.round((random() - 0.5) * 10);
    if (random() < 0.6) volumes[n]! += (random() - 0.5) * 10;
    const price = (Math.abs(cents[n]!) / 100).toFixed(2);
    const tags = `exchange=exchange${n % EXCHANGES},pair=p${Math.floor(n / EXCHANGES)}usd`;
    return `price,${tags} price=${price},volume=${volumes[n]!.toFixed(4)} ${START + minute * 60}`;
  });
  return lines.join('\n');
}

async function fill({ url, token }: Server): Promise<void> {
  state = 1;
  const path = '/api/v2/write?org=tidemark&bucket=tidemark&precision=s';
  for (let minute = 0; minute < minutes; minute += 1) {
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: { authorization: `Token ${token}` },
      body: linesOf(minute),
    });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  }
}

/** What waits when InfluxDB is away: an hour of it. */
async function fillSpool(folder: string): Promise<void> {
  const away = new TidemarkError('unavailable', 'away');
  const writer = await createWriter({
    dir: folder,
    target: { write: () => Promise.reject(away) },
    clock: systemClock,
    random: Math.random,
    log: silentLog,
  });
  state = 1;
  for (let minute = 0; minute < SPOOL_MINUTES; minute += 1) {
    const points = linesOf(minute)
      .split('\n')
      .map((line) => pointOf(line, minute));
    await writer.accept(points);
  }
  await writer.close();
}

function pointOf(line: string, minute: number): Point {
  const [, exchange = '', pair = '', price = '', volume = ''] = LINE.exec(line) ?? [];
  return {
    measurement: 'price',
    tags: { exchange, pair },
    fields: { price: { floatText: price }, volume: { floatText: volume } },
    timeNs: BigInt(START + minute * 60) * 1_000_000_000n,
  };
}

function report(name: string, folder: string, points = series * minutes): void {
  const bytes = Number(execFileSync('du', ['-sb', folder], { encoding: 'utf8' }).split('\t')[0]);
  const each = (bytes / points).toFixed(1);
  console.log(`${name}: ${(bytes / 1e6).toFixed(1)} MB, ${each} bytes a point of two values`);
}

const dir = mkdtempSync(join(tmpdir(), 'tidemark-disk-'));
try {
  const names = { org: 'tidemark', bucket: 'tidemark', host: '127.0.0.1', port: 0 };
  const engine = await startEngine({ ...names, dir: join(dir, 'engine'), log: silentLog });
  await fill(engine);
  await engine.close();
  report('embedded', join(dir, 'engine'));

  await fillSpool(join(dir, 'spool'));
  report('spool', join(dir, 'spool'), series * SPOOL_MINUTES);

  const influxd = await startInfluxd({ dir: join(dir, 'influxd') });
  await fill(influxd);
  await delay(SETTLE_MS);
  await influxd.stop();
  report('InfluxDB, data', join(dir, 'influxd', 'engine', 'data'));
  report('InfluxDB, log of writes', join(dir, 'influxd', 'engine', 'wal'));
} finally {
  rmSync(dir, { recursive: true, force: true });
}

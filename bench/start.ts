/**
 * How long `tidemark start` takes with everything embedded, on the demo market: from the start of
 * the process to "is up" and to the first price row of a GET, with a new data directory and with
 * the one that a run has left (whose rows count too); then the memory of an idle one.
 * Usage: node dist/bench/start.js [seconds idle, default 60]
 */
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../core/clock.ts';
import { startDemoMarket } from '../demo/start.ts';
import { cpuSecondsOf, memoryBytesOf } from '../test/helpers/proc.ts';
import {
  type Settings,
  startTidemark,
  type Tidemark,
  withDataDir,
} from '../test/helpers/process.ts';
import { median } from './median.ts';

const RUNS = 3;
const LIMITS = { freshRow: 5, keptUp: 3, idleMb: 600 } as const;

/** Seconds since the process was started, and CPU seconds until the first row. */
interface Run {
  readonly up: number;
  readonly row: number;
  readonly cpu: number;
}

async function measured(settings: Settings): Promise<{ run: Run; tidemark: Tidemark }> {
  const beganMs = performance.now();
  const seconds = () => (performance.now() - beganMs) / 1_000;
  const tidemark = await startTidemark({ settings });
  const up = seconds();
  await firstRow(tidemark.url);
  // The share that other work of the machine has in a time shows in the CPU time beside it.
  return { run: { up, row: seconds(), cpu: cpuSecondsOf(tidemark.pid) }, tidemark };
}

async function firstRow(url: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/btcusd?duration=-24h`);
    const { prices = [] } = (await answer.json()) as { prices?: readonly unknown[] };
    if (prices.length > 0) return;
    await delay(10);
  }
}

const megabytes = (pid: number, kind: 'VmRSS' | 'VmHWM') => memoryBytesOf(pid, kind) / 1e6;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function report(name: string, runs: readonly Run[]): void {
  const column = (key: keyof Run) => {
    const values = runs.map((run) => run[key]);
    return `${median(values).toFixed(2)} s (${values.map((value) => value.toFixed(2)).join(', ')})`;
  };
  print(`${name}: up ${column('up')}, first row ${column('row')}, CPU ${column('cpu')}`);
}

const idleSeconds = Number(process.argv[2] ?? 60);
const market = await startDemoMarket({ port: 0, seed: 1, clock: systemClock });
const urls = Object.entries(market.urls);
const settings = {
  LOG_LEVEL: 'warn',
  EXCHANGES: Object.keys(market.urls).join(','),
  ...Object.fromEntries(urls.map(([id, url]) => [`EXCHANGE_${id.toUpperCase()}_URL`, url])),
};
print(`node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`);

async function startsIn(dirs: readonly string[]): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (const dir of dirs) {
    const { run, tidemark } = await measured({ ...settings, DATA_DIR: dir });
    await tidemark.kill('SIGTERM');
    runs.push(run);
  }
  return runs;
}

async function idleIn(dir: string): Promise<number> {
  const { tidemark } = await measured({ ...settings, DATA_DIR: dir });
  await delay(idleSeconds * 1_000);
  const [now, peak] = [megabytes(tidemark.pid, 'VmRSS'), megabytes(tidemark.pid, 'VmHWM')];
  await tidemark.kill('SIGTERM');
  print(`idle for ${idleSeconds} s: ${now.toFixed(0)} MB resident, ${peak.toFixed(0)} MB at most`);
  return now;
}

try {
  await withDataDir(async (root) => {
    const dirs = Array.from({ length: RUNS }, (_, n) => join(root, `${n}`));
    const fresh = await startsIn(dirs);
    report('new directory ', fresh);
    const kept = await startsIn(dirs);
    report('kept directory', kept);
    const idle = await idleIn(dirs[0] as string);
    const missed = [
      median(fresh.map(({ row }) => row)) > LIMITS.freshRow && 'first row of a new directory',
      median(kept.map(({ up }) => up)) > LIMITS.keptUp && 'up with a kept directory',
      idle > LIMITS.idleMb && 'memory',
    ].filter(Boolean);
    print(missed.length === 0 ? 'all within the limits' : `MISSED: ${missed.join(', ')}`);
  });
} finally {
  await market.close();
}

/**
 * One worker with many monitors against a server of its own process on loopback, on the embedded
 * PostgreSQL or a real one: missed slots, how late scans began, memory over time, CPU. Every scan
 * matches a pattern, and its point goes through a spool on disk.
 * Usage: node --expose-gc dist/bench/scans.js [pglite|postgres] [monitors] [interval s] [seconds]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock as clock } from '../core/clock.ts';
import { createLog } from '../core/log.ts';
import { createGate } from '../core/targets.ts';
import { openLedger } from '../ingest/scans/ledger.ts';
import { createProber } from '../ingest/scans/probe.ts';
import { startWorker, workerDefaults } from '../ingest/scans/worker.ts';
import type { WorkerMetrics } from '../ingest/scans/worker-metrics.ts';
import { createWriter } from '../ingest/writer/writer.ts';
import { addMonitors } from '../registry/monitors.ts';
import { openRegistry } from '../registry/open.ts';
import { newMonitor } from '../test/helpers/monitors.ts';
import { startPostgres } from '../test/helpers/registry.ts';
import { startTargetServer } from './target-server.ts';

const AIMS = { missed: 0, lateMs: 1_000 };
const STEP = 1_000;
const REPORTS = 10;
/** Until the first round of all monitors is over: all of them are new, and the code is cold. */
const WARM_INTERVALS = 1;

const kind = process.argv[2] ?? 'pglite';
const count = Number(process.argv[3] ?? 10_000);
const intervalMs = Number(process.argv[4] ?? 10) * 1_000;
const seconds = Number(process.argv[5] ?? 60);

const tally = { late: [] as number[], missed: 0, saved: 0, bad: 0, stale: 0, released: 0 };
const metrics: WorkerMetrics = {
  saved(reason) {
    tally.saved += 1;
    if (reason !== 'ok') tally.bad += 1;
  },
  stale: () => {
    tally.stale += 1;
  },
  broken: () => undefined,
  late: (value) => void tally.late.push(value * 1_000),
  missed: (slots) => {
    tally.missed += slots;
  },
  reprobed: () => undefined,
  released: (_, claims) => {
    tally.released += claims;
  },
  lapsed: () => undefined,
  adopted: () => undefined,
};

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;

function report(label: string, cpu: NodeJS.CpuUsage, tookS: number, blockedMs: number): void {
  globalThis.gc?.();
  const late = tally.late.toSorted((a, b) => a - b);
  const { rss, heapUsed, external } = process.memoryUsage();
  const parts = [
    `${label}: ${tally.saved} scans (${tally.bad} not ok), missed ${tally.missed}`,
    `stale ${tally.stale}, released ${tally.released}`,
    `late p50 ${at(late, 0.5).toFixed(0)} p99 ${at(late, 0.99).toFixed(0)} max ${at(late, 1).toFixed(0)} ms`,
    `CPU ${((cpu.user + cpu.system) / 1e6 / tookS).toFixed(2)}, loop blocked ${blockedMs.toFixed(0)} ms`,
    `rss ${Math.round(rss / 1e6)} MB, heap ${Math.round((heapUsed + external) / 1e6)} MB`,
    `load ${loadavg()[0]?.toFixed(1)}`,
  ];
  console.log(parts.join('; '));
}

function clear(): void {
  Object.assign(tally, { late: [], missed: 0, saved: 0, bad: 0, stale: 0, released: 0 });
}

const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-scans-'));
const log = createLog('warn');
const postgres = kind === 'postgres' ? await startPostgres() : undefined;
const databaseUrl = await postgres?.createDatabase();
const registry = await openRegistry({ databaseUrl, dataDir: dir, log });
const { port, child } = await startTargetServer();
const url = (n: number) => `http://127.0.0.1:${port}/${n}`;
for (let made = 0; made < count; made += STEP) {
  const size = Math.min(STEP, count - made);
  const regexp = 'price: (?P<price>[0-9.]+)';
  const more = { intervalMs, regexp };
  await addMonitors(
    registry,
    Array.from({ length: size }, (_, n) => newMonitor(url(made + n), more)),
  );
}
const gate = createGate({ allowPrivate: [`127.0.0.1:${port}`] });
const prober = createProber({ gate, clock, version: 'bench' });
const sink = await createWriter({
  dir: join(dir, 'spool'),
  target: { write: async () => ({ status: 204, text: '', headers: {} }) },
  ...{ clock, log, random: Math.random },
});
const { leaseMs } = workerDefaults;
const worker = { id: 'bench', host: 'bench', slots: 512, leaseMs };
const scans = startWorker({
  ledger: openLedger({ database: registry, worker, clock, timeoutMs: 15_000 }),
  ...{ prober, sink, clock, random: Math.random, log, metrics },
  limits: { hostConcurrency: 512 },
});
const delay = monitorEventLoopDelay({ resolution: 10 });
try {
  await clock.sleep(WARM_INTERVALS * intervalMs + 2_000);
  clear();
  const whole = { late: [] as number[], missed: 0, saved: 0 };
  const begin = { cpu: process.cpuUsage(), ms: clock.monotonicMs() };
  for (let part = 1; part <= REPORTS; part += 1) {
    const before = { cpu: process.cpuUsage(), ms: clock.monotonicMs() };
    delay.reset();
    delay.enable();
    await clock.sleep((seconds * 1_000) / REPORTS);
    delay.disable();
    const tookS = (clock.monotonicMs() - before.ms) / 1_000;
    report(`${part}`, process.cpuUsage(before.cpu), tookS, delay.max / 1e6);
    whole.late.push(...tally.late);
    whole.missed += tally.missed;
    whole.saved += tally.saved;
    clear();
  }
  Object.assign(tally, whole);
  const tookS = (clock.monotonicMs() - begin.ms) / 1_000;
  const wanted = Math.floor((tookS * 1_000 * count) / intervalMs);
  report(`all, ${wanted} slots on ${kind}`, process.cpuUsage(begin.cpu), tookS, delay.max / 1e6);
  const p99 = at(
    whole.late.toSorted((a, b) => a - b),
    0.99,
  );
  console.log(`missed: ${whole.missed} (aim ${AIMS.missed})`);
  console.log(`p99 late: ${p99.toFixed(0)} ms (aim below ${AIMS.lateMs})`);
} finally {
  await scans.close();
  await prober.close();
  await sink.close({ drainMs: 0 });
  await registry.close();
  await postgres?.stop();
  child.kill();
  await rm(dir, { recursive: true, force: true });
}

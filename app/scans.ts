import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ProbeResult } from '../api/contract.ts';
import { childAbort } from '../core/abort.ts';
import { systemClock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { version } from '../core/paths.ts';
import { createConnectivityCheck } from '../ingest/scans/connectivity.ts';
import { openLedger } from '../ingest/scans/ledger.ts';
import { createProber } from '../ingest/scans/probe.ts';
import {
  type ScanWorkers,
  startWorker,
  type WorkerState,
  workerDefaults,
} from '../ingest/scans/worker.ts';
import { createWorkerMetrics, showWorker } from '../ingest/scans/worker-metrics.ts';
import type { Listening } from '../registry/database.ts';
import { MONITORS_CHANNEL } from '../registry/monitors.ts';
import { scanLoad } from '../registry/scan-load.ts';
import { leaveAll } from '../registry/scans.ts';
import { createScanGate } from './scan-gate.ts';
import type { Base } from './start.ts';
import { openWriter } from './writer.ts';

/** A query that takes longer may have been carried out or not; shorter than two leases. */
const REGISTRY_MS_MAX = 15_000;
const LISTEN_AGAIN_MS = 5_000;
const LEASES_SILENT = 3;
const BEHIND_MS = 5_000;

/** Monitors that are due -> scans -> registry, writer -> InfluxDB. */
export async function startScans(base: Base): Promise<void> {
  const { config, log, metrics, parts, probes, registry } = base;
  // Leases and deadlines are of real time, whatever the clock of the polls.
  const clock = systemClock;
  const writer = await openWriter(base, { dir: 'spool-scans', prefix: 'scan_' });
  const prober = createProber({ gate: createScanGate({ ...base, clock }), clock, version });
  parts.add('prober', prober.close);
  const { scanConcurrency: slots, scanConnectivity: places } = config;
  const { leaseMs } = workerDefaults;
  const host = hostname();
  const worker = { id: `${host} ${process.pid} ${randomUUID()}`, host, slots, leaseMs };
  await leaveAll(registry);
  const scans = startWorker({
    ledger: openLedger({ database: registry, worker, clock, timeoutMs: REGISTRY_MS_MAX }),
    ...{ prober, sink: writer, clock, random: Math.random, log },
    metrics: createWorkerMetrics(metrics),
    limits: { concurrency: slots, hostConcurrency: config.scanHostConcurrency },
    ...(places.length > 0 && { checkConnectivity: createConnectivityCheck({ places, clock }) }),
  });
  parts.add('scans', () => scans.close());
  const hearing = hear(base, scans);
  parts.add('monitors', hearing.close);
  probes.push({ name: 'scans', check: async () => scansProbe(scans.state(), slots) });
  const due = async () => (await scanLoad(registry)).due;
  showWorker(metrics, () => scans.state(), due);
}

/** Wakes the worker when a monitor is made or changed. What is not heard is found soon after. */
function hear({ registry, log }: Base, scans: ScanWorkers): { close(): Promise<void> } {
  const ending = new AbortController();
  let listening: Listening | undefined;
  let nap = childAbort(undefined);
  const lost = (error: Error): void => {
    listening = undefined;
    log.debug({ error: error.message }, 'monitors are looked for, not heard of');
    nap.release();
  };
  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      nap = childAbort(ending.signal);
      try {
        listening ??= await registry.listen(MONITORS_CHANNEL, { heard: () => scans.wake(), lost });
      } catch (error) {
        log.debug({ error: messageOf(error) }, 'monitors are looked for, not heard of');
      }
      // Cut short by a connection that was lost, and by the end.
      await systemClock.sleep(LISTEN_AGAIN_MS, nap.signal).catch(() => undefined);
      nap.release();
    }
  };
  const running = run();
  return {
    async close() {
      ending.abort();
      await running;
      await listening?.close();
    },
  };
}

function scansProbe(state: WorkerState, slots: number): ProbeResult {
  const { sinceAnswerMs, registryError, spoolError, behindMs, waiting, unsaved } = state;
  const silent = (sinceAnswerMs ?? 0) > LEASES_SILENT * workerDefaults.leaseMs;
  if (registryError !== undefined || silent) {
    const reason = `no scans are claimed: ${registryError ?? 'the registry does not answer'}`;
    const fix = `${unsaved} results wait and are not lost; look after the registry's database`;
    return { ok: false, reason, fix };
  }
  if (spoolError !== undefined) {
    const fix = 'make room below DATA_DIR: results wait in the registry';
    return { ok: false, reason: `results cannot be written to disk: ${spoolError}`, fix };
  }
  if (behindMs > BEHIND_MS) {
    const seconds = Math.round(behindMs / 1000);
    const reason = `${waiting} scans wait, ${seconds} s by now, while all ${slots} places are taken`;
    const fix = 'start another worker (tidemark start --only scans), or raise SCAN_CONCURRENCY';
    return { ok: false, reason, fix };
  }
  return { ok: true };
}

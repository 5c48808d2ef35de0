import type { ProbeResult } from '../api/contract.ts';
import { systemClock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { version } from '../core/paths.ts';
import { createConnectivityCheck } from '../ingest/scans/connectivity.ts';
import { openLedger } from '../ingest/scans/ledger.ts';
import { createProber } from '../ingest/scans/probe.ts';
import { startWorker, type WorkerState, workerDefaults } from '../ingest/scans/worker.ts';
import { createWorkerMetrics, showWorker } from '../ingest/scans/worker-metrics.ts';
import { followChannel } from '../registry/follow.ts';
import { MONITORS_CHANNEL } from '../registry/monitors.ts';
import { scanLoad } from '../registry/scan-load.ts';
import { countWorkers, leaveAll } from '../registry/workers.ts';
import { showWorkers } from './levels.ts';
import { createScanGate } from './scan-gate.ts';
import type { Base } from './start.ts';
import { newWorkerId } from './worker-id.ts';
import { openWriter } from './writer.ts';

/** A query that takes longer may have been carried out or not; shorter than two leases. */
const REGISTRY_MS_MAX = 15_000;
const LISTEN_AGAIN_MS = 5_000;
const LEASES_SILENT = 3;
const BEHIND_MS = 5_000;

/** Monitors that are due -> scans -> registry, writer -> InfluxDB. */
export async function startScans(base: Base): Promise<void> {
  const { config, log, metrics, trace, parts, probes, registry } = base;
  // Leases and deadlines are of real time, whatever the clock of the polls.
  const clock = systemClock;
  const writer = await openWriter(base, { dir: 'spool-scans', prefix: 'scan_' });
  const prober = createProber({ gate: createScanGate({ ...base, clock }), clock, version });
  parts.add('prober', prober.close);
  const { scanConcurrency: slots, scanConnectivity: places } = config;
  const { leaseMs } = workerDefaults;
  const worker = { ...newWorkerId(), slots, leaseMs };
  await leaveAll(registry, 'scans');
  const scans = startWorker({
    ledger: openLedger({
      ...{ database: registry, worker, clock, timeoutMs: REGISTRY_MS_MAX },
      eventsKeptMs: config.eventsKeptMs,
    }),
    ...{ prober, sink: writer, clock, random: Math.random, log, trace },
    metrics: createWorkerMetrics(metrics),
    limits: { concurrency: slots, hostConcurrency: config.scanHostConcurrency },
    ...(places.length > 0 && { checkConnectivity: createConnectivityCheck({ places, clock }) }),
  });
  parts.add('scans', () => scans.close());
  // Woken when a monitor is made or changed; what is not heard is found soon after.
  const monitors = followChannel({
    ...{ database: registry, channel: MONITORS_CHANNEL, clock, everyMs: LISTEN_AGAIN_MS },
    round: (news) => {
      if (news) scans.wake();
    },
    failed: (error) =>
      log.debug({ error: messageOf(error) }, 'monitors are looked for, not heard of'),
  });
  parts.add('monitors', monitors.close);
  probes.push({ name: 'scans', check: async () => scansProbe(scans.state(), slots) });
  const due = async () => (await scanLoad(registry)).due;
  showWorker(metrics, () => scans.state(), due);
  showWorkers(metrics, 'scans', () => countWorkers(registry, 'scans'));
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

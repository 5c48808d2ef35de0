/**
 * Reading the scans of one monitor among many: a day (or more) of minutes of it, on each engine, in
 * CPU seconds of the engine's process. The others have a scan each `step` minutes of the same time:
 * what a read costs does not follow from how many points they have, but from its own.
 * Usage: node dist/bench/scan-reads.js [embedded|influxd|both] [monitors] [step] [days]
 */
import { loadavg } from 'node:os';
import { systemClock } from '../core/clock.ts';
import { createInflux } from '../core/influx/influx.ts';
import { createScanQueries } from '../flux/scan-queries.ts';
import { cpuSecondsOf } from '../test/helpers/proc.ts';
import { median } from './median.ts';
import { startServers } from './servers.ts';

const [which = 'both', count = '10000', step = '10', days = '1'] = process.argv.slice(2);
const MONITORS = Number(count);
const STEP = Number(step);
const SPAN_MS = 86_400_000 * Number(days);
const MINUTE_MS = 60_000;
const BATCH = 20_000;
const ROUNDS = 5;
const CHOSEN = Math.ceil(MONITORS / 2);
const startMs = Math.floor(systemClock.nowMs() / MINUTE_MS) * MINUTE_MS - SPAN_MS;

/** The line of one scan, as the workers write it; every 20th fails. */
function lineOf(monitor: number, slotMs: number): string {
  const minute = (slotMs - startMs) / MINUTE_MS;
  const took = 40 + ((monitor * 7 + minute * 13) % 90) + 0.125;
  const failed = (monitor + minute) % 20 === 0;
  const fields = failed
    ? 'ok=false,reason="timeout-connect",hops=0i,dns_ms=1.25,connect_ms=9998.5,total_ms=10000'
    : `ok=true,reason="ok",status=200i,bytes=5120i,wire_bytes=1290i,hops=0i,dns_ms=1.25,` +
      `connect_ms=9.5,tls_ms=21.75,ttfb_ms=${took / 2},transfer_ms=0.5,total_ms=${took},cert_days=61.5`;
  return `scan,monitor=${monitor} ${fields},late_ms=0.5 ${slotMs}000000`;
}

function* lines(): Generator<string> {
  for (let minute = 0; minute < SPAN_MS / MINUTE_MS; minute++) {
    const slotMs = startMs + minute * MINUTE_MS;
    yield lineOf(CHOSEN, slotMs);
    if (minute % STEP !== 0) continue;
    for (let monitor = 1; monitor <= MONITORS; monitor++) {
      if (monitor !== CHOSEN) yield lineOf(monitor, slotMs);
    }
  }
}

for (const server of await startServers(which)) {
  const influx = createInflux({ ...server, timeoutMs: 300_000, clock: systemClock });
  let batch: string[] = [];
  let written = 0;
  const flush = async () => {
    const answer = await influx.write(batch.join('\n'), { gzip: false });
    if (answer.status !== 204) throw new Error(answer.text);
    written += batch.length;
    batch = [];
  };
  for (const line of lines()) {
    batch.push(line);
    if (batch.length === BATCH) await flush();
  }
  await flush();
  const queries = createScanQueries({ bucket: server.bucket });
  const range = {
    monitor: String(CHOSEN),
    start: new Date(startMs).toISOString(),
    stop: new Date(startMs + SPAN_MS).toISOString(),
  };
  console.log(
    `${server.name}: ${written} scans of ${MONITORS} monitors; load ${loadavg()[0]?.toFixed(1)}`,
  );
  for (const [name, flux] of Object.entries({
    'scan-results': queries.results(range),
    'scan-results, 1 h': queries.results({
      ...range,
      start: new Date(startMs + SPAN_MS - 3_600_000).toISOString(),
    }),
    'scan-reasons, the whole': queries.reasons({ ...range, every: `${24 * Number(days)}h` }),
    'scan-reasons, in 288': queries.reasons({ ...range, every: `${5 * Number(days)}m` }),
    'scan-latency': queries.latency(range),
    'scan-latency-steps, in 288': queries.latencySteps({ ...range, every: `${5 * Number(days)}m` }),
  })) {
    const times: number[] = [];
    let rows = 0;
    const before = cpuSecondsOf(server.pid);
    for (let round = 0; round < ROUNDS; round++) {
      const beginMs = systemClock.monotonicMs();
      rows = 0;
      for await (const found of influx.queryRows(flux)) rows += found.rows.length;
      times.push(systemClock.monotonicMs() - beginMs);
    }
    const cpu = (cpuSecondsOf(server.pid) - before) / ROUNDS;
    console.log(
      `  ${name.padEnd(26)} ${String(rows).padStart(6)} rows  ${median(times).toFixed(0).padStart(6)} ms  ${cpu.toFixed(3)} CPU s`,
    );
  }
  await influx.close();
  await server.stop();
}

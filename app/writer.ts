import { join } from 'node:path';
import type { ProbeResult } from '../api/contract.ts';
import { isLoopback } from '../api/keys/auth.ts';
import type { Metrics } from '../core/metrics.ts';
import {
  createWriter,
  type Writer,
  type WriterMetrics,
  type WriterOptions,
} from '../ingest/writer/writer.ts';
import { showSpool } from './levels.ts';
import type { Base } from './start.ts';

export interface WriterPlace {
  /** Below the data directory; of this writer alone. */
  readonly dir: string;
  /** Of its part and its metrics, where it is not the only one: `scan_`. */
  readonly prefix?: string;
  readonly lateMs?: number;
  readonly onLate?: WriterOptions['onLate'];
}

/** A spool and the way from it into InfluxDB, with its probe and its metrics. */
export async function openWriter(
  { config, clock, log, metrics, trace, parts, probes, influx }: Base,
  { dir, prefix = '', lateMs, onLate }: WriterPlace,
): Promise<Writer> {
  const writer = await createWriter({
    dir: join(config.dataDir, dir),
    target: influx,
    limits: {
      spoolBytesMax: config.spoolBytesMax,
      ...(lateMs === undefined ? {} : { lateMs }),
      // The embedded engine reads one request at a time: two cost it two commits.
      ...(config.influxUrl === undefined ? { connections: 1 } : {}),
    },
    compress: !isLoopback(new URL(influx.url).hostname),
    clock,
    random: Math.random,
    log,
    metrics: writerMetrics(metrics, prefix),
    trace,
    ...(onLate === undefined ? {} : { onLate }),
  });
  const name = `${prefix}writer`;
  parts.add(name, () => writer.close());
  probes.push({ name, check: async () => writerProbe(writer) });
  showSpool(metrics, prefix, () => writer.stats());
  return writer;
}

function writerProbe(writer: Writer): ProbeResult {
  const { blockedReason, connected, lastError, spoolBytes, lostPoints } = writer.stats();
  if (blockedReason !== undefined) return { ok: false, reason: blockedReason };
  if (connected || lastError === undefined) return { ok: true };
  const reason = `InfluxDB does not take points (${lastError}); ${spoolBytes} bytes wait on disk`;
  const lost = `the spool is full: ${lostPoints} points are lost so far; see SPOOL_BYTES_MAX`;
  const fix = lostPoints > 0 ? lost : 'nothing is lost: they are sent when it is back';
  return { ok: false, reason, fix };
}

/** What a writer counts. */
export function writerMetrics(metrics: Metrics, prefix: string): WriterMetrics {
  const points = metrics.count({
    name: `${prefix}writer_points_total`,
    help: 'Points by what became of them',
    labels: ['outcome'],
  });
  const dead = metrics.count({
    name: `${prefix}writer_dead_letters_total`,
    help: 'Points put into the dead-letter file, by reason',
    labels: ['reason'],
  });
  const retries = metrics.count({
    name: `${prefix}writer_retries_total`,
    help: 'Batches that have to be sent again, by reason',
    labels: ['reason'],
  });
  return {
    accepted: (count) => points.add({ outcome: 'accepted' }, count),
    written: (count) => points.add({ outcome: 'written' }, count),
    refused: (count) => points.add({ outcome: 'refused' }, count),
    dead(count, reason) {
      points.add({ outcome: 'dead' }, count);
      dead.add({ reason }, count);
    },
    retried: (reason) => retries.add({ reason }),
  };
}
